#include "lehr/cluster/clustering.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/cluster/scores.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "tests/cluster/tables.hpp"

namespace lehr::cluster {
namespace {

using Eigen::MatrixXd;

// The same rows in another order, by other numbers of threads and with other seeds: every number that a row gets is equal,
// bit for bit.
void expect_repeatable(const MatrixXd& points, const ClusteringOptions& options, int permutations) {
  const Clustering first = cluster_rows(points, options, {1});
  for (int p = 1; p <= permutations; ++p) {
    const std::vector<Index> order = test::permutation(points.cols(), static_cast<std::uint64_t>(p));
    set_threads(1 + p % 3);
    const Clustering other =
        cluster_rows(points(Eigen::all, order), options, {static_cast<std::uint64_t>(17 * p)});
    set_threads(0);
    ASSERT_EQ(other.clusters(), first.clusters());
    EXPECT_EQ(other.chosen.bic, first.chosen.bic);
    EXPECT_EQ(other.sse, first.sse);
    EXPECT_EQ(other.chosen.partition.centres, first.chosen.partition.centres);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto own = static_cast<Index>(i), there = order[i];
      ASSERT_EQ(other.rows.labels[i], first.rows.labels[static_cast<std::size_t>(there)]);
      ASSERT_EQ(other.rows.most_probable[i], first.rows.most_probable[static_cast<std::size_t>(there)]);
      ASSERT_EQ(other.rows.confidence[own], first.rows.confidence[there]);
      ASSERT_EQ(other.rows.silhouette[own], first.rows.silhouette[there]);
      ASSERT_EQ(other.rows.distance[own], first.rows.distance[there]);
    }
  }
}

TEST(Clustering, BlobsRepeatBitForBit) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    expect_repeatable(test::blobs(1500, 2, 5, 0.8, seed).points, {}, 2);
}

TEST(Clustering, PrototypesRepeatBitForBit) {
  ClusteringOptions options;
  options.reduce_above = 2000, options.prototypes.most = 300, options.prototypes.loss_max = 0.2;
  expect_repeatable(test::blobs(6000, 3, 5, 1, 1).points, options, 3);
}

TEST(Clustering, EverythingElseRepeatsBitForBit) {
  const MatrixXd points = test::blobs(400, 4, 3, 2, 1).points;
  for (const char* scale : {"robust", "none"}) expect_repeatable(points, {.scale = scale}, 2);
  expect_repeatable(points, {.pca = 2}, 2);
  expect_repeatable(points, {.whiten = true}, 2);
  expect_repeatable(points, {.separable = 3}, 2);
  ClusteringOptions best;
  best.ppp.covariance = "best";
  expect_repeatable(points, best, 2);
}

TEST(Clustering, RealTablesRepeatBitForBit) {
  for (const char* name : {"iris.csv", "wine.csv"}) {
    const auto path = test::stored(name);
    if (!path) GTEST_SKIP() << "no stored data";
    for (const char* covariance : {"full", "diag"}) {
      ClusteringOptions options;
      options.ppp.covariance = covariance;
      expect_repeatable(read_points(*path).points, options, 4);
    }
  }
}

TEST(ClusteringSlow, TwentyPermutationsOfEveryTable) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed)
    expect_repeatable(test::blobs(1500, 2, 5, 0.8, seed).points, {}, 20);
  for (const char* name : {"iris.csv", "wine.csv"})
    if (const auto path = test::stored(name)) expect_repeatable(read_points(*path).points, {}, 20);
}

struct KnownResult {
  const char* file;
  const char* covariance;
  int least, most;  // clusters
  double least_rand, most_rand;
};
void PrintTo(const KnownResult& known, std::ostream* out) { *out << known.file << " " << known.covariance; }

class KnownTables : public testing::TestWithParam<KnownResult> {};

