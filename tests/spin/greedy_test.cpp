#include "lehr/spin/greedy.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::Family;
using test::random_model;

TEST(Greedy, ReachesALocalMinimumBelowTheStart) {
  for (const Family& family :
       {Family{.size = 60}, Family{.size = 60, .integers = true}, Family{.size = 400, .density = 0.02},
        Family{.size = 400, .density = 0.02, .integers = true}}) {
    const IsingModel model = random_model(family, 7);
    Stream random(Seed{2}, lane("start"));
    Spins spins(static_cast<std::size_t>(model.size()));
    randomise(spins, random);
    const double before = model.energy(spins);
    const Descent descent = descend(model, spins, random);
    EXPECT_LT(descent.energy, before);
    EXPECT_GT(descent.flips, 0);
    EXPECT_DOUBLE_EQ(descent.energy, model.energy(spins));
    for (Index i = 0; i < model.size(); ++i)
      EXPECT_GE(-2.0 * spins[static_cast<std::size_t>(i)] * model.local_field(spins, i), -1e-9);
  }
}

TEST(Greedy, TakesTheSteepestFlipFirst) {
  // Both flips lower the energy, but the first of them blocks the other.
  const IsingModel model({1.0, 2.0}, std::vector<Coupling>{{0, 1, 3.0}});
  Spins spins{1, 1};
  const Descent descent = descend(model, spins, Stream(Seed{1}, 0));
  EXPECT_EQ(spins, (Spins{1, -1}));
  EXPECT_EQ(descent.flips, 1);
  EXPECT_EQ(descent.energy, -4);
}

TEST(Greedy, EdgeCases) {
  Spins none;
  EXPECT_EQ(descend(IsingModel({}, {}, 2.5), none, Stream(Seed{1}, 0)).energy, 2.5);
  Spins one{1};
  EXPECT_EQ(descend(IsingModel({1.5}, {}), one, Stream(Seed{1}, 0)).energy, -1.5);
  Spins flat{1, -1, 1};
  EXPECT_EQ(descend(IsingModel({0, 0, 0}, {}), flat, Stream(Seed{1}, 0)).flips, 0);
  EXPECT_THROW(Greedy(IsingModel(), {.reads = 0}), InvalidInput);
}

TEST(Greedy, FindsTheOptimumOfSmallModels) {
  const IsingModel model = random_model({.size = 12}, 4);
  const std::vector<double> energies = test::brute_force(model);
  const auto run = drive(Greedy(model, {.reads = 100}), Budget::steps(2), Seed{3});
  EXPECT_NEAR(*run.last.find("energy"), *std::ranges::min_element(energies), 1e-9);
  EXPECT_GT(run.used.evaluations, 0);
}

TEST(Greedy, DoesNotDependOnThreads) {
  const IsingModel model = random_model({.size = 300, .density = 0.03, .integers = true}, 4);
  std::vector<BestStates> results;
  for (const int threads : {1, 2, 8}) {
    set_threads(threads);
    results.push_back(drive(Greedy(model, {.reads = 20}), Budget::steps(3), Seed{3}).state.best);
  }
  set_threads(0);
  for (const BestStates& other : results) {
    EXPECT_EQ(other.spins, results[0].spins);
    EXPECT_EQ(other.energies, results[0].energies);
  }
}

}  // namespace
}  // namespace lehr::spin
