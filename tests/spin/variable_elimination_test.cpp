#include "lehr/spin/variable_elimination.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/spin/exact_enumeration.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::Family;
using test::random_model;

IsingModel grid(Index rows, Index columns) {
  std::vector<Coupling> couplings;
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) {
      if (c + 1 < columns) couplings.push_back({r * columns + c, r * columns + c + 1, -1});
      if (r + 1 < rows) couplings.push_back({r * columns + c, (r + 1) * columns + c, -1});
    }
  return {std::vector<double>(static_cast<std::size_t>(rows * columns), 0.0), couplings};
}

TEST(EliminationOrder, WidthsOfKnownGraphs) {
  std::vector<Coupling> star, complete;
  for (Index i = 1; i < 2000; ++i) star.push_back({0, i, 1.0});
  for (Index i = 0; i < 9; ++i)
    for (Index j = i + 1; j < 9; ++j) complete.push_back({i, j, 1.0});
  EXPECT_EQ(elimination_order(IsingModel(std::vector<double>(2000, 0.0), star), 25).width, 1);
  EXPECT_EQ(elimination_order(IsingModel(std::vector<double>(9, 0.0), complete), 25).width, 8);
  EXPECT_EQ(elimination_order(grid(1, 50), 25).width, 1);
  const EliminationOrder patch = elimination_order(grid(6, 30), 25);
  EXPECT_TRUE(patch.complete);
  EXPECT_GE(patch.width, 6);  // the tree-width
  EXPECT_LE(patch.width, 7);
  EXPECT_EQ(patch.order.size(), 180U);
  EXPECT_FALSE(elimination_order(IsingModel(std::vector<double>(9, 0.0), complete), 7).complete);
}

TEST(VariableElimination, AgreesWithEnumeration) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed)
    for (const Family& family : {Family{.size = 14}, Family{.size = 16, .density = 0.2, .integers = true},
                                 Family{.size = 16, .density = 0.15, .fields = false, .integers = true}}) {
      const IsingModel model = random_model(family, seed);
      const GroundStates truth = exact_enumeration(model);
      const EliminatedGround ground = eliminate_for_ground(model);
      EXPECT_NEAR(ground.energy, truth.energy, 1e-10);
      EXPECT_EQ(ground.degeneracy, truth.degeneracy);
      EXPECT_NEAR(model.energy(ground.spins), truth.energy, 1e-10);
      for (const double beta : {0.0, 0.7, 5.0})
        EXPECT_NEAR(ExactSampler(model, beta).ln_z(), thermal_averages(model, beta).ln_z, 1e-9);
    }
}

// Tables of more than one row of 2^10 entries.
TEST(VariableElimination, WideTables) {
  const IsingModel model = random_model({.size = 18}, 3);
  EXPECT_EQ(elimination_order(model, 25).width, 17);
  const GroundStates truth = exact_enumeration(model);
  const EliminatedGround ground = eliminate_for_ground(model);
  EXPECT_NEAR(ground.energy, truth.energy, 1e-10);
  EXPECT_EQ(ground.degeneracy, truth.degeneracy);
  EXPECT_NEAR(ExactSampler(model, 0.3).ln_z(), thermal_averages(model, 0.3).ln_z, 1e-9);
}

// A ferromagnet has the two uniform ground states; n free spins have 2^n.
TEST(VariableElimination, CountsGroundStates) {
  EXPECT_EQ(eliminate_for_ground(grid(8, 12)).degeneracy, 2);
  EXPECT_EQ(eliminate_for_ground(IsingModel(std::vector<double>(40, 0.0), {})).degeneracy, std::exp2(40));
  EXPECT_EQ(eliminate_for_ground(IsingModel({}, {}, 2)).energy, 2);
}

TEST(VariableElimination, LongChainsAreAnalytic) {
  std::vector<Coupling> couplings;
  for (Index i = 0; i + 1 < 20000; ++i) couplings.push_back({i, i + 1, i % 2 == 0 ? 1.0 : -0.5});
  const IsingModel chain(std::vector<double>(20000, 0.0), couplings);
  EXPECT_NEAR(eliminate_for_ground(chain).energy, -(10000 + 9999 * 0.5), 1e-6);
  const double ln_z =
      std::log(2.0) + 10000 * std::log(2 * std::cosh(0.3)) + 9999 * std::log(2 * std::cosh(0.15));
  EXPECT_NEAR(ExactSampler(chain, 0.3).ln_z(), ln_z, 1e-6);
}

// Two copies of a patch that nothing joins.
TEST(VariableElimination, PartsMultiply) {
  const IsingModel one = grid(4, 4);
  std::vector<Coupling> couplings;
  for (Index i = 0; i < 16; ++i)
    for (std::size_t k = 0; k < one.neighbours(i).size(); ++k)
      if (one.neighbours(i)[k] > i)
        for (const Index shift : {0, 16})
          couplings.push_back({i + shift, one.neighbours(i)[k] + shift, one.weights(i)[k]});
  const IsingModel two(std::vector<double>(32, 0.0), couplings);
  EXPECT_NEAR(ExactSampler(two, 0.44).ln_z(), 2 * thermal_averages(one, 0.44).ln_z, 1e-10);
  EXPECT_EQ(eliminate_for_ground(two).degeneracy, 4);
}

TEST(VariableElimination, SamplesFollowTheBoltzmannDistribution) {
  const IsingModel model = random_model({.size = 6}, 2);
  const double beta = 0.7;
  const ExactSampler sampler(model, beta);
  const std::vector<double> energies = state_energies(model);
  std::vector<int> counts(64, 0);
  const int draws = 64000;
  Stream random(Seed{11}, lane("samples"));
  for (int k = 0; k < draws; ++k) {
    const Spins spins = sampler.sample(random);
    std::size_t bits = 0;
    for (std::size_t i = 0; i < 6; ++i) bits |= spins[i] > 0 ? std::size_t{1} << i : 0;
    ++counts[bits];
  }
  double chi_square = 0;
  for (std::size_t bits = 0; bits < 64; ++bits) {
    const double expected = draws * std::exp(-beta * energies[bits] - sampler.ln_z());
    chi_square += std::pow(counts[bits] - expected, 2) / expected;
  }
  // 63 degrees of freedom: mean 63, standard deviation 11.2; p = 0.001 at 103
  EXPECT_LT(chi_square, 103);
}

TEST(VariableElimination, WideModelsAreRefusedInOneLine) {
  const IsingModel model = random_model({.size = 60}, 1);
  try {
    eliminate_for_ground(model);
    FAIL();
  } catch (const InvalidInput& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("60 spins"), std::string::npos);
    EXPECT_NE(text.find("width above 25 (found 59)"), std::string::npos) << text;
  }
  EXPECT_THROW(ExactSampler(grid(2, 2), -1.0), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
