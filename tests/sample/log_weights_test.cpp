#include "lehr/sample/log_weights.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

constexpr double zero = -std::numeric_limits<double>::infinity();

TEST(LogWeights, SoftmaxIsInvariantToAFactorOfAnySize) {
  const std::vector<double> small{0, std::log(3.0), zero}, large{5000, 5000 + std::log(3.0), zero};
  std::vector<double> p(3);
  EXPECT_NEAR(softmax(small, 1, p), std::log(4.0), 1e-15);
  EXPECT_NEAR(p[0], 0.25, 1e-16);
  EXPECT_EQ(p[2], 0);
  EXPECT_NEAR(softmax(large, 1, p), 5000 + std::log(4.0), 1e-11);
  EXPECT_NEAR(p[1], 0.75, 1e-12);
  // Odds 1 : 3 become 1 : sqrt 3 at temperature 2.
  EXPECT_NEAR(softmax(small, 2)[1], std::sqrt(3) / (1 + std::sqrt(3)), 1e-15);
  EXPECT_NEAR(softmax(small, std::numeric_limits<double>::infinity())[1], 0.5, 1e-15);
}

TEST(LogWeights, SoftmaxRefusesWhatHasNoMeaning) {
  EXPECT_THROW(softmax(std::vector<double>{0, NAN}), NumericalFailure);
  EXPECT_THROW(softmax(std::vector<double>{0, -zero}), NumericalFailure);
  EXPECT_NE(test::message_of<NumericalFailure>([] {
              softmax(std::vector<double>{zero, zero});
            }).find("all 2"),
            std::string::npos);
}

TEST(LogWeights, EffectiveSizeAndEntropyAtTheirEnds) {
  const std::vector<double> equal(10, 0.1), one{1, 0, 0}, alone{1};
  EXPECT_NEAR(effective_sample_size(equal), 10, 1e-12);
  EXPECT_NEAR(normalised_entropy(equal), 1, 1e-12);
  EXPECT_EQ(effective_sample_size(one), 1);
  EXPECT_EQ(normalised_entropy(one), 0);
  EXPECT_EQ(normalised_entropy(alone), 1);
  const std::vector<double> half{0.5, 0.25, 0.25};
  EXPECT_NEAR(effective_sample_size(half), 1 / 0.375, 1e-12);
  EXPECT_NEAR(normalised_entropy(half), 1.5 * std::log(2) / std::log(3), 1e-12);
}

// Of random weights on any scale: the share asked for is met to 1e-6, or the temperature is 1.
TEST(LogWeights, SolvedTemperatureMeetsItsShare) {
  Stream random(Seed{3}, 0);
  int tempered = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const auto count = static_cast<std::size_t>(2 + uniform_index(random, 200));
    const double scale = std::exp(4 * normal(random)), share = 0.05 + 0.9 * uniform(random);
    std::vector<double> log_weights(count);
    for (double& l : log_weights) l = scale * normal(random) - 1000;
    const double temperature = temperature_for_ess(log_weights, share);
    const auto rho = [&](double t) {
      return effective_sample_size(softmax(log_weights, t)) / static_cast<double>(count);
    };
    ASSERT_GE(temperature, 1);
    if (temperature == 1) {
      EXPECT_GE(rho(1), share - 1e-12);
      continue;
    }
    ++tempered;
    EXPECT_NEAR(rho(temperature), share, 1e-6);
    EXPECT_LT(rho(0.99 * temperature), share);
  }
  EXPECT_GT(tempered, 500);
}

TEST(LogWeights, WeightsOfZeroCountAsParticles) {
  const std::vector<double> half{0, -3, zero, zero};
  EXPECT_NEAR(effective_sample_size(softmax(half, temperature_for_ess(half, 0.4))), 1.6, 1e-6);
  EXPECT_EQ(temperature_for_ess(half, 0.5), flattest_temperature);
  EXPECT_EQ(temperature_for_ess(half, 0), 1);
  EXPECT_NEAR(effective_sample_size(softmax(half, flattest_temperature)), 2, 1e-6);
}

TEST(LogWeights, LogitIsClipped) {
  EXPECT_NEAR(clipped_logit(0.75), std::log(3.0), 1e-15);
  EXPECT_NEAR(clipped_logit(0), -clipped_logit(1), 1e-8);
  EXPECT_NEAR(clipped_logit(1), std::log((1 - 1e-7) / 1e-7), 1e-8);
}

TEST(LogWeights, LogOfAMeanWithItsJackknifeError) {
  const std::vector<double> logs{std::log(1.0), std::log(2.0), std::log(6.0)};
  const LogMean mean = log_mean_exp(logs);
  EXPECT_NEAR(mean.value, std::log(3.0), 1e-14);
  // ln of the means without one: ln 4, ln 3.5, ln 1.5.
  const double a = std::log(4.0), b = std::log(3.5), c = std::log(1.5), m = (a + b + c) / 3;
  EXPECT_NEAR(mean.standard_error,
              std::sqrt(2.0 / 3 * ((a - m) * (a - m) + (b - m) * (b - m) + (c - m) * (c - m))), 1e-13);
  EXPECT_TRUE(std::isnan(log_mean_exp(std::vector<double>{1}).standard_error));
}

}  // namespace
}  // namespace lehr::sample
