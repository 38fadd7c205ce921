#include "lehr/spin/time_to_solution.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"

namespace lehr::spin {
namespace {

TEST(TimeToSolution, IsTheFormulaOfTheField) {
  // ln(0.01) / ln(0.5) = 6.643856...
  EXPECT_NEAR(reads_to_solution(0.5), 6.6438561897747, 1e-12);
  EXPECT_EQ(reads_to_solution(0.995), 1);
  EXPECT_TRUE(std::isinf(reads_to_solution(0)));
  const Interval half = time_to_solution(1000, 5000, 10000);
  EXPECT_NEAR(half.value, 6643.9, 5);
  EXPECT_LT(half.low, half.value);
  EXPECT_GT(half.high, half.value);
}

TEST(TimeToSolution, BoundsWhatNoReadAndWhatEveryReadFound) {
  const Interval none = time_to_solution(10, 0, 100);
  EXPECT_TRUE(std::isinf(none.value));
  EXPECT_TRUE(std::isinf(none.high));
  EXPECT_GT(none.low, 10);
  const Interval all = time_to_solution(10, 100, 100);
  EXPECT_EQ(all.low, 10);
  EXPECT_GE(all.high, 10);
  EXPECT_THROW(success_probability(3, 2), InvalidInput);
}

// The interval's coverage over binomial draws; 2000 repeats, standard error 0.5 %.
TEST(TimeToSolution, IntervalsCoverTheTruth) {
  Stream random(Seed{1}, lane("test.binomial"));
  for (const double p : {0.05, 0.3, 0.9}) {
    int covered = 0;
    for (int repeat = 0; repeat < 2000; ++repeat) {
      std::int64_t hits = 0;
      for (int read = 0; read < 200; ++read) hits += uniform(random) < p;
      const Interval interval = success_probability(hits, 200);
      covered += interval.low <= p && p <= interval.high;
    }
    EXPECT_NEAR(covered / 2000.0, 0.95, 0.02) << p;
  }
}

TEST(TimeToSolution, UnseenStatesAreRare) {
  // With 128 reads, what is met with probability 0.0231 is missed by all of them once in twenty times.
  EXPECT_NEAR(std::pow(1 - unseen_probability(128), 128), 0.05, 1e-12);
}

}  // namespace
}  // namespace lehr::spin
