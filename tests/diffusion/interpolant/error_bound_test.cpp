// The paper's theorem: an error in the drift is bounded in Kullback-Leibler divergence for the SDE, not for the ODE.
#include "lehr/diffusion/interpolant/transport_checks.hpp"
#include "tests/diffusion/interpolant/laws.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;

constexpr double amplitude = 0.5;

double ode_kl(const MixtureTransport& transport, double frequency, Eigen::Index points, std::int64_t steps) {
  const MatrixXd x = draw_mixture(transport.to(), points, {21}, 1);
  const TransportState end =
      run_ode(perturbed(transport.field(), amplitude, frequency), x,
              {.grid = {.steps = steps, .direction = Direction::backward}, .likelihood = true});
  return mean_with_error(log_density(transport.to(), x) - log_density(transport.from(), end.points) +
                         end.divergence)
      .value;
}

double sde_kl(const MixtureTransport& transport, double frequency, double epsilon, Eigen::Index paths,
              std::int64_t steps, int bins) {
  const MatrixXd start = draw_mixture(transport.from(), paths, {22}, 1);
  const MatrixXd end = run_sde(perturbed(transport.field(), amplitude, frequency), start,
                               {.grid = {.steps = steps}, .epsilon = epsilon})
                           .points;
  return histogram_kl(transport.to(), {end.data(), static_cast<std::size_t>(end.size())}, -5, 5, bins);
}

// The histogram's bias is (bins + 1) / 2n; `slack` is that and two standard errors (its standard deviation is sqrt(bins / 2) / n).
void theorem(Eigen::Index paths, std::int64_t steps, int bins, const std::vector<double>& epsilons,
             const std::vector<double>& frequencies, double slack) {
  const MixtureTransport transport = between(standard_normal(1), close_bumps());
  std::vector<double> ode, sde;
  for (const double frequency : frequencies) {
    ode.push_back(ode_kl(transport, frequency, 4000, 400));
    for (const double epsilon : epsilons) {
      const Estimate bound = perturbation_bound(transport, amplitude, frequency, epsilon, 100000, {23});
      const double kl = sde_kl(transport, frequency, epsilon, paths, steps, bins);
      EXPECT_LE(kl, bound.value + slack) << frequency << " " << epsilon;
      if (epsilon == 0.25) sde.push_back(kl);
      if (epsilon == 0.25 && frequency == 40) {
        EXPECT_NEAR(bound.value, 0.125, 0.002);
        EXPECT_GE(ode.back(), 10 * bound.value);
      }
    }
  }
  for (std::size_t i = 1; i < frequencies.size(); ++i) {
    if (frequencies[i - 1] >= 4) {
      EXPECT_GT(ode[i], ode[i - 1]) << frequencies[i];
    }
    EXPECT_LT(sde[i], sde[i - 1] + slack) << frequencies[i];
  }
  EXPECT_LT(sde.back(), 0.1 * sde.front() + slack);
}

TEST(InterpolantErrorBound, HoldsForTheSdeAndNotForTheOde) {
  theorem(20000, 500, 50, {0.25, 4}, {1, 10, 40}, 0.003);
}
TEST(InterpolantErrorBoundSlow, HoldsForTheSdeAndNotForTheOde) {
  theorem(100000, 1000, 200, {0.25, 1, 4}, {1, 4, 10, 20, 40}, 0.003);
}

TEST(InterpolantErrorBound, HistogramOfTrueDrawsHasItsBias) {
  const MatrixXd x = draw_mixture(close_bumps(), 100000, {24}, 1);
  const double kl = histogram_kl(close_bumps(), {x.data(), 100000}, -5, 5, 200);
  EXPECT_NEAR(kl, 200.0 / 200000, 4 * std::sqrt(100.0) / 100000);  // chi-square / 2n
  EXPECT_NEAR(mixture_cdf(close_bumps(), mixture_quantile(close_bumps(), 0.2)), 0.2, 1e-12);
}

}  // namespace
}  // namespace lehr::diffusion