TEST_P(KnownTables, HaveTheirClusters) {
  const KnownResult& known = GetParam();
  const auto path = test::stored(known.file);
  if (!path) GTEST_SKIP() << "no stored data";
  const PointTable table = read_points(*path);
  ClusteringOptions options;
  options.ppp.covariance = known.covariance;
  const Clustering result = cluster_rows(table.points, options, {1});
  EXPECT_GE(result.clusters(), known.least);
  EXPECT_LE(result.clusters(), known.most);
  const double rand = adjusted_rand_index(result.rows.labels, table.labels);
  EXPECT_GE(rand, known.least_rand);
  EXPECT_LE(rand, known.most_rand);
}

// iris: setosa against the rest (an index of 0.568 is that partition's). wine: two clusters with full covariances, three
// to five with diagonal ones.
INSTANTIATE_TEST_SUITE_P(Real, KnownTables,
                         testing::Values(KnownResult{"iris.csv", "full", 2, 2, 0.567, 0.569},
                                         KnownResult{"iris.csv", "best", 2, 2, 0.567, 0.569},
                                         KnownResult{"wine.csv", "full", 2, 2, 0.35, 0.38},
                                         KnownResult{"wine.csv", "auto", 3, 5, 0.65, 1},
                                         KnownResult{"wine.csv", "diag", 3, 5, 0.65, 1}));

// Three groups that differ in the columns 2 and 7 of ten: a cloud at large, three clusters in these two.
TEST(SeparableColumns, AreFoundAmongNoise) {
  const GeneratedTable table = generate_table({.family = "hidden", .rows = 450, .columns = 10}, {1});
  const Clustering result = cluster_rows(table.points, {.separable = 5}, {1});
  EXPECT_EQ(result.all.clusters(), 1);
  ASSERT_EQ(result.path.size(), 2u);
  std::vector<Index> columns = result.path.back().columns;
  std::ranges::sort(columns);
  EXPECT_EQ(columns, (std::vector<Index>{1, 6}));
  EXPECT_EQ(result.clusters(), 3);
  EXPECT_GE(adjusted_rand_index(result.rows.labels, table.labels), 0.93);
  EXPECT_EQ(result.table.columns, result.path.back().columns);
}

TEST(SeparableColumns, OfWineHoldItsThreeCultivars) {
  const auto path = test::stored("wine.csv");
  if (!path) GTEST_SKIP() << "no stored data";
  const PointTable table = read_points(*path);
  const Clustering result =
      cluster_rows(table.points, {.separable = 5}, {1}, {}, table.names, {{0, 1}, {6, 9, 12}});
  EXPECT_EQ(result.clusters(), 3);
  EXPECT_GE(adjusted_rand_index(result.rows.labels, table.labels), 0.7);
  for (std::size_t i = 1; i < result.path.size(); ++i)
    EXPECT_GT(result.path[i].score, 1.05 * result.path[i - 1].score);
  ASSERT_EQ(result.user_sets.size(), 2u);
  EXPECT_GE(result.user_sets[0].score, result.user_sets[1].score);
  EXPECT_EQ(result.user_sets[0].columns, (std::vector<Index>{6, 9, 12}));
}

// Two groups whose shadows on every column are one cloud.
TEST(SeparableColumns, APairIsFoundWhereNoColumnFallsApart) {
  for (const std::uint64_t seed : {3, 4}) {
    Stream random(Seed{seed}, lane("pair"));
    MatrixXd points(4, 140);
    for (Index i = 0; i < 140; ++i) {
      const double side = i % 2 == 0 ? -1.25 : 1.25;
      points.col(i) << side + normal(random), side + normal(random), normal(random), normal(random);
    }
    const Clustering result = cluster_rows(points, {.separable = 4}, {1});
    ASSERT_EQ(result.path.size(), 1u);
    EXPECT_EQ(result.path[0].columns, (std::vector<Index>{0, 1}));
    EXPECT_EQ(result.clusters(), 2);
    for (const Index column : {0, 1}) EXPECT_EQ(cluster_rows(points.row(column), {}, {1}).clusters(), 1);
  }
}

