// Rank tests, which assume no shape of the values' distribution: Wilcoxon's signed-rank test for pairs and
// the Mann-Whitney test for two samples. Tied values get the mean of their ranks.
//
//   signed-rank   W+ = sum of the ranks of |d_i| over the positive differences d_i; zero differences are left
//   out Mann-Whitney  U = sum of a's ranks in the joint sample - n_a (n_a + 1) / 2
//
// Two-sided p-values: exact, by counting the arrangements of the (possibly tied) ranks, for at most 25
// differences or 50 values in both samples; otherwise from the normal law with the variance corrected for
// ties and a continuity correction of 1/2. Cost O(n^3) and O(n^4) when exact. Sources: F. Wilcoxon, 1945; H.
// Mann and D. Whitney, 1947; M. Hollander, D. Wolfe and E. Chicken, "Nonparametric statistical methods",
// 2014, sections 3.1 and 4.1.
#pragma once

#include <span>
#include <vector>

namespace lehr::stats {

struct RankTest {
  double statistic;
  double p;
  bool exact;
};

// The ranks 1..n of the values, ties sharing their mean rank. Throws InvalidInput for a NaN.
std::vector<double> midranks(std::span<const double> values);

// H0: the differences are symmetric about 0. p = 1 when all differences are 0. Throws InvalidInput for no
// values or NaN.
RankTest wilcoxon_signed_rank(std::span<const double> differences);

// H0: a and b have the same distribution. Throws InvalidInput for an empty sample or NaN.
RankTest mann_whitney(std::span<const double> a, std::span<const double> b);

}  // namespace lehr::stats
