// The Schroedinger bridge by optimising the interpolant, against its closed form.
#include "lehr/diffusion/interpolant/interpolant_bridge.hpp"

#include "lehr/core/errors.hpp"
#include "tests/diffusion/interpolant/laws.hpp"

namespace lehr::diffusion {
namespace {

struct Case {
  double s0, s1, epsilon, energy, first;  // deviations, the energies of the bridge and of linear + brownian
};
const Case cases[] = {
    {1, 2, 0.5, 0.431214, 0.9245}, {0.5, 1.5, 1, 0, 0.3372}, {1, 1, 0.25, 0.062180, 0.1687}};

// From 0.25 to 2.25 at epsilon 1 the reference itself is the bridge, at no energy.
TEST(InterpolantBridge, GaussianEnergyAndVarianceEqualTheClosedForm) {
  for (const Case& c : cases) {
    const GaussianEnds ends{.variance0 = c.s0 * c.s0, .variance1 = c.s1 * c.s1};
    const BridgeFit fit = gaussian_bridge(ends, c.epsilon);
    EXPECT_NEAR(fit.kinetic, fit.exact_kinetic, 1e-4);
    EXPECT_NEAR(fit.kinetic, c.energy, 2e-6);
    EXPECT_NEAR(fit.first_kinetic, c.first, 1e-4);
    const Interpolant path = bridge_interpolant(fit.coefficients);
    for (int i = 0; i <= 40; ++i) {
      const double t = i / 40.0, exact = gaussian_bridge_variance(ends, c.epsilon, t);
      const PathPoint p = path.at(t);
      const double v =
          p.alpha * p.alpha * ends.variance0 + p.beta * p.beta * ends.variance1 + p.gamma * p.gamma;
      EXPECT_NEAR(v / exact, 1, 1e-3) << c.s0 << " " << t;
    }
  }
}

TEST(InterpolantBridge, TheReferenceItselfCostsNothing) {
  const GaussianEnds ends{.variance0 = 0.25, .variance1 = 2.25};
  EXPECT_NEAR(gaussian_bridge_energy(ends, 1), 0, 1e-12);
  EXPECT_NEAR(gaussian_bridge(ends, 1).kinetic, 0, 1e-8);
}

TEST(InterpolantBridge, MeansTravelStraight) {
  const GaussianEnds ends{.mean0 = -1, .variance0 = 1, .mean1 = 2, .variance1 = 4};
  const BridgeFit fit = gaussian_bridge(ends, 0.5);
  EXPECT_NEAR(fit.kinetic, 9 + 0.431214, 1e-4);
  const PathPoint p = bridge_interpolant(fit.coefficients).at(0.3);
  EXPECT_NEAR(p.alpha * -1 + p.beta * 2, -0.1, 2e-3);
}

// The energy over fixed draws agrees with the quadrature (4 standard errors of 4000 draws: 8 %), and optimising it lowers the energy
// of mixtures as seen by draws that were not optimised over.
TEST(InterpolantBridge, MixturesByDraws) {
  stats::GaussianMixture wide = standard_normal(1);
  wide.covariances(0, 0) = 4;
  const GaussianEnds ends{.variance0 = 1, .variance1 = 4};
  const Interpolant best = bridge_interpolant(gaussian_bridge(ends, 0.5).coefficients);
  EXPECT_NEAR(mixture_energy(standard_normal(1), wide, best, {.epsilon = 0.5, .draws = 4000}, {5}) /
                  gaussian_bridge_energy(ends, 0.5),
              1, 0.1);
  const MixtureBridgeOptions options{.epsilon = 0.5, .draws = 200, .times = 12, .iterations = 25};
  const BridgeFit fit = mixture_bridge(two_bumps(), three_bumps(), options, {5});
  EXPECT_LT(fit.kinetic, 0.98 * fit.first_kinetic);
  const MixtureBridgeOptions other{.epsilon = 0.5, .draws = 4000, .times = 24};
  EXPECT_LT(mixture_energy(two_bumps(), three_bumps(), bridge_interpolant(fit.coefficients), other, {6}),
            0.98 * mixture_energy(two_bumps(), three_bumps(), Interpolant(), other, {6}));
}

TEST(InterpolantBridge, RefusesWhatCannotBe) {
  EXPECT_THROW(gaussian_bridge({}, 0), InvalidInput);
  EXPECT_THROW(gaussian_bridge({.variance0 = -1}, 1), InvalidInput);
  EXPECT_THROW(bridge_interpolant(Eigen::VectorXd::Zero(5)), InvalidInput);
}

}  // namespace
}  // namespace lehr::diffusion
