#include "lehr/cluster/ppp.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "lehr/cluster/mergers.hpp"
#include "lehr/cluster/prepared_table.hpp"
#include "lehr/cluster/scores.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "tests/cluster/tables.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::cluster {
namespace {

struct Prepared {
  PreparedTable table;
  WeightedPoints points;
  ValidationRules rules;
};

Prepared run_of(const Eigen::MatrixXd& table, const PppOptions& options = {}) {
  Prepared run{prepare(table), {}, {}};
  run.points.points = run.table.rows;
  run.rules = validation_rules(options, static_cast<double>(run.table.size()), run.table.floor());
  return run;
}

Ppp::State found_in(const Prepared& run, Seed seed = {1}) {
  return drive(Ppp(run.points, run.rules), Budget{}, seed).state;
}

TEST(Ppp, FindsTheGroups) {
  const GeneratedTable table = test::blobs(600, 3, 4, 0.7, 3);
  const Prepared run = run_of(table.points);
  const Ppp::State state = found_in(run);
  std::vector<int> truth;
  for (const Index row : run.table.original) truth.push_back(table.labels[static_cast<std::size_t>(row)]);
  EXPECT_EQ(state.clusters, 4);
  EXPECT_GT(adjusted_rand_index(state.labels, truth), 0.99);
  EXPECT_EQ(state.verdict, static_cast<int>(Verdict::clustered));
  EXPECT_GT(Ppp(run.points, run.rules).separability(state), 0);
}

// More groups than qmax: the tree has to find them.
TEST(Ppp, SplitsFurtherThanQmax) {
  const Prepared run = run_of(test::blobs(1500, 4, 9, 0.6, 2).points, {.qmax = 3});
  const Ppp method(run.points, run.rules);
  const Ppp::State state = found_in(run);
  EXPECT_EQ(state.clusters, 9);
  const std::vector<TreeNode> tree = method.tree(state);
  EXPECT_GT(tree.size(), 9u);
  double leaf_rows = 0;
  for (const TreeNode& node : tree)
    if (node.chosen == 1) leaf_rows += node.rows;
  EXPECT_EQ(leaf_rows, 1500);
}

TEST(Ppp, ClustersAreInFallingOrderOfSize) {
  const Prepared run = run_of(test::blobs(700, 2, 4, 0.4, 5).points);
  const Ppp::State state = found_in(run);
  const Partition cells = Ppp(run.points, run.rules).partition(state);
  for (Index c = 1; c < cells.cells(); ++c) EXPECT_GE(cells.masses[c - 1], cells.masses[c]);
}

TEST(Ppp, OneGaussianIsOneCluster) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const GeneratedTable cloud = generate_table({.family = "cloud", .rows = 1000, .columns = 3}, {seed});
    const Ppp::State state = found_in(run_of(cloud.points));
    EXPECT_EQ(state.clusters, 1);
    EXPECT_EQ(state.verdict, static_cast<int>(Verdict::one_cluster));
  }
}

TEST(Ppp, AUniformSquareIsOneCluster) {
  const GeneratedTable square = generate_table({.family = "uniform", .rows = 1000, .columns = 2}, {1});
  const Ppp::State state = found_in(run_of(square.points));
  EXPECT_EQ(state.clusters, 1);
}

// Twelve sets of six groups in four dimensions: their number in at least ten, with the SSE of the best of 20 random starts.
TEST(Ppp, CountsSixGroupsInFourDimensions) {
  int right = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Prepared run = run_of(test::blobs(1000, 4, 6, 1, seed).points);
    const Ppp::State state = found_in(run);
    if (state.clusters != 6) continue;
    ++right;
    const Partition best = random_start_kmeans(run.points, 6, 20, Stream(Seed{seed}, lane("starts")));
    EXPECT_LE(state.sse, 1.001 * best.total_sse()) << seed;
  }
  EXPECT_GE(right, 10);
}

TEST(Ppp, CountsTenGroupsInEightDimensions) {
  const GeneratedTable table = test::blobs(3000, 8, 10, 1.2, 1);
  const Prepared run = run_of(table.points);
  const Ppp::State state = found_in(run);
  std::vector<int> truth;
  for (const Index row : run.table.original) truth.push_back(table.labels[static_cast<std::size_t>(row)]);
  EXPECT_EQ(state.clusters, 10);
  EXPECT_GE(adjusted_rand_index(state.labels, truth), 0.99);
}

