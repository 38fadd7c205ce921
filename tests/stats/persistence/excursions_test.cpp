#include "lehr/stats/persistence/excursions.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

TEST(Excursions, AreMeasuredBetweenInterpolatedCrossings) {
  const std::vector<double> series{-1, 1, 3, -1, -2, 2, 1};
  Excursions excursions;
  append_excursions(series, 0.5, 0, excursions);
  // Crossings at 0.25, 1.375, 2.25; the record ends at 3.
  ASSERT_EQ(excursions.above.size(), 1u);
  EXPECT_DOUBLE_EQ(excursions.above[0], 1.125);
  ASSERT_EQ(excursions.below.size(), 1u);
  EXPECT_DOUBLE_EQ(excursions.below[0], 0.875);
  EXPECT_TRUE(excursions.censored_below.empty());
  ASSERT_EQ(excursions.censored_above.size(), 1u);
  EXPECT_DOUBLE_EQ(excursions.censored_above[0], 0.75);
  EXPECT_EQ(excursions.crossings, 3);
  EXPECT_DOUBLE_EQ(excursions.duration, 3);

  // Level 2.5 is crossed twice, around the peak.
  Excursions high;
  append_excursions(series, 0.5, 2.5, high);
  EXPECT_EQ(high.above.size(), 1u);
  EXPECT_EQ(high.crossings, 2);

  // Only those that begin before 1.
  Excursions early;
  append_excursions(series, 0.5, 0, early, 1.0);
  EXPECT_EQ(early.above.size(), 1u);
  EXPECT_TRUE(early.below.empty() && early.censored_above.empty());
  EXPECT_THROW(append_excursions(series, 0, 0, early), InvalidInput);
}

// The remission times of E. Gehan (1965), 6-MP group; survival and errors as R's survival package prints
// them.
TEST(Excursions, ProductLimitOfGehansData) {
  const std::vector<double> complete{6, 6, 6, 7, 10, 13, 16, 22, 23};
  const std::vector<double> censored{6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35};
  const SurvivalCurve curve = product_limit(complete, censored);
  EXPECT_EQ(curve.time, (std::vector<double>{6, 7, 10, 13, 16, 22, 23}));
  const double survival[] = {0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482};
  const double error[] = {0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346};
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_NEAR(curve.survival[i], survival[i], 5e-5);
    EXPECT_NEAR(curve.standard_error[i], error[i], 5e-5);
  }
  EXPECT_EQ(curve.at(5.9), 1);
  EXPECT_EQ(curve.at(6), curve.survival[0]);
  EXPECT_EQ(curve.at(100), curve.survival[6]);
  EXPECT_EQ(curve.error_at(100), curve.standard_error[6]);
  EXPECT_THROW(product_limit({}, censored), InvalidInput);
}

TEST(Excursions, TailRateCountsTheTimeBeyond) {
  const std::vector<double> complete{1, 2, 4, 5}, censored{3, 1};
  const TailRate tail = tail_rate(complete, censored, 2);
  EXPECT_EQ(tail.count, 2);
  EXPECT_DOUBLE_EQ(tail.rate, 2.0 / (2 + 3 + 1));
  EXPECT_DOUBLE_EQ(tail.standard_error, tail.rate / std::sqrt(2));
  EXPECT_TRUE(std::isnan(tail_rate(complete, censored, 10).rate));
}

}  // namespace
}  // namespace lehr::stats
