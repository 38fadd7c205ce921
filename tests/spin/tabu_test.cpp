#include "lehr/spin/tabu.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/branch_and_bound.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::random_model;

TEST(Tabu, DefaultsFollowTheSizeOfTheModel) {
  const IsingModel forty = random_model({.size = 40}, 1);
  const IsingModel many = random_model({.size = 600, .density = 0.01}, 1);
  const Tabu small(forty), large(many);
  EXPECT_EQ(small.options().tenure, 10);
  EXPECT_EQ(small.options().iterations, 12'500);  // 500000 looks at 40 flips each
  EXPECT_EQ(large.options().tenure, 20);
  EXPECT_EQ(large.options().iterations, 25'000);
  EXPECT_EQ(large.options().restart_iterations, 6'250);
}

// OR-Library's recipe: density 0.1, integers in [-100, 100], maximise.
TEST(Tabu, AgreesWithBranchAndBoundOnQuadraticProblems) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Stream random(Seed{seed}, lane("bqp"));
    std::vector<double> linear;
    std::vector<Coupling> quadratic;
    for (Index i = 0; i < 50; ++i) {
      linear.push_back(static_cast<double>(uniform_index(random, 201) - 100));
      for (Index j = i + 1; j < 50; ++j)
        if (uniform(random) < 0.1)
          quadratic.push_back({i, j, 2.0 * static_cast<double>(uniform_index(random, 201) - 100)});
    }
    const Problem problem = qubo_problem(linear, quadratic, 0, true);
    const BranchAndBoundResult exact = branch_and_bound(problem.ising);
    const auto run = drive(Tabu(problem.ising), Budget::steps(5), Seed{seed});
    EXPECT_DOUBLE_EQ(problem.objective(*run.last.find("energy")), problem.objective(exact.energy));
  }
}

TEST(Tabu, SolvesTheStoredProblems) {
  for (const auto& [file, optimum, degeneracy] : test::stored_optima()) {
    const auto path = test::stored(file);
    if (!path) GTEST_SKIP() << "needs the shared data";
    const Problem problem = test::stored_problem(*path);
    const auto run = drive(Tabu(problem.ising), Budget::steps(3), Seed{1});
    EXPECT_NEAR(problem.objective(*run.last.find("energy")), optimum, 1e-6) << file;
  }
}

TEST(Tabu, FindsThePlantedStateWithinASecond) {
  const auto path = test::stored("wishart_100_a1.ising");
  if (!path) GTEST_SKIP() << "needs the shared data";
  const Problem problem = test::stored_problem(*path);
  const Tabu tabu(problem.ising, {.iterations = 20'000, .restart_iterations = 20'000, .block = 5'000});
  const auto run =
      drive(tabu, Budget::target("energy", test::wishart_optimum + 1e-5) | Budget::steps(400), Seed{1});
  EXPECT_EQ(run.why, Stop::target);
  EXPECT_NEAR(*run.last.find("energy"), test::wishart_optimum, 1e-5);  // never below
}

TEST(Tabu, AllKindsOfModelsReachTheBruteForceOptimum) {
  for (const bool integers : {false, true}) {
    const IsingModel model = random_model({.size = 14, .integers = integers}, 9);
    const std::vector<double> energies = test::brute_force(model);
    const auto run = drive(Tabu(model, {.reads = 2, .block = 2'000}), Budget::steps(2), Seed{1});
    EXPECT_NEAR(*run.last.find("energy"), *std::ranges::min_element(energies), 1e-9);
  }
}

// Couplings without frustration: the hidden state satisfies all of them.
TEST(Tabu, LargeSparseModelsOfKnownOptimum) {
  Stream random(Seed{6}, lane("gauge"));
  Spins hidden(1000);
  randomise(hidden, random);
  for (const double unit : {1.0, 0.37}) {  // buckets, tree
    std::vector<Coupling> couplings;
    for (int k = 0; k < 4000; ++k) {
      const auto i = static_cast<Index>(uniform_index(random, 1000)),
                 j = static_cast<Index>(uniform_index(random, 1000));
      if (i != j)
        couplings.push_back(
            {i, j, -unit * hidden[static_cast<std::size_t>(i)] * hidden[static_cast<std::size_t>(j)]});
    }
    const IsingModel model(std::vector<double>(1000, 0.0), couplings);
    const auto run = drive(Tabu(model, {.reads = 2}), Budget::steps(3), Seed{1});
    EXPECT_NEAR(*run.last.find("energy"), model.energy(hidden), 1e-9);
  }
}

TEST(Tabu, EdgeCases) {
  EXPECT_EQ(*drive(Tabu(IsingModel({}, {}, 1.5)), Budget::steps(2), Seed{1}).last.find("energy"), 1.5);
  EXPECT_EQ(*drive(Tabu(IsingModel({0.5}, {})), Budget::steps(2), Seed{1}).last.find("energy"), -0.5);
  EXPECT_EQ(*drive(Tabu(IsingModel({0, 0, 0}, {})), Budget::steps(2), Seed{1}).last.find("energy"), 0);
  EXPECT_THROW(Tabu(IsingModel(), {.reads = 0}), InvalidInput);
  EXPECT_THROW(Tabu(IsingModel(), {.perturbation = 1.5}), InvalidInput);
}

class TabuBits : public ::testing::TestWithParam<test::Family> {};

TEST_P(TabuBits, DoNotDependOnThreadsOrResume) {
  const IsingModel model = random_model(GetParam(), 4);
  const Tabu tabu(model, {.reads = 5, .iterations = 1000, .restart_iterations = 500, .block = 500});
  std::vector<Tabu::State> states;
  for (const int threads : {1, 2, 8}) {
    set_threads(threads);
    states.push_back(drive(tabu, Budget::steps(6), Seed{3}).state);
  }
  set_threads(0);
  const lehr::test::TemporaryFolder scratch;
  const auto path = scratch / "lehr_tabu_test.safetensors";
  std::filesystem::remove(path);
  Observers observers;
  observers.checkpoints.path = path;
  drive(tabu, Budget::steps(3), Seed{3}, observers);
  states.push_back(drive(tabu, Budget::steps(6), Seed{3}, observers).state);
  std::filesystem::remove(path);
  for (const Tabu::State& other : states) {
    EXPECT_EQ(other.spins, states[0].spins);
    EXPECT_EQ(other.tabu, states[0].tabu);
    EXPECT_EQ(other.best.spins, states[0].best.spins);
    EXPECT_EQ(other.best.energies, states[0].best.energies);
  }
  EXPECT_GT(states[0].starts[0], 1);
}

INSTANTIATE_TEST_SUITE_P(Kinds, TabuBits,
                         ::testing::Values(test::Family{.size = 50},
                                           test::Family{.size = 50, .integers = true},
                                           test::Family{.size = 300, .density = 0.02},
                                           test::Family{.size = 300, .density = 0.02, .integers = true}));

}  // namespace
}  // namespace lehr::spin
