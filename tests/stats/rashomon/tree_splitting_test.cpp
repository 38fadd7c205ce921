#include "lehr/stats/rashomon/tree_splitting.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/rashomon/cart.hpp"
#include "lehr/stats/rashomon/exact_trees.hpp"
#include "lehr/stats/rashomon/synthetic_tables.hpp"
#include "lehr/stats/rashomon/tree_sampling.hpp"
#include "tests/stats/rashomon/tables.hpp"

namespace lehr::stats {
namespace {

using test::random_binary;
using test::stored;

double log10_exact(const TreeRecords& records, int depth, std::int64_t limit, double penalty = 1) {
  const auto distribution = ExactTrees(records, {.depth_penalty = penalty}).error_distribution(depth, limit);
  return std::log10(std::accumulate(distribution->begin(), distribution->end(), 0.0));
}

TEST(TreeSplitting, AgreesWithTheExactRatio) {
  const LabelledTable table = random_binary(60, 6, 2, 4);
  const TreeRecords records(table);
  const std::int64_t limit = *ExactTrees(records, {}).best_errors(3) + 3;
  for (const double penalty : {1.0, 0.7}) {
    const TreePrior prior{.splits = Splits::range, .depth_penalty = penalty};
    const TreeSplitting method(records, prior, 3, limit, {.populations = 20, .particles = 200});
    const auto run = drive(method, {}, Seed{3});
    for (const std::int64_t errors : {limit, limit - 1}) {
      const RatioEstimate ratio = method.ratio(run.state, errors);
      EXPECT_LT(ratio.log10_error, 0.2);
      EXPECT_NEAR(ratio.log10_ratio, log10_exact(records, 3, errors, penalty), 4 * ratio.log10_error)
          << penalty;
    }
    for (const DecisionTree& tree : method.members(run.state, 50)) EXPECT_LE(tree_errors(tree, table), limit);
  }
}

TEST(TreeSplitting, SeveralClassesAgreeWithTheExactRatio) {
  const LabelledTable table = random_binary(60, 5, 3, 5);
  const TreeRecords records(table);
  const std::int64_t limit = *ExactTrees(records, {}).best_errors(2) + 1;
  const TreeSplitting method(records, {}, 2, limit, {.populations = 20, .particles = 100});
  const RatioEstimate ratio = method.ratio(drive(method, {}, Seed{1}).state, limit);
  EXPECT_NEAR(ratio.log10_ratio, log10_exact(records, 2, limit), 4 * ratio.log10_error);
}

// 6.9e-9 at depth 5: no sample of the prior comes near.
TEST(TreeSplitting, FindsTinyRatios) {
  const auto path = stored("rashomon/monk_1.csv");
  if (path.empty()) GTEST_SKIP() << "the stored tables are not there";
  const TreeRecords records(read_labelled_table(path));
  const TreeSplitting method(records, {}, 5, 6, {.populations = 10, .particles = 300, .moves = 10});
  const RatioEstimate ratio = method.ratio(drive(method, {}, Seed{1}).state, 6);
  EXPECT_LT(ratio.log10_error, 0.3);
  EXPECT_NEAR(ratio.log10_ratio, std::log10(6.8838594382e-9), 4 * ratio.log10_error);
}

// Real features, against plain sampling where that still works.
TEST(TreeSplitting, AgreesWithSamplingOnRealFeatures) {
  const LabelledTable table = synthetic_table({.family = "sine", .records = 150}, Seed{1});
  const TreeRecords records(table);
  const TreeSampling sampling(records, {45, 45}, {.depth = 2, .samples = 20'000});
  const RatioEstimate known = drive(sampling, {}, Seed{1}).state.depths[1].errors.estimate(45);
  const TreeSplitting method(records, {}, 2, 45, {.populations = 20, .particles = 100});
  const RatioEstimate ratio = method.ratio(drive(method, {}, Seed{2}).state, 45);
  EXPECT_NEAR(ratio.log10_ratio, known.log10_ratio, 4 * std::hypot(ratio.log10_error, known.log10_error));
}

// A limit below the best tree's errors: populations give up.
TEST(TreeSplitting, GivesUpWhereTheSetIsEmpty) {
  const TreeRecords records(random_binary(60, 5, 2, 5));
  const std::int64_t best = *ExactTrees(records, {}).best_errors(2);
  const TreeSplitting method(records, {}, 2, best - 1, {.populations = 3, .particles = 30, .moves = 3});
  const auto run = drive(method, {}, Seed{1});
  const RatioEstimate ratio = method.ratio(run.state, best - 1);
  EXPECT_EQ(ratio.log10_ratio, -std::numeric_limits<double>::infinity());
  EXPECT_LT(ratio.log10_upper, 0);
  EXPECT_GE(run.state.best_errors, best);
  EXPECT_TRUE(method.members(run.state, 5).empty());
}

TEST(TreeSplitting, ThreadsAndResumeDoNotChangeABit) {
  const TreeRecords records(random_binary(60, 6, 2, 4));
  for (const double penalty : {1.0, 0.8}) {
    const TreePrior prior{.splits = Splits::range, .depth_penalty = penalty};
    const TreeSplitting method(records, prior, 3, 12, {.populations = 4, .particles = 40, .moves = 3});
    const auto whole = drive(method, {}, Seed{6});
    const lehr::test::TemporaryFolder folder;
    Observers observers;
    observers.checkpoints.path = folder / "state.safetensors";
    drive(method, Budget::steps(2), Seed{6}, observers);
    set_threads(1);
    const auto resumed = drive(method, Budget::steps(1000), Seed{6}, observers);
    set_threads(0);
    EXPECT_EQ(whole.state.log_ratios, resumed.state.log_ratios);
    EXPECT_EQ(whole.state.features, resumed.state.features);
    EXPECT_EQ(whole.state.thresholds, resumed.state.thresholds);
  }
}

TEST(TreeSplitting, RefusesWrongOptions) {
  const TreeRecords records(random_binary(20, 3, 2, 1));
  EXPECT_THROW(TreeSplitting(records, {}, 0, 3, {}), InvalidInput);
  EXPECT_THROW(TreeSplitting(records, {}, 2, 21, {}), InvalidInput);
  EXPECT_THROW(TreeSplitting(records, {}, 2, 3, {.particles = 1}), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
