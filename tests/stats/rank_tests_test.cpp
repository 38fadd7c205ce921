#include "lehr/stats/rank_tests.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

TEST(RankTests, TiesShareTheirMeanRank) {
  const std::vector<double> values = {3, 1, 3, 7, 3, 1};
  EXPECT_EQ(midranks(values), (std::vector<double>{4, 1.5, 4, 6, 4, 1.5}));
}

// Exact two-sided p by SciPy 1.10.1: stats.wilcoxon(d).pvalue; it reports the smaller rank sum, 5 of 36.
TEST(RankTests, SignedRankWithoutTiesMatchesScipy) {
  const std::vector<double> d = {0.4, -0.5, 0.7, 0.8, 0.3, 1.6, -0.2, 2.1};
  const RankTest test = wilcoxon_signed_rank(d);
  EXPECT_EQ(test.statistic, 36 - 5);
  EXPECT_TRUE(test.exact);
  EXPECT_NEAR(test.p, 0.078125, 1e-15);
}

// p from enumerating the 2^9 sign patterns of the midranks of the nonzero differences in Python.
TEST(RankTests, SignedRankWithTiesMatchesEnumeration) {
  const std::vector<double> d = {0.5, -0.5, 1, 1, 2, -1.5, 0, 2, 3, 2.5};
  const RankTest test = wilcoxon_signed_rank(d);
  EXPECT_EQ(test.statistic, 38.5);
  EXPECT_NEAR(test.p, 0.06640625, 1e-15);
}

// stats.wilcoxon(d, correction=True, mode='approx').pvalue; the positive sum is that of
// alternative='greater'.
TEST(RankTests, SignedRankOfManyMatchesScipy) {
  std::vector<double> d;
  for (int i = 0; i < 40; ++i) d.push_back((i * 37 % 61 - 22) / 4.0);
  const RankTest test = wilcoxon_signed_rank(d);
  EXPECT_FALSE(test.exact);
  EXPECT_EQ(test.statistic, 575.5);
  EXPECT_NEAR(test.p, 0.026548725076430756, 1e-14);
}

TEST(RankTests, SignedRankOfZerosIsOne) {
  EXPECT_EQ(wilcoxon_signed_rank(std::vector<double>{0, 0, 0}).p, 1);
  EXPECT_EQ(wilcoxon_signed_rank(std::vector<double>{2}).p, 1);
}

// stats.mannwhitneyu(a, b, method='exact')
TEST(RankTests, MannWhitneyWithoutTiesMatchesScipy) {
  const std::vector<double> a = {2.1, 3.4, 1.9, 5.6, 4.4, 3.8, 2.7, 6.1};
  const std::vector<double> b = {1.75, 3.95, 1.25, 4.85, 4.15, 2.25, 2.95};
  const RankTest test = mann_whitney(a, b);
  EXPECT_EQ(test.statistic, 35);
  EXPECT_TRUE(test.exact);
  EXPECT_NEAR(test.p, 0.46340326340326343, 1e-14);
}

// p from enumerating the C(13, 6) choices of midranks in Python.
TEST(RankTests, MannWhitneyWithTiesMatchesEnumeration) {
  const std::vector<double> a = {1, 2, 2, 3, 5, 5}, b = {2, 3, 3, 4, 6, 7, 7};
  EXPECT_NEAR(mann_whitney(a, b).p, 0.175990675990676, 1e-14);
  EXPECT_NEAR(mann_whitney(b, a).p, 0.175990675990676, 1e-14);
}

// stats.mannwhitneyu(a, b, method='asymptotic')
TEST(RankTests, MannWhitneyOfManyMatchesScipy) {
  std::vector<double> a, b;
  for (int i = 0; i < 30; ++i) a.push_back(i * 17 % 29 / 2.0);
  for (int i = 0; i < 28; ++i) b.push_back(i * 23 % 31 / 2.0 + 2);
  const RankTest test = mann_whitney(a, b);
  EXPECT_FALSE(test.exact);
  EXPECT_EQ(test.statistic, 287);
  EXPECT_NEAR(test.p, 0.03915989536784235, 1e-14);
}

TEST(RankTests, RefuseMissingValues) {
  const std::vector<double> none, some = {1, 2}, with_nan = {1, std::nan("")};
  EXPECT_THROW(wilcoxon_signed_rank(none), InvalidInput);
  EXPECT_THROW(wilcoxon_signed_rank(with_nan), InvalidInput);
  EXPECT_THROW(mann_whitney(some, none), InvalidInput);
  EXPECT_THROW(mann_whitney(with_nan, some), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
