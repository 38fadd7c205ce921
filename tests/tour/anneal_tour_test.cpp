#include "lehr/tour/anneal_tour.hpp"

#include <gtest/gtest.h>

#include <random>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/tour/held_karp.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::tour {
namespace {

Instance scattered(City cities, std::uint64_t seed, Metric metric = Metric::euclidean) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1000);
  std::vector<double> x(2 * static_cast<std::size_t>(cities));
  for (double& value : x) value = uniform(random);
  return with_positions(x, 2, metric);
}

TEST(AnnealTour, FindsShortestToursOfSmallProblems) {
  for (const City cities : {5, 6, 9, 13})
    for (std::uint64_t seed = 1; seed < 5; ++seed) {
      const Instance instance = scattered(cities, seed, seed % 2 == 0 ? Metric::euclidean : Metric::euc_2d);
      const Neighbours neighbours = nearest_neighbours(instance, 12);
      const auto run = drive(AnnealTour(instance, neighbours), Budget::steps(20), {seed});
      EXPECT_NO_THROW(check_order(run.state.best, cities, "best"));
      EXPECT_NEAR(run.state.best_length, length(instance, held_karp(instance)), 1e-9)
          << cities << " " << seed;
    }
}

// At a fixed temperature the tours of five cities come up as often as Boltzmann says, which also tells that both kinds of
// proposals are reversible. 12 tours, counted over 200,000 looks.
TEST(AnnealTour, VisitsToursByBoltzmannsLaw) {
  const Instance instance = scattered(5, 3);
  const Neighbours neighbours = nearest_neighbours(instance, 4);
  double unit = 0;
  for (City i = 0; i < 5; ++i) unit += instance.distance(i, neighbours.of(i)[0]) / 5;
  AnnealTourOptions options;
  options.temperature = Schedule(1.5), options.proposals = 10;
  std::map<Order, double> visits;
  const AnnealTour method(instance, neighbours, options);
  Moment now;
  now.seed = {4};
  auto state = method.start(now);
  constexpr int looks = 200000;
  for (now.step = 0; now.step < looks; ++now.step) {
    method.advance(state, now);
    visits[canonical(state.tour.order())] += 1.0 / looks;
  }
  double total = 0;
  std::map<Order, double> expected;
  Order order = {0, 1, 2, 3, 4};
  do expected[canonical(order)] = std::exp(-length(instance, canonical(order)) / (1.5 * unit));
  while (std::next_permutation(order.begin() + 1, order.end()));
  ASSERT_EQ(expected.size(), 12U);
  for (const auto& [key, weight] : expected) total += weight;
  // Looks ten proposals apart are nearly independent; 5 standard errors of a share of 0.3 are 0.006 then.
  for (const auto& [key, weight] : expected) EXPECT_NEAR(visits[key], weight / total, 0.008);
}

TEST(AnnealTour, LengthsAreKeptExactly) {
  const Instance instance = scattered(300, 6, Metric::euc_2d);
  const Neighbours neighbours = nearest_neighbours(instance, 8);
  const auto run = drive(AnnealTour(instance, neighbours), Budget::steps(60), {2});
  EXPECT_EQ(run.state.best_length, length(instance, run.state.best));
  EXPECT_EQ(run.state.length, length(instance, run.state.tour.order()));
  EXPECT_NO_THROW(check_order(run.state.best, 300, "best"));
}

TEST(AnnealTour, ResumesToTheBit) {
  const Instance instance = scattered(200, 7);
  const Neighbours neighbours = nearest_neighbours(instance, 8);
  AnnealTourOptions options;
  options.proposals = 500;
  const AnnealTour method(instance, neighbours, options);
  const lehr::test::TemporaryFolder folder;
  const auto whole = drive(method, Budget::steps(50), {1});
  Observers observers;
  observers.checkpoints.path = folder / "state.safetensors";
  Budget half = Budget::steps(50);
  observers.list.push_back(
      {.see = [](const Moment& now,
                 const Row&) { return now.step >= 23 ? Observer::stop_run : now.step + 1; },
       .end = {}});
  drive(method, half, {1}, observers);
  observers.list.clear();
  const auto rest = drive(method, Budget::steps(50), {1}, observers);
  EXPECT_EQ(rest.state.best, whole.state.best);
  EXPECT_EQ(rest.state.length, whole.state.length);
  EXPECT_EQ(rest.used.steps, whole.used.steps);
}

TEST(AnnealTour, Refusals) {
  const Instance small = scattered(4, 1);
  EXPECT_THROW(AnnealTour(small, nearest_neighbours(small, 3)), InvalidInput);
}

}  // namespace
}  // namespace lehr::tour
