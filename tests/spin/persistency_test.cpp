#include "lehr/spin/persistency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lehr/spin/exact_enumeration.hpp"
#include "lehr/spin/max_flow.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::Family;
using test::random_model;

// The network of Cormen, Leiserson, Rivest and Stein, "Introduction to algorithms", figure 26.1: flow 23.
TEST(MaxFlow, OfATextbookNetwork) {
  FlowNetwork network(6);
  const std::vector<std::array<int, 3>> arcs{{0, 1, 16}, {0, 2, 13}, {2, 1, 4},  {1, 3, 12}, {3, 2, 9},
                                             {2, 4, 14}, {4, 3, 7},  {3, 5, 20}, {4, 5, 4}};
  for (const auto& [from, to, capacity] : arcs) network.add_arc(from, to, capacity, 0);
  EXPECT_EQ(network.push(0, 5, 0), 23);
  EXPECT_TRUE(network.on_source_side(1));
  EXPECT_TRUE(network.on_source_side(2));
  EXPECT_FALSE(network.on_source_side(3));
  EXPECT_TRUE(network.on_source_side(4));
}

TEST(RoofDuality, FixesWhatAllGroundStatesShare) {
  Index fixed = 0;
  for (const Family& family :
       {Family{.size = 13, .density = 0.15}, Family{.size = 13, .density = 0.3, .integers = true}})
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      const IsingModel model = random_model(family, seed);
      const Persistency persistency = roof_duality(model);
      const GroundStates ground = exact_enumeration(model, 10000);
      ASSERT_LE(persistency.lower_bound, ground.energy + 1e-9);
      for (const Spins& state : ground.states)
        for (std::size_t i = 0; i < state.size(); ++i) {
          if (persistency.spins[i] == 0) continue;
          ASSERT_EQ(persistency.spins[i], state[i]);
        }
      fixed += persistency.fixed;
    }
  EXPECT_GT(fixed, 200);  // of 1040
}

// Ferromagnetic couplings are submodular: the bound is tight and, for a unique ground state, all spins are
// fixed.
TEST(RoofDuality, SolvesFerromagnetsInRandomFields) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Stream random(Seed{seed}, lane("fields"));
    std::vector<double> fields;
    std::vector<Coupling> couplings;
    for (Index i = 0; i < 12; ++i) {
      fields.push_back(normal(random));
      for (Index j = i + 1; j < 12; ++j)
        if (uniform(random) < 0.3) couplings.push_back({i, j, -uniform(random)});
    }
    const IsingModel model(fields, couplings);
    const Persistency persistency = roof_duality(model);
    EXPECT_NEAR(persistency.lower_bound, exact_enumeration(model).energy, 1e-9);
    EXPECT_EQ(persistency.fixed, 12);
    EXPECT_NEAR(model.energy(persistency.spins), persistency.lower_bound, 1e-9);
  }
}

TEST(RoofDuality, NothingIsPersistentWithoutFields) {
  EXPECT_EQ(roof_duality(test::torus(5, 5, 1)).fixed, 0);
  EXPECT_EQ(roof_duality(IsingModel({}, {}, 1.5)).lower_bound, 1.5);
}

}  // namespace
}  // namespace lehr::spin
