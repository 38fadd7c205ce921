#include "lehr/sample/score_calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"

namespace lehr::sample {
namespace {

double odds_to_probability(double l) { return 1 / (1 + std::exp(-l)); }

// Outcomes drawn with log-odds a l + b.
std::vector<ScoredPrefix> drawn(double a, double b, int groups, int of_a_group, std::uint64_t seed) {
  Stream random(Seed{seed}, 0);
  std::vector<ScoredPrefix> prefixes;
  for (int g = 0; g < groups; ++g)
    for (int k = 0; k < of_a_group; ++k) {
      const double l = 2 * normal(random);
      prefixes.push_back({l, uniform(random) < odds_to_probability(a * l + b) ? 1.0 : 0.0, g});
    }
  return prefixes;
}

TEST(ScoreCalibration, FindsTheSlopeOfOverconfidentScores) {
  for (const double a : {1.0, 0.3}) {
    const ScoreCalibration found = calibrate(drawn(a, 0.5, 2000, 2, 1));
    EXPECT_LT(std::abs(found.slope - a), 4 * found.slope_error);
    EXPECT_LT(found.slope_error, 0.05);
    EXPECT_NEAR(found.intercept, 0.5, 0.2);
  }
}

// The error that one sample gives is the spread over samples, also where every draw is there five times.
TEST(ScoreCalibration, ErrorsAreByGroups) {
  double sum = 0, squares = 0, error = 0;
  const int trials = 200;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<ScoredPrefix> prefixes;
    for (const ScoredPrefix& prefix : drawn(0.7, 0, 300, 1, static_cast<std::uint64_t>(trial + 1)))
      prefixes.insert(prefixes.end(), 5, prefix);
    const ScoreCalibration found = calibrate(prefixes);
    sum += found.slope, squares += found.slope * found.slope, error += found.slope_error / trials;
  }
  const double deviation = std::sqrt((squares - sum * sum / trials) / (trials - 1));
  EXPECT_NEAR(error, deviation, 0.2 * deviation);
}

TEST(ScoreCalibration, BinsHoldWhatWasPredictedAndWhatCame) {
  const std::vector<ScoredPrefix> prefixes{{-1, 0, 0}, {-1, 1, 1}, {2, 1, 2}, {2, 1, 3}, {NAN, 1, 4}};
  const ScoreCalibration found = calibrate(prefixes, 2);
  ASSERT_EQ(found.bins.size(), 2U);
  EXPECT_NEAR(found.bins[0].predicted, odds_to_probability(-1), 1e-15);
  EXPECT_EQ(found.bins[0].observed, 0.5);
  EXPECT_NEAR(found.bins[0].error, std::sqrt(0.5) / 2, 1e-15);
  EXPECT_EQ(found.bins[1].observed, 1);
  EXPECT_EQ(found.bins[1].error, 0);
  const double p = odds_to_probability(-1), q = odds_to_probability(2);
  EXPECT_NEAR(found.brier, (p * p + (1 - p) * (1 - p) + 2 * (1 - q) * (1 - q)) / 4, 1e-15);
}

TEST(ScoreCalibration, WithoutVariationThereIsNoSlope) {
  EXPECT_TRUE(std::isnan(calibrate(std::vector<ScoredPrefix>{{1, 1, 0}, {2, 1, 1}}).slope));
  EXPECT_TRUE(std::isnan(calibrate(std::vector<ScoredPrefix>{{1, 1, 0}, {1, 0, 1}}).slope));
  // Separated outcomes have a slope without bound.
  EXPECT_TRUE(std::isnan(calibrate(std::vector<ScoredPrefix>{{1, 0, 0}, {2, 1, 1}}).slope));
  EXPECT_THROW(calibrate(std::vector<ScoredPrefix>{{NAN, 1, 0}}), InvalidInput);
  EXPECT_THROW(calibrate(std::vector<ScoredPrefix>{{1, 2, 0}}), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
