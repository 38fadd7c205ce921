#include "lehr/tour/neighbours.hpp"

#include <gtest/gtest.h>

#include <random>

#include "lehr/core/parallel.hpp"

namespace lehr::tour {
namespace {

std::vector<double> scatter(int cities, int dimension) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(0, 1000);
  std::vector<double> x(static_cast<std::size_t>(cities * dimension));
  for (double& value : x) value = uniform(random);
  return x;
}

// Distances to the neighbours are those of a full sort: which of equally near cities is taken may differ.
void expect_nearest(const Instance& instance, int size) {
  const Neighbours neighbours = nearest_neighbours(instance, size);
  ASSERT_EQ(neighbours.size, std::min(size, instance.cities() - 1));
  for (City i = 0; i < instance.cities(); ++i) {
    std::vector<double> all, found;
    for (City j = 0; j < instance.cities(); ++j)
      if (j != i) all.push_back(instance.distance(i, j));
    std::sort(all.begin(), all.end());
    all.resize(static_cast<std::size_t>(neighbours.size));
    for (const City j : neighbours.of(i)) {
      EXPECT_NE(j, i);
      found.push_back(instance.distance(i, j));
    }
    EXPECT_EQ(found, all) << "city " << i;
  }
}

TEST(Neighbours, AgreeWithAFullSort) {
  for (const Metric metric :
       {Metric::euclidean, Metric::euc_2d, Metric::ceil_2d, Metric::man_2d, Metric::att})
    expect_nearest(with_positions(scatter(300, 2), 2, metric), 10);
  expect_nearest(with_positions(scatter(300, 2), 2, Metric::max_2d), 10);
  expect_nearest(with_positions(scatter(300, 3), 3, Metric::euc_3d), 10);
  expect_nearest(with_positions(scatter(5, 2), 2), 10);
  std::vector<double> globe = scatter(200, 2);
  for (double& x : globe) x = std::floor(x / 1000 * 170 - 85);
  expect_nearest(with_positions(globe, 2, Metric::geo), 8);
}

TEST(Neighbours, ManyCitiesAtOnePlace) { expect_nearest(with_positions(std::vector<double>(80, 3.0), 2), 6); }

TEST(Neighbours, TablesAndThreads) {
  const Instance plane = with_positions(scatter(120, 2), 2);
  std::vector<double> table;
  for (City i = 0; i < 120; ++i)
    for (City j = 0; j < 120; ++j) table.push_back(plane.distance(i, j));
  EXPECT_EQ(nearest_neighbours(with_table(table, 120), 9).cities, nearest_neighbours(plane, 9).cities);
  const Neighbours all = nearest_neighbours(plane, 9);
  set_threads(1);
  EXPECT_EQ(nearest_neighbours(plane, 9).cities, all.cities);
  set_threads(0);
}

TEST(Neighbours, QuadrantsReachAcrossAGap) {
  // Two clusters far apart: by distance alone every neighbour is in the own cluster.
  std::vector<double> x = scatter(60, 2);
  for (std::size_t i = 0; i < 60; ++i) x[i] += 1e5;
  const Instance instance = with_positions(x, 2);
  const Neighbours nearest = nearest_neighbours(instance, 8), quadrant = quadrant_neighbours(instance, 2);
  const auto bridges = [&](const Neighbours& neighbours) {
    int count = 0;
    for (City i = 0; i < 60; ++i)
      for (const City j : neighbours.of(i)) count += (i < 30) != (j < 30);
    return count;
  };
  EXPECT_EQ(bridges(nearest), 0);
  EXPECT_GT(bridges(quadrant), 0);
  for (City i = 0; i < 60; ++i) {
    std::vector<City> sorted(quadrant.of(i).begin(), quadrant.of(i).end());
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
  }
}

}  // namespace
}  // namespace lehr::tour
