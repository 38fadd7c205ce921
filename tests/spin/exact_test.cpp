#include "lehr/spin/exact.hpp"

#include <gtest/gtest.h>

#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/spin/exact_enumeration.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::random_model;

TEST(Exact, ChoosesTheCheapestRoute) {
  EXPECT_EQ(solve_exactly(random_model({.size = 20}, 1)).route, "enumeration");
  const ExactResult torus = solve_exactly(test::torus(6, 50, 2));
  EXPECT_EQ(torus.route, "elimination");
  EXPECT_GT(torus.degeneracy, 1);
  EXPECT_LE(torus.width, 14);
  const ExactResult dense = solve_exactly(random_model({.size = 40}, 1));
  EXPECT_EQ(dense.route, "branch_and_bound");
  EXPECT_GT(dense.nodes, 0);
}

TEST(Exact, AllRoutesAgree) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const IsingModel model = random_model({.size = 22, .density = 0.4, .integers = true}, seed);
    const double truth = exact_enumeration(model).energy;
    for (const std::string route : {"auto", "elimination", "enumeration", "branch_and_bound"}) {
      const ExactResult result = solve_exactly(model, {.route = route});
      EXPECT_EQ(result.energy, truth) << route;
      EXPECT_EQ(model.energy(result.spins), truth) << route;
    }
  }
}

// Many small dense parts, together far too many for one enumeration.
TEST(Exact, PartsAreSolvedOneByOne) {
  const IsingModel one = random_model({.size = 30}, 1);
  std::vector<double> fields;
  std::vector<Coupling> couplings;
  for (Index copy = 0; copy < 4; ++copy)
    for (Index i = 0; i < 30; ++i) {
      fields.push_back(one.field(i));
      for (std::size_t k = 0; k < one.neighbours(i).size(); ++k)
        if (one.neighbours(i)[k] > i)
          couplings.push_back({30 * copy + i, 30 * copy + one.neighbours(i)[k], one.weights(i)[k]});
    }
  const ExactResult result = solve_exactly(IsingModel(fields, couplings));
  EXPECT_NEAR(result.energy, 4 * (solve_exactly(one).energy - one.offset()), 1e-8);
}

TEST(Exact, TheLimitIsOneClearLine) {
  try {
    solve_exactly(random_model({.size = 100}, 1));
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_STREQ(
        error.what(),
        "exact: 100 spins are too many: enumeration takes 36, variable elimination a width of 25 (found 99), "
        "branch and bound 64 spins in each part that reductions leave (found 100)");
  }
}

}  // namespace
}  // namespace lehr::spin
