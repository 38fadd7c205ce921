#include "lehr/tour/one_tree_bound.hpp"

#include <gtest/gtest.h>

#include <random>

#include "lehr/core/drive.hpp"
#include "lehr/tour/held_karp.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::tour {
namespace {

std::vector<double> scatter(City cities, int dimension, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1000);
  std::vector<double> x(static_cast<std::size_t>(cities * dimension));
  for (double& value : x) value = uniform(random);
  return x;
}

std::vector<double> penalties_of(City cities, double size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, size);
  std::vector<double> pi(static_cast<std::size_t>(cities));
  for (double& value : pi) value = normal(random);
  return pi;
}

Instance table_of(const Instance& instance) {
  std::vector<double> table;
  for (City i = 0; i < instance.cities(); ++i)
    for (City j = 0; j < instance.cities(); ++j) table.push_back(instance.distance(i, j));
  return with_table(table, instance.cities());
}

double bound_of(const Instance& instance, std::int64_t iterations) {
  const Neighbours neighbours = nearest_neighbours(instance, 7);
  OneTreeBound method;
  method.instance = &instance, method.neighbours = &neighbours, method.iterations = iterations;
  return drive(method, Budget{}, {1}).state.bound;
}

TEST(HeldKarp, EqualsAllPermutations) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Instance instance =
        with_positions(scatter(8, 2, seed), 2, seed % 2 == 0 ? Metric::euclidean : Metric::ceil_2d);
    Order order = {0, 1, 2, 3, 4, 5, 6, 7};
    double shortest = 1e300;
    do shortest = std::min(shortest, length(instance, order));
    while (std::next_permutation(order.begin() + 1, order.end()));
    const Order found = held_karp(instance);
    EXPECT_NO_THROW(check_order(found, 8, "found"));
    EXPECT_NEAR(length(instance, found), shortest, 1e-9);
  }
  EXPECT_EQ(held_karp(with_positions({0, 0, 1, 0, 0, 1}, 2)).size(), 3U);
  EXPECT_THROW(held_karp(with_positions(scatter(21, 2, 1), 2)), InvalidInput);
}

// Boxes against Prim's rule on the table of the same distances, with penalties as large as the distances between neighbours.
TEST(PenaltyTree, BoxesEqualPrim) {
  for (const Metric metric :
       {Metric::euclidean, Metric::euc_2d, Metric::ceil_2d, Metric::att, Metric::man_2d, Metric::max_2d})
    for (const double size : {0.0, 5.0, 200.0}) {
      const Instance instance = with_positions(scatter(400, 2, 3), 2, metric), table = table_of(instance);
      const std::vector<double> pi = penalties_of(400, size, 4);
      const auto boxes = spanning_tree(instance, pi), prim = spanning_tree(table, pi);
      ASSERT_EQ(boxes.size(), 399U);
      EXPECT_NEAR(weight(instance, pi, boxes), weight(table, pi, prim), 1e-8)
          << tsplib_name(metric) << " " << size;
      EXPECT_NEAR(one_tree_value(instance, pi), one_tree_value(table, pi), 1e-6);
      const auto likely = spanning_tree(instance, std::vector<double>(400, 0.0));
      EXPECT_NEAR(weight(instance, pi, spanning_tree(instance, pi, likely)), weight(table, pi, prim), 1e-8);
    }
  const Instance solid = with_positions(scatter(300, 3, 5), 3, Metric::euc_3d), table = table_of(solid);
  const std::vector<double> pi = penalties_of(300, 50, 6);
  EXPECT_NEAR(weight(solid, pi, spanning_tree(solid, pi)), weight(table, pi, spanning_tree(table, pi)), 1e-8);
}

// For any penalties the value is below the shortest tour.
TEST(OneTreeBound, NeverAboveTheShortestTour) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Instance instance =
        with_positions(scatter(9, 2, seed), 2, seed % 2 == 0 ? Metric::euclidean : Metric::euc_2d);
    const double shortest = length(instance, held_karp(instance));
    for (const double size : {0.0, 30.0, 300.0})
      EXPECT_LE(one_tree_value(instance, penalties_of(9, size, seed)), shortest * (1 + 1e-12));
    const double bound = bound_of(instance, 200);
    EXPECT_LE(bound, shortest * (1 + 1e-12));
    EXPECT_GE(bound, 0.9 * shortest);
  }
}

TEST(OneTreeBound, ManyCitiesAtOnePlace) {
  std::vector<double> x = scatter(30, 2, 8);
  for (int i = 0; i < 40; ++i) x.push_back(7);
  const Instance instance = with_positions(x, 2, Metric::euc_2d);
  EXPECT_GT(bound_of(instance, 100), 0);
}

TEST(OneTreeBound, ResumesToTheBit) {
  const Instance instance = with_positions(scatter(200, 2, 9), 2);
  const Neighbours neighbours = nearest_neighbours(instance, 6);
  OneTreeBound method;
  method.instance = &instance, method.neighbours = &neighbours, method.iterations = 60,
  method.exact_every = 25;

  const lehr::test::TemporaryFolder folder;
  const auto whole = drive(method, Budget{}, {1});
  Observers observers;
  observers.checkpoints.path = folder / "state.safetensors";
  drive(method, Budget::steps(33), {1}, observers);
  const auto rest = drive(method, Budget{}, {1}, observers);
  EXPECT_EQ(rest.state.bound, whole.state.bound);
  EXPECT_EQ(rest.state.penalties, whole.state.penalties);
}

}  // namespace
}  // namespace lehr::tour