TEST(Ppp, TheSeedDoesNotMatterUnlessStartsAreRandom) {
  const Prepared run = run_of(test::blobs(500, 2, 5, 1.5, 4).points);
  EXPECT_EQ(found_in(run, {1}).labels, found_in(run, {99}).labels);
  Prepared consensus = run;
  consensus.rules.runs = 10;
  EXPECT_EQ(found_in(consensus, {1}).labels, found_in(consensus, {1}).labels);
  EXPECT_GE(found_in(consensus, {1}).clusters, 3);
}

TEST(Ppp, AnnealedFitsFindTheGroupsToo) {
  PppOptions options;
  options.annealed_steps = 4;
  options.exponent = Schedule::parse("linear(from=0.5, to=1)");
  options.widening = Schedule::parse("geometric(from=0.1, to=1e-6)");
  EXPECT_EQ(found_in(run_of(test::blobs(600, 3, 4, 0.7, 3).points, options)).clusters, 4);
}

TEST(Ppp, AResumedRunEqualsTheUninterruptedOne) {
  const Prepared run = run_of(test::blobs(1500, 4, 9, 0.6, 2).points, {.qmax = 3});
  const Ppp method(run.points, run.rules);
  const auto whole = drive(method, Budget{}, {1});
  const lehr::test::TemporaryFolder folder;
  for (const std::int64_t stop : {1, 2, 4, 6}) {
    Observers observers;
    observers.checkpoints.path = folder / ("state" + std::to_string(stop));
    drive(method, Budget::steps(stop), {1}, observers);
    const auto resumed = drive(method, Budget{}, {1}, observers);
    EXPECT_EQ(resumed.used.steps, whole.used.steps);
    EXPECT_EQ(resumed.state.labels, whole.state.labels);
    EXPECT_EQ(resumed.state.bic, whole.state.bic);
    EXPECT_EQ(resumed.state.mixture.covariances, whole.state.mixture.covariances);
    EXPECT_TRUE(resumed.state.scores.isApprox(whole.state.scores, 0) || resumed.state.scores.hasNaN());
  }
}

TEST(Ppp, TooFewRowsAreOneCluster) {
  const Prepared run = run_of(test::blobs(9, 2, 3, 0.1, 1).points);
  const Ppp::State state = found_in(run);
  EXPECT_EQ(state.clusters, 1);
  EXPECT_EQ(Ppp(run.points, run.rules).trace(state).size(), 1u);
}

TEST(Ppp, RulesFollowTheShape) {
  EXPECT_EQ(covariance_shape("auto", 8, 400), stats::CovarianceShape::full);
  EXPECT_EQ(covariance_shape("auto", 8, 399), stats::CovarianceShape::diagonal);
  EXPECT_EQ(covariance_shape("auto", 9, 1e6), stats::CovarianceShape::diagonal);
  EXPECT_EQ(default_minn(stats::CovarianceShape::full, 4), 10);
  EXPECT_EQ(default_minn(stats::CovarianceShape::diagonal, 4), 8);
  EXPECT_EQ(default_minn(stats::CovarianceShape::diagonal, 41), 20);
}

TEST(Ppp, RefusesOptionsOutOfRange) {
  const Eigen::VectorXd floor = Eigen::VectorXd::Zero(2);
  EXPECT_THROW(validation_rules({.qmax = 1}, 100, floor), InvalidInput);
  EXPECT_THROW(validation_rules({.agree = 2}, 100, floor), InvalidInput);
  EXPECT_THROW(validation_rules({.exponent = 2, .annealed_steps = 3}, 100, floor), InvalidInput);
  EXPECT_THROW(Ppp(WeightedPoints{}, ValidationRules{}), InvalidInput);
}

TEST(Mergers, PairsAndLabels) {
  Eigen::MatrixXd centres(1, 7);
  centres << 0, 1, 2, 3, 10, 11, 12;
  const std::vector<ClusterPair> pairs = near_pairs(centres);
  EXPECT_TRUE(std::ranges::count(pairs, ClusterPair{0, 1}));
  EXPECT_FALSE(std::ranges::count(pairs, ClusterPair{0, 6}));
  EXPECT_EQ(merged({0, 1, 2, 3, 1}, {{1, 3}}), (std::vector<int>{0, 1, 2, 1, 1}));
  EXPECT_EQ(merged({0, 1, 2, 3}, {{0, 2}, {1, 3}}), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_TRUE(touch({0, 2}, {2, 3}));
  EXPECT_FALSE(touch({0, 2}, {1, 3}));
}

}  // namespace
}  // namespace lehr::cluster
