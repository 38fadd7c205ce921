#include "lehr/tour/constructions.hpp"

#include <gtest/gtest.h>

#include <set>

#include "lehr/core/errors.hpp"
#include "tests/tour/scattered.hpp"

namespace lehr::tour {
namespace {

TEST(Constructions, EveryCityOnceUnderEveryRule) {
  for (const int cities : {3, 4, 5, 9, 60, 200})
    for (const Instance& instance : one_of_each(cities, 5)) {
      EXPECT_NO_THROW(check_order(nearest_neighbour(instance, 1), cities, "nearest"));
      for (const int size : {1, 3, 8}) {
        const Neighbours neighbours = nearest_neighbours(instance, size);
        EXPECT_NO_THROW(check_order(greedy_edge(instance, neighbours), cities, "greedy"));
      }
      if (instance.has_positions())
        EXPECT_NO_THROW(check_order(space_filling_curve(instance), cities, "curve"));
      else
        EXPECT_THROW(space_filling_curve(instance), InvalidInput);
    }
  EXPECT_THROW(nearest_neighbour(one_of_each(4, 1)[0], 4), InvalidInput);
}

TEST(Constructions, CitiesAtOnePlace) {
  std::vector<double> x(400, 2.5);
  const Instance instance = with_positions(x, 2);
  for (const Order& order : {nearest_neighbour(instance), space_filling_curve(instance),
                             greedy_edge(instance, nearest_neighbours(instance, 5))}) {
    EXPECT_NO_THROW(check_order(order, 200, "one place"));
    EXPECT_EQ(length(instance, order), 0);
  }
}

// Each step of the nearest neighbour tour against a scan of all cities, by the distance before rounding.
TEST(Constructions, NearestNeighbourIsTheNearest) {
  for (const int dimension : {2, 3}) {
    const Instance instance = with_positions(scattered(500, dimension, 3), dimension);
    const Order order = nearest_neighbour(instance, 17);
    EXPECT_EQ(order[0], 17);
    std::set<City> left(order.begin() + 1, order.end());
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
      double nearest = 1e300;
      for (const City c : left) nearest = std::min(nearest, instance.distance(order[i], c));
      EXPECT_EQ(instance.distance(order[i], order[i + 1]), nearest);
      left.erase(order[i + 1]);
    }
  }
}

// Greedy edge with all edges as candidates, against the plain algorithm: all edges sorted, circles found by walking.
TEST(Constructions, GreedyEdgeIsThePlainAlgorithm) {
  const int n = 40;
  const Instance instance = with_positions(scattered(n, 2, 11), 2);
  std::vector<std::tuple<double, City, City>> edges;
  for (City a = 0; a < n; ++a)
    for (City b = a + 1; b < n; ++b) edges.emplace_back(instance.distance(a, b), a, b);
  std::sort(edges.begin(), edges.end());
  std::vector<std::vector<City>> links(n);
  double expected = 0;
  int taken = 0;
  for (const auto& [d, a, b] : edges) {
    if (links[a].size() == 2 || links[b].size() == 2) continue;
    City before = -1, at = a;  // to the other end of a's path
    while (true) {
      City next = -1;
      for (const City c : links[at])
        if (c != before) next = c;
      if (next < 0) break;
      before = at, at = next;
    }
    if (at == b && taken < n - 1) continue;
    links[a].push_back(b), links[b].push_back(a);
    expected += d, ++taken;
    if (taken == n) break;
  }
  EXPECT_NEAR(length(instance, greedy_edge(instance, nearest_neighbours(instance, n - 1))), expected, 1e-9);
}

// Ratios to 0.7124 sqrt(n A) (1 + 0.33 / sqrt n), which is within 1 % of the shortest tour of 20,000 uniform cities.
TEST(Constructions, RatiosOnUniformCities) {
  const int n = 20000;
  const Instance instance = with_positions(scattered(n, 2, 2, 1), 2);
  const double shortest = 0.7124 * std::sqrt(n) * (1 + 0.33 / std::sqrt(n));
  const double greedy = length(instance, greedy_edge(instance, nearest_neighbours(instance, 8))) / shortest;
  const double nearest = length(instance, nearest_neighbour(instance)) / shortest;
  const double curve = length(instance, space_filling_curve(instance)) / shortest;
  EXPECT_GT(greedy, 1.13);
  EXPECT_LT(greedy, 1.20);
  EXPECT_GT(nearest, 1.20);
  EXPECT_LT(nearest, 1.30);
  EXPECT_GT(curve, 1.22);
  EXPECT_LT(curve, 1.45);
}

// Neighbours along a Hilbert curve on a full grid stand next to each other.
TEST(Constructions, TheCurveGoesFromCellToCell) {
  std::vector<double> plane, space;
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) plane.insert(plane.end(), {i + 0.5, j + 0.5});
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 8; ++j)
      for (int k = 0; k < 8; ++k) space.insert(space.end(), {i + 0.5, j + 0.5, k + 0.5});
  // Corners make the box a power of two wide, so that each of the cells has one city inside.
  plane.insert(plane.end(), {0, 0, 16, 16});
  space.insert(space.end(), {0, 0, 0, 8, 8, 8});
  for (const Instance& grid : {with_positions(plane, 2), with_positions(space, 3)}) {
    Order order = space_filling_curve(grid);
    std::erase_if(order, [&](City c) { return c >= grid.cities() - 2; });
    for (std::size_t i = 0; i + 1 < order.size(); ++i)
      EXPECT_DOUBLE_EQ(grid.distance(order[i], order[i + 1]), 1);
  }
}

}  // namespace
}  // namespace lehr::tour
