#include "lehr/spin/exact_enumeration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::Family;
using test::random_model;

TEST(ExactEnumeration, EnergiesOfAllStatesAreThoseOfTheModel) {
  for (const Family& family : {Family{.size = 11}, Family{.size = 11, .density = 0.3, .integers = true}}) {
    const IsingModel model = random_model(family, 3);
    const std::vector<double> energies = state_energies(model), truth = test::brute_force(model);
    ASSERT_EQ(energies.size(), truth.size());
    for (std::size_t k = 0; k < truth.size(); ++k) ASSERT_NEAR(energies[k], truth[k], 1e-11);
  }
}

// Sizes below, at and above the table of 2^12 states; with and without fields.
TEST(ExactEnumeration, FindsAndCountsTheGroundStates) {
  for (const Index size : {1, 2, 5, 11, 12, 13, 14, 18})
    for (const bool fields : {false, true})
      for (const bool integers : {false, true}) {
        const IsingModel model = random_model({.size = size, .fields = fields, .integers = integers}, 5);
        const std::vector<double> energies = state_energies(model);
        const double lowest = *std::ranges::min_element(energies);
        const auto count = std::ranges::count_if(energies, [&](double e) { return e <= lowest + 1e-9; });
        const GroundStates ground = exact_enumeration(model, 1000);
        EXPECT_NEAR(ground.energy, lowest, 1e-10);
        EXPECT_EQ(ground.degeneracy, static_cast<double>(count)) << size << fields << integers;
        EXPECT_EQ(ground.states.size(), static_cast<std::size_t>(count));
        std::set<Spins> distinct;
        for (const Spins& spins : ground.states) {
          EXPECT_NEAR(model.energy(spins), lowest, 1e-9);
          distinct.insert(spins);
        }
        EXPECT_EQ(distinct.size(), ground.states.size());
      }
}

TEST(ExactEnumeration, MatchesTheCertifiedOptima) {
  for (const auto& [file, optimum, degeneracy] : test::stored_optima()) {
    const auto path = test::stored(file);
    if (!path) GTEST_SKIP() << "needs the shared data";
    const Problem problem = test::stored_problem(*path);
    const GroundStates ground = exact_enumeration(problem.ising);
    EXPECT_NEAR(problem.objective(ground.energy), optimum, 1e-6) << file;
    EXPECT_EQ(ground.degeneracy, degeneracy) << file;
  }
}

TEST(ExactEnumeration, ModelsWithoutWeights) {
  EXPECT_EQ(exact_enumeration(IsingModel({}, {}, 1.5)).energy, 1.5);
  EXPECT_EQ(exact_enumeration(IsingModel({}, {}, 1.5)).degeneracy, 1);
  const GroundStates flat = exact_enumeration(IsingModel(std::vector<double>(15, 0.0), {}), 3);
  EXPECT_EQ(flat.degeneracy, 32768);
  EXPECT_EQ(flat.states.size(), 3U);
}

TEST(ExactEnumeration, TooManySpinsAreRefusedInOneLine) {
  const IsingModel model(std::vector<double>(37, 0.0), {});
  try {
    exact_enumeration(model);
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_STREQ(error.what(), "exact enumeration: at most 36 spins can be enumerated, the model has 37");
  }
  EXPECT_THROW(state_energies(model), InvalidInput);
}

TEST(ExactEnumeration, DoesNotDependOnThreads) {
  const IsingModel model = random_model({.size = 20, .density = 0.3, .integers = true}, 2);
  set_threads(1);
  const GroundStates one = exact_enumeration(model, 50);
  set_threads(8);
  const GroundStates eight = exact_enumeration(model, 50);
  set_threads(0);
  EXPECT_EQ(one.states, eight.states);
  EXPECT_EQ(one.degeneracy, eight.degeneracy);
}

// A chain of n spins: Z = 2 (2 cosh beta J)^(n-1), <H> = -(n-1) J tanh beta J with energy -J per satisfied
// bond.
TEST(ThermalAverages, OfAChainAreAnalytic) {
  std::vector<Coupling> couplings;
  for (Index i = 0; i + 1 < 10; ++i) couplings.push_back({i, i + 1, -0.8});
  const IsingModel chain(std::vector<double>(10, 0.0), couplings);
  for (const double beta : {0.0, 0.5, 2.0}) {
    const ThermalAverages averages = thermal_averages(chain, beta);
    EXPECT_NEAR(averages.ln_z, std::log(2.0) + 9 * std::log(2 * std::cosh(0.8 * beta)), 1e-10);
    EXPECT_NEAR(averages.energy, -9 * 0.8 * std::tanh(0.8 * beta), 1e-10);
    EXPECT_NEAR(averages.energy_variance, 9 * 0.64 / std::pow(std::cosh(0.8 * beta), 2), 1e-9);
    for (const double spin : averages.spins) EXPECT_NEAR(spin, 0, 1e-12);
  }
  EXPECT_THROW(thermal_averages(chain, -1), InvalidInput);
}

TEST(DensityOfStates, OfAChainIsBinomial) {
  std::vector<Coupling> couplings;
  for (Index i = 0; i + 1 < 7; ++i) couplings.push_back({i, i + 1, 0.1});
  const auto density = density_of_states(IsingModel(std::vector<double>(7, 0.0), couplings));
  const std::vector<double> binomial{1, 6, 15, 20, 15, 6, 1};
  ASSERT_EQ(density.size(), 7U);
  std::size_t k = 0;
  for (const auto& [energy, count] : density) {
    EXPECT_NEAR(energy, -0.6 + 0.2 * static_cast<double>(k), 1e-9);
    EXPECT_EQ(count, 2 * binomial[k++]);
  }
}

}  // namespace
}  // namespace lehr::spin
