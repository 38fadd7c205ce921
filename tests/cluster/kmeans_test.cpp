#include "lehr/cluster/kmeans.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "tests/cluster/tables.hpp"

namespace lehr::cluster {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

WeightedPoints random_points(Index d, Index n, std::uint64_t seed, bool weighted, bool rounded) {
  Stream random(Seed{seed}, lane("points"));
  WeightedPoints points{MatrixXd(d, n), {}, {}};
  for (double& x : points.points.reshaped()) x = rounded ? std::round(2 * normal(random)) : normal(random);
  if (weighted) {
    points.weights.resize(n);
    for (double& w : points.weights) w = 0.5 + uniform(random);
  }
  return points;
}

// Lloyd's iteration as its textbook says it.
Partition textbook(const WeightedPoints& points, MatrixXd centres) {
  Partition found;
  found.labels.assign(static_cast<std::size_t>(points.size()), -1);
  for (bool changed = true; changed;) {
    changed = false;
    for (Index i = 0; i < points.size(); ++i) {
      int best = 0;
      for (Index c = 1; c < centres.cols(); ++c)
        if ((points.points.col(i) - centres.col(c)).squaredNorm() <
            (points.points.col(i) - centres.col(best)).squaredNorm())
          best = static_cast<int>(c);
      changed = changed || best != found.labels[static_cast<std::size_t>(i)];
      found.labels[static_cast<std::size_t>(i)] = best;
    }
    for (Index c = 0; c < centres.cols(); ++c) {
      VectorXd sum = VectorXd::Zero(points.dimension());
      double mass = 0;
      for (Index i = 0; i < points.size(); ++i)
        if (found.labels[static_cast<std::size_t>(i)] == c)
          sum += points.weight(i) * points.points.col(i), mass += points.weight(i);
      if (mass > 0) centres.col(c) = sum / mass;
    }
  }
  found.centres = centres;
  return found;
}

TEST(KMeans, FollowsTheTextbook) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const WeightedPoints points = random_points(3, 400, seed, seed % 2 == 0, false);
    const MatrixXd starts = points.points.leftCols(7);
    const Partition expected = textbook(points, starts);
    const Partition found = kmeans(points, starts);
    EXPECT_EQ(found.labels, expected.labels);
    EXPECT_TRUE(found.centres.isApprox(expected.centres, 1e-12));
  }
}

// Bounds save distances and change nothing, ties included: rounded data have many.
TEST(KMeans, BoundsGiveTheSameBits) {
  std::int64_t plain_distances = 0, bounded_distances = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const bool rounded = seed % 2 == 0;
    const auto d = static_cast<Index>(1 + seed % 5);
    const WeightedPoints points = random_points(d, 3000, seed, seed % 3 == 0, rounded);
    const MatrixXd starts = points.points.leftCols(2 + static_cast<Index>(seed % 9));
    const Partition plain = kmeans(points, starts, {.algorithm = Lloyd::plain});
    const Partition bounded = kmeans(points, starts, {.algorithm = Lloyd::bounded});
    ASSERT_EQ(bounded.labels, plain.labels) << seed;
    EXPECT_EQ(bounded.centres, plain.centres) << seed;
    EXPECT_EQ(bounded.sse, plain.sse) << seed;
    EXPECT_EQ(bounded.sweeps, plain.sweeps) << seed;
    plain_distances += plain.distances, bounded_distances += bounded.distances;
  }
  EXPECT_LT(static_cast<double>(bounded_distances), 0.7 * static_cast<double>(plain_distances));
}

TEST(KMeans, ATieGoesToTheLowerIndex) {
  WeightedPoints points{MatrixXd(1, 3), {}, {}};
  points.points << -1, 0, 1;
  MatrixXd starts(1, 2);
  starts << 1, -1;
  for (const Lloyd algorithm : {Lloyd::plain, Lloyd::bounded})
    EXPECT_EQ(kmeans(points, starts, {.algorithm = algorithm}).labels, (std::vector<int>{1, 0, 0}));
}

TEST(KMeans, AnEmptyCellKeepsItsCentre) {
  WeightedPoints points{MatrixXd(1, 4), {}, {}};
  points.points << 0, 1, 2, 3;
  MatrixXd starts(1, 2);
  starts << 1, 100;
  const Partition found = kmeans(points, starts);
  EXPECT_EQ(found.labels, (std::vector<int>(4, 0)));
  EXPECT_EQ(found.centres(0, 1), 100);
  EXPECT_EQ(found.masses[1], 0);
}

// The least SSE over all partitions of 11 points into two.
double least_sse(const WeightedPoints& points) {
  double least = std::numeric_limits<double>::infinity();
  for (int bits = 1; bits < 1 << (points.size() - 1); ++bits) {
    std::vector<int> labels;
    for (Index i = 0; i < points.size(); ++i) labels.push_back((bits >> i) & 1);
    least = std::min(least, partition_of(points, labels, 2).total_sse());
  }
  return least;
}

TEST(KMeans, ManyRandomStartsFindTheOptimum) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const WeightedPoints points = random_points(2, 11, seed, true, false);
    std::vector<double> all;
    const Partition best = random_start_kmeans(points, 2, 100, Stream(Seed{seed}, lane("starts")), &all);
    EXPECT_NEAR(best.total_sse(), least_sse(points), 1e-12);
    ASSERT_EQ(all.size(), 100u);
    EXPECT_EQ(best.total_sse(), *std::ranges::min_element(all));
  }
}

TEST(KMeans, ThreadsDoNotMatter) {
  const WeightedPoints points = random_points(3, 30000, 1, true, false);
  std::vector<Partition> found;
  for (const int count : {1, 2, 4}) {
    set_threads(count);
    found.push_back(kmeans(points, points.points.leftCols(6)));
  }
  set_threads(0);
  for (const Partition& partition : found) {
    EXPECT_EQ(partition.labels, found[0].labels);
    EXPECT_EQ(partition.centres, found[0].centres);
    EXPECT_EQ(partition.sse, found[0].sse);
  }
}

TEST(KMeans, RefusesWhatDoesNotFit) {
  const WeightedPoints points = random_points(2, 5, 1, false, false);
  EXPECT_THROW(kmeans(points, MatrixXd::Zero(3, 2)), InvalidInput);
  EXPECT_THROW(kmeans(points, MatrixXd(2, 0)), InvalidInput);
  EXPECT_THROW(random_start_kmeans(points, 6, 1, Stream(Seed{}, 0)), InvalidInput);
}

}  // namespace
}  // namespace lehr::cluster
