#include "lehr/spin/branch_and_bound.hpp"

#include <gtest/gtest.h>

#include "lehr/core/errors.hpp"
#include "lehr/spin/exact_enumeration.hpp"
#include "lehr/spin/variable_elimination.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::Family;
using test::random_model;

TEST(BranchAndBound, AgreesWithEnumeration) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    for (const Family& family : {Family{.size = 20}, Family{.size = 20, .fields = false},
                                 Family{.size = 20, .density = 0.3, .integers = true}}) {
      const IsingModel model = random_model(family, seed);
      const BranchAndBoundResult found = branch_and_bound(model);
      EXPECT_NEAR(found.energy, exact_enumeration(model).energy, 1e-9);
      EXPECT_LT(found.nodes, 20000);
    }
}

TEST(BranchAndBound, AgreesWithVariableElimination) {
  const IsingModel model = test::torus(6, 8, 4);
  EXPECT_DOUBLE_EQ(branch_and_bound(model).energy, eliminate_for_ground(model).energy);
}

TEST(BranchAndBound, EdgeCases) {
  EXPECT_EQ(branch_and_bound(IsingModel({}, {}, 1.5)).energy, 1.5);
  EXPECT_EQ(branch_and_bound(IsingModel({0.5}, {})).energy, -0.5);
  EXPECT_EQ(branch_and_bound(IsingModel({0, 0, 0}, {})).energy, 0);
  EXPECT_THROW(branch_and_bound(random_model({.size = 65, .density = 0.1}, 1)), InvalidInput);
  EXPECT_THROW(branch_and_bound(random_model({.size = 40}, 1), 100), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
