// Standard errors say what they should: 95 % intervals of 1000 repeats contain the exact ratio in 93 to 97 % of them.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "lehr/core/drive.hpp"
#include "lehr/stats/rashomon/exact_trees.hpp"
#include "lehr/stats/rashomon/tree_sampling.hpp"
#include "lehr/stats/rashomon/tree_splitting.hpp"
#include "tests/stats/rashomon/tables.hpp"

namespace lehr::stats {
namespace {

constexpr std::uint64_t repeats = 1000;

double log10_exact(const TreeRecords& records, int depth, std::int64_t limit) {
  const auto distribution = ExactTrees(records, {}).error_distribution(depth, limit);
  return std::log10(std::accumulate(distribution->begin(), distribution->end(), 0.0));
}

class RatioCoverage : public testing::TestWithParam<TreeEstimator> {};

TEST_P(RatioCoverage, OfSampling) {
  const TreeRecords records(test::random_binary(50, 4, 2, 3));
  const std::int64_t limit = *ExactTrees(records, {}).best_errors(2) + 4;
  const double exact = log10_exact(records, 2, limit);
  const TreeSampling method(records, {limit, limit}, {.depth = 2, .samples = 4000, .estimator = GetParam()});
  std::uint64_t covered = 0;
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    const RatioEstimate ratio = drive(method, {}, Seed{seed}).state.depths[1].errors.estimate(limit);
    covered += std::abs(ratio.log10_ratio - exact) <= 1.96 * ratio.log10_error;
  }
  EXPECT_GE(covered, 930u);
  EXPECT_LE(covered, 970u);
}

INSTANTIATE_TEST_SUITE_P(All, RatioCoverage,
                         testing::Values(TreeEstimator::naive, TreeEstimator::importance,
                                         TreeEstimator::rao_blackwell));

// Limits that adapt to the particles bias the ratio by a share of order 1 / particles: 3 % with 50, 0.3 % with 200.
TEST(SplittingCoverage, OfManyPopulations) {
  const TreeRecords records(test::random_binary(50, 4, 2, 3));
  const std::int64_t limit = *ExactTrees(records, {}).best_errors(2) + 4;
  const double exact = log10_exact(records, 2, limit);
  const TreeSplitting method(records, {}, 2, limit, {.populations = 40, .particles = 200, .moves = 2});
  std::uint64_t covered = 0;
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    const RatioEstimate ratio = method.ratio(drive(method, {}, Seed{seed}).state, limit);
    covered += std::abs(ratio.log10_ratio - exact) <= 1.96 * ratio.log10_error;
  }
  EXPECT_GE(covered, 930u);
  EXPECT_LE(covered, 970u);
}

}  // namespace
}  // namespace lehr::stats
