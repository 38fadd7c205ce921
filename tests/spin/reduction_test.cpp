#include "lehr/spin/reduction.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "lehr/spin/best_states.hpp"
#include "lehr/spin/exact_enumeration.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::Family;
using test::random_model;

const std::vector<Family> sparse_families{{.size = 16, .density = 0.1},
                                          {.size = 16, .density = 0.2},
                                          {.size = 16, .density = 0.3, .integers = true},
                                          {.size = 16, .density = 0.2, .fields = false, .integers = true}};

TEST(Reduction, PreservesTheOptimum) {
  Index removed = 0, persistent = 0;
  for (const Family& family : sparse_families)
    for (std::uint64_t seed = 1; seed <= 25; ++seed)
      for (const ReductionOptions options :
           {ReductionOptions{true, false}, ReductionOptions{false, true}, ReductionOptions{}}) {
        const IsingModel model = random_model(family, seed);
        const Reduction reduction = reduce(model, options);
        const GroundStates ground = exact_enumeration(reduction.model);
        const Spins restored = reduction.restore(ground.states.front());
        const double optimum = exact_enumeration(model).energy;
        ASSERT_NEAR(ground.energy, optimum, 1e-9);
        ASSERT_NEAR(model.energy(restored), optimum, 1e-9);
        ASSERT_EQ(reduction.model.size() + static_cast<Index>(reduction.removed.size()), model.size());
        removed += static_cast<Index>(reduction.removed.size());
        persistent += reduction.persistent;
      }
  EXPECT_GT(removed, 100 * 16);
  EXPECT_GT(persistent, 100);
}

TEST(Reduction, EnergiesOfRestoredStatesAreEqual) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const IsingModel model = random_model({.size = 40, .density = 0.07}, seed);
    const Reduction reduction = reduce(model, {.low_degree = true, .persistency = false});
    Stream random(Seed{seed}, lane("state"));
    Spins state(static_cast<std::size_t>(reduction.model.size()));
    randomise(state, random);
    EXPECT_NEAR(model.energy(reduction.restore(state)), reduction.model.energy(state), 1e-9);
  }
}

TEST(Reduction, LeavesAtLeastThreeCouplingsASpin) {
  const IsingModel model = random_model({.size = 300, .density = 0.01}, 3);
  const Reduction reduction = reduce(model, {.low_degree = true, .persistency = false});
  EXPECT_GT(reduction.removed.size(), 100U);
  EXPECT_GT(reduction.model.size(), 0);
  for (Index i = 0; i < reduction.model.size(); ++i) EXPECT_GE(reduction.model.degree(i), 3);
}

TEST(Reduction, RemovesTreesAndCyclesWhole) {
  std::vector<Coupling> ring, star;
  for (Index i = 0; i < 11; ++i) ring.push_back({i, (i + 1) % 11, 1.0});  // one bond cannot be satisfied
  for (Index i = 1; i < 100000; ++i) star.push_back({0, i, 1.0});
  const Reduction cycle = reduce(IsingModel(std::vector<double>(11, 0.0), ring));
  EXPECT_EQ(cycle.model.size(), 0);
  EXPECT_DOUBLE_EQ(cycle.model.offset(), -9);
  EXPECT_DOUBLE_EQ(reduce(IsingModel(std::vector<double>(100000, 0.0), star)).model.offset(), -99999);
  EXPECT_EQ(reduce(IsingModel({}, {}, 3)).model.offset(), 3);
}

TEST(Components, SplitAndKeepEnergies) {
  const IsingModel model = random_model({.size = 60, .density = 0.02}, 5);
  const std::vector<Component> parts = components(model);
  EXPECT_GT(parts.size(), 3U);
  Stream random(Seed{1}, lane("state"));
  Spins state(60);
  randomise(state, random);
  double energy = model.offset();
  std::size_t spins = 0;
  for (const Component& part : parts) {
    Spins own;
    for (const Index i : part.spins) own.push_back(state[static_cast<std::size_t>(i)]);
    energy += part.model.energy(own);
    spins += own.size();
  }
  EXPECT_EQ(spins, 60U);
  EXPECT_NEAR(energy, model.energy(state), 1e-9);
}

}  // namespace
}  // namespace lehr::spin