TEST(Clustering, BuildingBlocksStandAlone) {
  const GeneratedTable table = test::blobs(1000, 4, 6, 1, 1);
  for (const char* method : {"kmeans", "bisect", "gmm"}) {
    ClusteringOptions options{.method = method, .clusters = 6};
    options.ppp.runs = 20;
    const Clustering result = cluster_rows(table.points, options, {1});
    EXPECT_EQ(result.clusters(), 6) << method;
    EXPECT_GT(adjusted_rand_index(result.rows.labels, table.labels), 0.98) << method;
    EXPECT_EQ(result.random_sse.size(), std::string(method) == "kmeans" ? 20u : 0u);
  }
  EXPECT_EQ(cluster_rows(table.points, {.method = "gmm"}, {1}).clusters(), 6);
}

TEST(Clustering, ReductionLosesLittle) {
  const GeneratedTable table = test::blobs(8000, 5, 8, 1, 1);
  ClusteringOptions options;
  const Clustering exact = cluster_rows(table.points, options, {1});
  options.reduce_above = 5000, options.prototypes.most = 1000;
  const Clustering reduced = cluster_rows(table.points, options, {1});
  EXPECT_TRUE(reduced.reduced);
  EXPECT_EQ(reduced.chosen.worked_on, 1000);
  EXPECT_LE(reduced.loss, 0.05);
  EXPECT_EQ(reduced.clusters(), exact.clusters());
  EXPECT_NEAR(reduced.sse, exact.sse, 0.01 * exact.sse);
  EXPECT_NEAR(reduced.chosen.root_bic, exact.chosen.root_bic, 1e-9 * std::abs(exact.chosen.root_bic));
}

TEST(ClusteringSlow, AMillionRows) {
  const GeneratedTable table = test::blobs(1000000, 5, 8, 1, 1);
  const Clustering all = cluster_rows(table.points, {}, {1});
  EXPECT_EQ(all.clusters(), cluster_rows(table.points.leftCols(20000), {}, {1}).clusters());
  EXPECT_LE(all.loss, 0.05);
  const Partition full = kmeans({all.table.rows, {}, {}}, all.chosen.partition.centres);
  EXPECT_LE(all.sse, 1.01 * full.total_sse());
}

TEST(Clustering, OddTablesHaveAnAnswer) {
  const Clustering equal = cluster_rows(MatrixXd::Constant(3, 10, 2.5), {}, {1});
  EXPECT_EQ(equal.clusters(), 1);
  EXPECT_EQ(equal.rows.labels, std::vector<int>(10, 0));
  const Clustering single = cluster_rows(MatrixXd::Constant(2, 1, 1), {}, {1});
  EXPECT_EQ(single.clusters(), 1);
  MatrixXd few(2, 3);
  few << 1, 2, 3, 1, 5, 2;
  EXPECT_EQ(cluster_rows(few, {}, {1}).clusters(), 1);
  MatrixXd wide = MatrixXd::Random(60, 20);  // more columns than rows
  EXPECT_EQ(cluster_rows(wide, {}, {1}).clusters(), 1);
  MatrixXd twins(1, 100);  // two values only
  for (Index i = 0; i < 100; ++i) twins(0, i) = static_cast<double>(i % 2);
  EXPECT_EQ(cluster_rows(twins, {}, {1}).rows.labels.size(), 100u);
}

TEST(Clustering, RefusesOptionsThatContradict) {
  const MatrixXd points = test::blobs(50, 2, 2, 1, 1).points;
  EXPECT_THROW(cluster_rows(points, {.method = "kmeans"}, {1}), InvalidInput);
  EXPECT_THROW(cluster_rows(points, {.method = "gmm", .separable = 2}, {1}), InvalidInput);
  EXPECT_THROW(cluster_rows(points, {.method = "kmeans", .clusters = 51}, {1}), InvalidInput);
  EXPECT_THROW(cluster_rows(points, {.method = "bisect", .clusters = 40}, {1}), InvalidInput);
  EXPECT_THROW(cluster_rows(points, {.scale = "unit"}, {1}), InvalidInput);
  EXPECT_THROW(cluster_rows(MatrixXd(2, 0), {}, {1}), InvalidInput);
}

}  // namespace
}  // namespace lehr::cluster
