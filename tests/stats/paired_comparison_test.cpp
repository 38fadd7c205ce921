#include "lehr/stats/paired_comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {
namespace {

using ::testing::HasSubstr;

const std::vector<double> x = {2.1, 3.4, 1.9, 5.6, 4.4, 3.8, 2.7, 6.1};
const std::vector<double> y = {1.7, 3.9, 1.2, 4.8, 4.1, 2.2, 2.9, 4.0};
const double missing = std::nan("");

// SciPy 1.10.1: stats.ttest_rel(x, y), stats.wilcoxon(round(d, 10)); the t interval from mpmath with 30 digits; the
// sign-flip p from enumerating the 2^8 patterns in Python.
TEST(PairedComparison, MatchesScipy) {
  const PairedComparison c = compare_paired(x, y);
  EXPECT_EQ(c.pairs, 8);
  EXPECT_NEAR(c.difference, 0.65, 1e-15);
  EXPECT_NEAR(c.difference / c.standard_error, 2.120872193064823, 1e-13);
  EXPECT_NEAR(c.t_p, 0.07162918626407849, 1e-14);
  EXPECT_NEAR(c.t_interval.low, -0.074704566621819498, 1e-13);
  EXPECT_NEAR(c.t_interval.high, 1.3747045666218195, 1e-13);
  EXPECT_NEAR(c.wilcoxon_p, 0.078125, 1e-15);
  EXPECT_NEAR(c.sign_flip_p, 0.078125, 1e-15);
  EXPECT_LT(c.bca_interval.low, 0.65);
  EXPECT_GT(c.bca_interval.high, 0.65);
}

TEST(PairedComparison, TurnsWithItsArms) {
  const PairedComparison forth = compare_paired(x, y), back = compare_paired(y, x);
  EXPECT_EQ(forth.difference, -back.difference);
  EXPECT_NEAR(forth.t_interval.low, -back.t_interval.high, 1e-15);
  EXPECT_EQ(forth.wilcoxon_p, back.wilcoxon_p);
  EXPECT_EQ(forth.sign_flip_p, back.sign_flip_p);
}

TEST(PairedComparison, NamesTheMissingValueOrDropsItsPair) {
  std::vector<double> holes = y;
  holes[2] = missing;
  holes[5] = std::numeric_limits<double>::infinity();
  try {
    compare_paired(x, holes);
    FAIL() << "accepted a missing value";
  } catch (const InvalidInput& error) {
    EXPECT_STREQ(error.what(), "comparison: value 3 of 8 of the second sample is missing (nan)");
  }
  const PairedComparison c = compare_paired(x, holes, {.missing = Missing::drop});
  const std::vector<double> kept_x = {2.1, 3.4, 5.6, 4.4, 2.7, 6.1}, kept_y = {1.7, 3.9, 4.8, 4.1, 2.9, 4.0};
  EXPECT_EQ(c.dropped, 2);
  EXPECT_EQ(c.pairs, 6);
  EXPECT_EQ(c.t_p, compare_paired(kept_x, kept_y).t_p);
  EXPECT_THAT(statement(c, "a", "b"), HasSubstr("paired over 6 seeds; 2 pairs without a value left out"));
}

TEST(PairedComparison, OneSeedHasNoUncertainty) {
  const PairedComparison c = compare_paired(std::vector<double>{1.25}, std::vector<double>{1.5});
  EXPECT_EQ(c.difference, -0.25);
  EXPECT_TRUE(std::isnan(c.standard_error));
  EXPECT_TRUE(std::isnan(c.t_p));
  EXPECT_TRUE(std::isnan(c.t_interval.low));
  EXPECT_EQ(c.sign_flip_p, 1);
  EXPECT_EQ(statement(c, "a", "b"), "a is lower than b by 0.25 (one seed: no uncertainty)");
}

TEST(PairedComparison, DifferencesWithoutVariation) {
  const std::vector<double> a = {0.1, 0.2, 0.3, 0.4}, b = {0.2, 0.3, 0.4, 0.5};  // equal up to rounding
  const PairedComparison c = compare_paired(a, b);
  EXPECT_EQ(c.standard_error, 0);
  EXPECT_TRUE(std::isnan(c.t_p));
  EXPECT_EQ(c.t_interval.low, c.difference);
  EXPECT_NEAR(c.sign_flip_p, 2.0 / 16, 1e-15);
  EXPECT_EQ(statement(c, "a", "b"), "a is lower than b by 0.1 in each of 4 seeds");
  const PairedComparison same = compare_paired(a, a);
  EXPECT_EQ(same.t_p, 1);
  EXPECT_EQ(same.sign_flip_p, 1);
  EXPECT_EQ(statement(same, "a", "b"), "a equals b in each of 4 seeds");
}

// Student's law and the random sign flips answer the same question here; 10,000 draws scatter by 0.0015 at p
// = 0.02.
TEST(PairedComparison, RandomSignFlipsAgreeWithStudent) {
  std::vector<double> a, b;
  Stream random(Seed{21}, lane("pairs"));
  for (int i = 0; i < 40; ++i) {
    const double common = 10 * normal(random);
    a.push_back(common + normal(random) - 0.55);
    b.push_back(common + normal(random));
  }
  const PairedComparison c = compare_paired(a, b);
  EXPECT_NEAR(c.sign_flip_p, c.t_p, 0.008);
  EXPECT_NEAR(c.wilcoxon_p, c.t_p, 0.03);
  EXPECT_GT(compare_unpaired(a, b).t_p, 0.5)
      << "what pairs share hides the difference from an unpaired comparison";
  EXPECT_NEAR(c.bca_interval.low, c.t_interval.low, 0.1);
  EXPECT_NEAR(c.bca_interval.high, c.t_interval.high, 0.1);
}

TEST(PairedComparison, DoesNotDependOnThreads) {
  std::vector<double> a, b;
  Stream random(Seed{22}, lane("pairs"));
  for (int i = 0; i < 30; ++i) a.push_back(normal(random)), b.push_back(normal(random));
  const int before = threads();
  set_threads(1);
  const PairedComparison one = compare_paired(a, b);
  set_threads(4);
  const PairedComparison four = compare_paired(a, b);
  set_threads(before);
  EXPECT_EQ(one.sign_flip_p, four.sign_flip_p);
  EXPECT_EQ(one.bca_interval.low, four.bca_interval.low);
}

// The sign-flip test is exact: under H0 it rejects at most as often as it says (0.1 +- 3.5 * 0.0095 of 1000).
TEST(PairedComparison, SignFlipsRejectAsOftenAsTheySay) {
  int rejected = 0;
  for (std::uint64_t repeat = 0; repeat < 1000; ++repeat) {
    Stream random(Seed{23}, lane("differences"), repeat);
    std::vector<double> d(10);
    for (double& value : d) value = exponential(random) - exponential(random);
    rejected += sign_flip_p(d, Seed{repeat}) <= 0.1 ? 1 : 0;
  }
  EXPECT_NEAR(rejected, 100, 3.5 * 9.5);
}

TEST(PairedComparison, StatesAClearDifference) {
  const PairedComparison c{.pairs = 20,
                           .difference = -0.12,
                           .standard_error = 0.03,
                           .confidence = 0.95,
                           .t_interval = {-0.183, -0.057},
                           .t_p = 0.00077};
  EXPECT_EQ(statement(c, "a", "b"),
            "a is lower than b by 0.120 ± 0.030 (95 % [0.057, 0.183], paired over 20 seeds, p = 0.00077)");
}

TEST(PairedComparison, StatesAnUnclearDifference) {
  const PairedComparison c{.pairs = 20,
                           .difference = 1234.5,
                           .standard_error = 2100,
                           .confidence = 0.9,
                           .t_interval = {-2397, 4866},
                           .t_p = 0.56};
  EXPECT_EQ(statement(c, "a", "b"),
            "a and b do not differ clearly: a - b = 1234 ± 2100 (90 % [-2397, 4866], paired over 20 seeds, p "
            "= 0.56)");
}

TEST(PairedComparison, StatesTinyNumbersWithExponents) {
  const PairedComparison c{.pairs = 9,
                           .difference = 3.217e-9,
                           .standard_error = 1.1e-10,
                           .confidence = 0.95,
                           .t_interval = {2.96e-9, 3.47e-9},
                           .t_p = 1e-9};
  EXPECT_EQ(statement(c, "a", "b"),
            "a is higher than b by 3.22e-09 ± 1.1e-10 (95 % [2.96e-09, 3.47e-09], paired over 9 seeds, p < "
            "0.0001)");
}

// stats.ttest_ind(x, y[:6], equal_var=False)
TEST(UnpairedComparison, MatchesScipy) {
  const UnpairedComparison c = compare_unpaired(x, std::span(y).first(6));
  EXPECT_NEAR(c.difference / c.standard_error, 0.943792228112252, 1e-13);
  EXPECT_NEAR(c.t_p, 0.3651621844070918, 1e-13);
  EXPECT_THAT(statement(c, "a", "b"), HasSubstr("a and b do not differ clearly"));
  EXPECT_THAT(statement(c, "a", "b"), HasSubstr("over 8 and 6 seeds"));
}

TEST(UnpairedComparison, OneValueAndNoVariation) {
  const std::vector<double> one = {3}, flat = {2, 2, 2}, flat_too = {5, 5};
  EXPECT_TRUE(std::isnan(compare_unpaired(one, x).standard_error));
  EXPECT_THAT(statement(compare_unpaired(one, x), "a", "b"), HasSubstr("no uncertainty from one seed"));
  const UnpairedComparison c = compare_unpaired(flat, flat_too);
  EXPECT_EQ(c.standard_error, 0);
  EXPECT_THAT(statement(c, "a", "b"), HasSubstr("a is lower than b by 3 (over 3 and 2 seeds: no variation"));
}

TEST(Comparison, RefusesBadInput) {
  const std::vector<double> none, one = {1}, nan = {missing};
  EXPECT_THROW(compare_paired(x, one), InvalidInput);
  EXPECT_THROW(compare_paired(none, none), InvalidInput);
  EXPECT_THROW(compare_paired(nan, one, {.missing = Missing::drop}), InvalidInput);
  EXPECT_THROW(compare_unpaired(nan, one, {.missing = Missing::drop}), InvalidInput);
  EXPECT_THROW(compare_unpaired(nan, one), InvalidInput);
  EXPECT_THROW(compare_paired(x, y, {.confidence = 1}), InvalidInput);
  EXPECT_THROW(compare_paired(x, y, {.replicates = 1}), InvalidInput);
  EXPECT_THROW(sign_flip_p(none, Seed{}), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
