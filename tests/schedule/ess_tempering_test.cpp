#include "lehr/schedule/ess_tempering.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "lehr/core/random.hpp"

namespace lehr::schedule {
namespace {

static_assert(Controller<EssTempering>);
constexpr double infinity = std::numeric_limits<double>::infinity();

// Two particles of log-likelihoods 0 and -1: ESS / N = (1 + q)^2 / (2 (1 + q^2)) with q = exp(-step).
TEST(EssTempering, TwoParticlesByHand) {
  const std::vector<double> l{0, -1};
  const double q = std::exp(-0.7);
  EXPECT_NEAR(incremental_ess(l, {}, 0.7), (1 + q) * (1 + q) / (2 * (1 + q * q)), 1e-15);
  // ESS / N = 0.9 at q^2 - 2.5 q + 1 = 0, q = 0.5: step log 2.
  EssTempering temper({.target = 0.9});
  temper.observe(l);
  EXPECT_NEAR(temper.value(), std::log(2.0), 1e-14);
  EXPECT_FALSE(temper.finished());
  temper.observe(l);
  EXPECT_EQ(temper.value(), 1);
  EXPECT_TRUE(temper.finished());
}

// Gaussian prior N(0, 1) and log-likelihood -x^2 tau / 2: for many particles the ladder has a closed form,
// ESS / N = sqrt(a (a + 2 d)) / (a + d) with precision a = 1 + b tau and d = tau (b' - b).
TEST(EssTempering, LadderOfAGaussian) {
  const double tau = 50, target = 0.5;
  const int particles = 200'000;
  Stream random(Seed{6}, lane("particles"));
  EssTempering temper({.target = target});
  double exact = 0;
  for (int rung = 0; rung < 4; ++rung) {
    const double a = 1 + exact * tau;
    // target^2 (a + d)^2 = a^2 + 2 a d has the root d = a (1 - t + sqrt(1 - t)) / t with t = target^2.
    const double t = target * target;
    exact = std::min(1.0, exact + a * (1 - t + std::sqrt(1 - t)) / t / tau);
    std::vector<double> l(particles);
    const double sd = 1 / std::sqrt(1 + temper.value() * tau);
    for (double& value : l) value = -tau / 2 * std::pow(sd * normal(random), 2);
    const double before = temper.value();
    temper.observe(l);
    EXPECT_NEAR(temper.value(), exact, 0.03 * exact) << "rung " << rung;
    if (!temper.finished()) {  // the target is hit to the last bit
      EXPECT_NEAR(incremental_ess(l, {}, temper.value() - before), target, 1e-12);
    }
  }
  EXPECT_TRUE(temper.finished());
}

TEST(EssTempering, WeightsCount) {
  const std::vector<double> l{0, -1, -5}, weights{0, 0, -infinity};
  EssTempering weighted({.target = 0.9}), plain({.target = 0.9});
  weighted.observe(l, weights);
  plain.observe(std::vector<double>{0, -1});
  EXPECT_EQ(weighted.value(), plain.value());
  // Log-weights log 3 and 0: conditional ESS / N = (3 + q)^2 / (4 (3 + q^2)).
  const double q = std::exp(-2.0);
  EXPECT_NEAR(incremental_ess(std::vector<double>{0, -1}, std::vector<double>{std::log(3.0), 0}, 2),
              (3 + q) * (3 + q) / (4 * (3 + q * q)), 1e-15);
}

TEST(EssTempering, LostParticlesAndOtherRanges) {
  EssTempering temper({.target = 0.9});
  temper.observe(std::vector<double>{0, -infinity, -1});
  EXPECT_NEAR(temper.value(), std::log(2.0), 1e-14);
  EssTempering population({.target = 0.9, .from = 2, .to = 30});
  population.observe(std::vector<double>{-1000, -1001});
  EXPECT_NEAR(population.value(), 2 + std::log(2.0), 1e-13);
  population.observe(std::vector<double>{5, 5, 5});
  EXPECT_EQ(population.value(), 30);
  EXPECT_THROW(temper.observe(std::vector<double>{-infinity}), NumericalFailure);
  EXPECT_THROW(temper.observe(std::vector<double>{0, std::nan("")}), NumericalFailure);
  EXPECT_THROW(temper.observe(std::vector<double>{0, 1}, std::vector<double>{0}), InvalidInput);
  EXPECT_THROW(EssTempering({.from = 1, .to = 1}), InvalidInput);
}

}  // namespace
}  // namespace lehr::schedule
