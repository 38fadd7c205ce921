// or_opt, iterated_local_search and chained_lin_kernighan: against all tours of small instances, known optima and each other's bookkeeping.
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <sstream>

#include "lehr/core/drive.hpp"
#include "lehr/tour/chained_lin_kernighan.hpp"
#include "lehr/tour/constructions.hpp"
#include "lehr/tour/iterated_local_search.hpp"
#include "lehr/tour/or_opt.hpp"
#include "tests/core/test_files.hpp"
#include "tests/tour/scattered.hpp"

namespace lehr::tour {
namespace {

double shortest_length(const Instance& instance) {
  Order order(static_cast<std::size_t>(instance.cities()));
  std::iota(order.begin(), order.end(), City{0});
  double best = length(instance, order);
  while (std::next_permutation(order.begin() + 1, order.end()))
    best = std::min(best, length(instance, order));
  return best;
}

// The best tour visits every city once and is as long as the state says, and so is the current one.
void expect_exact(const Instance& instance, const Neighbours& neighbours, const TourWalk& state) {
  EXPECT_NO_THROW(check_order(state.best, instance.cities(), "best"));
  EXPECT_EQ(state.best_length, length(instance, state.best));
  const CandidateGraph graph(instance, neighbours);
  const Order current = graph.original(state.tour.order());
  EXPECT_NO_THROW(check_order(current, instance.cities(), "current"));
  EXPECT_EQ(state.length, length(instance, current));
  EXPECT_LE(state.best_length, state.length * (1 + 1e-12));
}

// A descent that starts where one ended and finds nothing has looked at every city: with complete lists no 2-opt move is left then,
// which all pairs of edges confirm. (One descent may leave a move that only the other of its two edges would show.)
TEST(OrOpt, EndsWhereNoMoveShortens) {
  for (const Instance& instance : one_of_each(40, 8)) {
    const Neighbours neighbours = nearest_neighbours(instance, 39);
    auto run = drive(OrOpt(instance, neighbours), Budget::steps(1000), Seed{1});
    EXPECT_GT(run.state.moves, 0);
    for (int again = 0; run.state.moves > 0; ++again) {
      ASSERT_LT(again, 20);
      const double before = run.state.best_length;
      run = drive(OrOpt(instance, neighbours, run.state.best), Budget::steps(1000), Seed{1});
      EXPECT_EQ(run.why, Stop::finished);
      EXPECT_LE(run.state.best_length, before);
    }
    expect_exact(instance, neighbours, run.state);
    const Order& best = run.state.best;
    const double slack = 1e-7;
    for (std::size_t i = 0; i < best.size(); ++i)
      for (std::size_t j = i + 2; j <= best.size(); ++j) {
        Order turned = best;
        std::reverse(turned.begin() + static_cast<std::ptrdiff_t>(i),
                     turned.begin() + static_cast<std::ptrdiff_t>(j));
        EXPECT_GE(length(instance, turned), run.state.best_length - slack);
      }
  }
}

TEST(OrOpt, GapOnUniformCities) {
  const Instance instance = with_positions(scattered(5000, 2, 4, 1), 2);
  const Neighbours neighbours = nearest_neighbours(instance, 10);
  const auto run = drive(OrOpt(instance, neighbours), Budget::steps(100000), Seed{1});
  expect_exact(instance, neighbours, run.state);
  const double shortest = 0.7124 * std::sqrt(5000) * (1 + 0.33 / std::sqrt(5000));  // within 1.5 %
  EXPECT_GT(run.state.best_length / shortest, 1.02);
  EXPECT_LT(run.state.best_length / shortest, 1.075);
}

template <class Search>
class Searches : public testing::Test {};
using Kinds = testing::Types<IteratedLocalSearch, ChainedLinKernighan>;
TYPED_TEST_SUITE(Searches, Kinds);

TYPED_TEST(Searches, FindTheShortestOfAllTours) {
  for (const int cities : {3, 4, 5, 6, 7, 8, 9})
    for (const unsigned seed : {1U, 2U})
      for (const Instance& instance : one_of_each(cities, seed)) {
        if (cities == 9 && seed == 2) continue;
        const Neighbours neighbours = nearest_neighbours(instance, 8);
        const auto run = drive(TypeParam(instance, neighbours), Budget::steps(4), Seed{seed});
        EXPECT_NEAR(run.state.best_length, shortest_length(instance), 1e-9)
            << tsplib_name(instance.metric) << ' ' << instance.dimension << ' ' << cities;
        expect_exact(instance, neighbours, run.state);
      }
}

TYPED_TEST(Searches, LengthsAreExactUnderEveryRule) {
  for (const int cities : {8, 10, 200})
    for (const Instance& instance : one_of_each(cities, 6))
      for (const int size : {1, 8}) {
        const Neighbours neighbours = nearest_neighbours(instance, size);
        const auto run = drive(TypeParam(instance, neighbours), Budget::steps(2), Seed{3});
        expect_exact(instance, neighbours, run.state);
        EXPECT_GT(run.state.kicks, 0);
      }
}

TYPED_TEST(Searches, CitiesAtOnePlace) {
  std::vector<double> x = scattered(50, 2, 9);
  for (int copy = 0; copy < 2; ++copy) x.insert(x.end(), x.begin(), x.begin() + 100);
  for (const Instance& instance : {with_positions(x, 2), with_positions(x, 2, Metric::euc_2d),
                                   with_positions(std::vector<double>(60, 1.0), 2)}) {
    const Neighbours neighbours = nearest_neighbours(instance, 8);
    const auto run = drive(TypeParam(instance, neighbours), Budget::steps(5), Seed{3});
    expect_exact(instance, neighbours, run.state);
  }
}

TYPED_TEST(Searches, ASeedIsATour) {
  const Instance instance = with_positions(scattered(400, 2, 12), 2);
  const TypeParam search(instance, nearest_neighbours(instance, 8));
  const auto one = drive(search, Budget::steps(10), Seed{5}),
             same = drive(search, Budget::steps(10), Seed{5}),
             other = drive(search, Budget::steps(10), Seed{6});
  EXPECT_EQ(one.state.best, same.state.best);
  EXPECT_EQ(one.state.tour.order(), same.state.tour.order());
  EXPECT_NE(one.state.tour.order(), other.state.tour.order());
}

// Stopped anywhere, in the first descent or among the kicks, and resumed: the same bits as without the stop.
TYPED_TEST(Searches, ResumedRunsAreBitEqual) {
  const Instance instance = with_positions(scattered(5000, 2, 13), 2);
  const TypeParam search(instance, nearest_neighbours(instance, 8));
  const auto whole = drive(search, Budget::steps(20), Seed{5});
  for (const std::int64_t stop : {1, 3, 12}) {
    const test::TemporaryFolder folder;
    const Checkpoints checkpoints{.path = folder / "run.safetensors", .every_steps = 1};
    const auto see = [&](const Moment& now, const Row&) {
      return now.step + 1 == stop ? Observer::stop_run : now.step + 1;
    };
    const auto part =
        drive(search, Budget::steps(20), Seed{5}, {.list = {{see, {}}}, .checkpoints = checkpoints});
    EXPECT_EQ(part.used.steps, stop);
    const auto rest = drive(search, Budget::steps(20), Seed{5}, {.list = {}, .checkpoints = checkpoints});
    EXPECT_EQ(rest.used.steps, 20);
    EXPECT_EQ(rest.state.best, whole.state.best);
    EXPECT_EQ(rest.state.best_length, whole.state.best_length);
    EXPECT_EQ(rest.state.tour.order(), whole.state.tour.order());
    EXPECT_EQ(rest.state.length, whole.state.length);
    EXPECT_EQ(rest.state.kicks, whole.state.kicks);
  }
}

TYPED_TEST(Searches, BadOptions) {
  const Instance instance = with_positions(scattered(10, 2, 1), 2);
  const Neighbours neighbours = nearest_neighbours(instance, 5);
  EXPECT_THROW(TypeParam(instance, nearest_neighbours(with_positions(scattered(9, 2, 1), 2), 5)),
               InvalidInput);
  EXPECT_THROW(TypeParam(instance, neighbours, {}, {0, 1, 2}), InvalidInput);
}

TEST(ChainedLinKernighan, BadBreadth) {
  const Instance instance = with_positions(scattered(10, 2, 1), 2);
  const Neighbours neighbours = nearest_neighbours(instance, 5);
  EXPECT_THROW(ChainedLinKernighan(instance, neighbours, {.breadth = {0}}), InvalidInput);
  EXPECT_THROW(ChainedLinKernighan(instance, neighbours, {.breadth = {1, 1, 1, 1, 1, 1, 1}}), InvalidInput);
  ChainedLinKernighanOptions narrow;
  narrow.kicks.window = 2;
  EXPECT_THROW(ChainedLinKernighan(instance, neighbours, narrow), InvalidInput);
  const auto deep = drive(ChainedLinKernighan(instance, neighbours, {.breadth = {5, 5, 3, 2, 1, 1}}),
                          Budget::steps(3), Seed{1});
  expect_exact(instance, neighbours, deep.state);
}

// A run that began at the shortest tour keeps it: kicks that are accepted leave the best tour alone.
TEST(ChainedLinKernighan, TheBestTourIsKept) {
  const Instance instance = with_positions(scattered(9, 2, 21), 2);
  const Neighbours neighbours = nearest_neighbours(instance, 8);
  const auto found = drive(ChainedLinKernighan(instance, neighbours), Budget::steps(3), Seed{1});
  ChainedLinKernighanOptions options;
  options.kicks.temperature = 1e6;
  const auto hot =
      drive(ChainedLinKernighan(instance, neighbours, options, found.state.best), Budget::steps(3), Seed{2});
  EXPECT_EQ(hot.state.best_length, found.state.best_length);
  EXPECT_GT(hot.state.accepted, 0);
}

// Coordinates of a TSPLIB file of the shared data.
std::optional<Instance> from_tsplib(const char* file) {
  const auto folder = test::shared_data("heatmap-mcts-tsp");
  if (folder.empty()) return std::nullopt;
  std::ifstream in(folder / "tsplib" / file);
  std::vector<double> x;
  std::string line;
  while (std::getline(in, line) && !line.starts_with("NODE_COORD_SECTION")) {
  }
  double id = 0, a = 0, b = 0;
  while (in >> id >> a >> b) x.insert(x.end(), {a, b});
  return with_positions(x, 2, Metric::euc_2d);
}

// The optima of berlin52 and eil51, 7542 and 426 (TSPLIB), under each of ten seeds.
TYPED_TEST(Searches, OptimaOfTsplib) {
  for (const auto& [file, optimum] : {std::pair{"berlin52.tsp", 7542.0}, {"eil51.tsp", 426.0}}) {
    const auto instance = from_tsplib(file);
    if (!instance) GTEST_SKIP() << "no shared data";
    const Neighbours neighbours = nearest_neighbours(*instance, 8);
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const auto run = drive(TypeParam(*instance, neighbours), Budget::steps(60), Seed{seed});
      EXPECT_EQ(run.state.best_length, optimum) << file << " seed " << seed;
    }
  }
}

}  // namespace
}  // namespace lehr::tour
