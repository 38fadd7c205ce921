#include "lehr/spin/simulated_bifurcation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <vector>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/exact_enumeration.hpp"
#include "tests/core/test_files.hpp"
#include "tests/spin/instances.hpp"

namespace lehr::spin {
namespace {

using test::random_model;

double lowest(const SimulatedBifurcation& method, std::int64_t steps, Seed seed) {
  return method.solutions(drive(method, Budget::steps(steps), seed).state).best().front().energy;
}

TEST(SimulatedBifurcation, CouplingIsGotosRule) {
  // Couplings +-1 between all of 101 spins: rms(J) = 1.
  std::vector<Coupling> couplings;
  for (Index i = 0; i < 101; ++i)
    for (Index j = i + 1; j < 101; ++j) couplings.push_back({i, j, (i + j) % 2 == 0 ? 1.0 : -1.0});
  const IsingModel model(std::vector<double>(101, 0.0), couplings);
  EXPECT_NEAR(SimulatedBifurcation(model).coupling(), 0.5 / std::sqrt(101.0), 1e-12);
}

// One read, one step, two oscillators: by hand.
TEST(SimulatedBifurcation, OneStepIsTheSymplecticEulerRule) {
  const IsingModel model({0, 0}, std::vector<Coupling>{{0, 1, 2.0}});
  const float x0 = 0.5F, x1 = -0.25F, y0 = 0.125F, y1 = 0.75F;
  for (const std::string variant : {"adiabatic", "ballistic", "discrete"}) {
    SimulatedBifurcationOptions options{
        .variant = variant, .reads = 1, .pump = 0.25, .dt = 0.5, .coupling = 0.1};
    const SimulatedBifurcation method(model, options);
    Moment now;
    now.steps = 10;
    auto state = method.start(now);
    state.positions[0] = x0, state.positions[32] = x1;
    state.momenta[0] = y0, state.momenta[32] = y1;
    method.advance(state, now);

    const bool adiabatic = variant == "adiabatic", discrete = variant == "discrete";
    const double f0 = -2.0 * (discrete ? -1.0 : x1), f1 = -2.0 * (discrete ? 1.0 : x0);
    const auto kick = [&](double x, double y, double force) {
      return y + 0.5 * (-(1 - 0.25) * x - (adiabatic ? x * x * x : 0) + 0.1 * force);
    };
    double expected_y0 = kick(x0, y0, f0), expected_y1 = kick(x1, y1, f1);
    double expected_x0 = x0 + 0.5 * expected_y0, expected_x1 = x1 + 0.5 * expected_y1;
    EXPECT_NEAR(state.momenta[0], expected_y0, 1e-6) << variant;
    EXPECT_NEAR(state.momenta[32], expected_y1, 1e-6) << variant;
    EXPECT_NEAR(state.positions[0], expected_x0, 1e-6) << variant;
    EXPECT_NEAR(state.positions[32], expected_x1, 1e-6) << variant;
  }
}

TEST(SimulatedBifurcation, WallsStopTheOscillators) {
  const IsingModel model({0, 0}, std::vector<Coupling>{{0, 1, 1.0}});
  const SimulatedBifurcation method(model, {.variant = "ballistic", .reads = 1, .dt = 1});
  Moment now;
  now.steps = 10;
  auto state = method.start(now);
  state.positions[0] = 0.9F, state.momenta[0] = 2.0F;
  method.advance(state, now);
  EXPECT_EQ(state.positions[0], 1.0F);
  EXPECT_EQ(state.momenta[0], 0.0F);
}

// Sherrington-Kirkpatrick with 20 spins, 10 instances, each variant: the best of 32 reads is the optimum.
TEST(SimulatedBifurcation, ReachesTheOptimumOfSmallGlasses) {
  for (const std::string variant : {"adiabatic", "ballistic", "discrete"}) {
    int reached = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const IsingModel model = random_model({.size = 20, .fields = false}, seed);
      const double optimum = exact_enumeration(model).energy;
      const SimulatedBifurcation method(model, {.variant = variant, .reads = 32});
      const double found = lowest(method, 400, Seed{seed});
      EXPECT_GE(found, optimum - 1e-9);
      reached += found <= optimum + 1e-9;
    }
    EXPECT_GE(reached, 9) << variant;
  }
}

TEST(SimulatedBifurcation, FieldsActThroughOneMoreOscillator) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const IsingModel model = random_model({.size = 16}, seed);
    const double optimum = exact_enumeration(model).energy;
    const double found =
        lowest(SimulatedBifurcation(model, {.reads = 64, .descent = false}), 400, Seed{seed});
    EXPECT_NEAR(found, optimum, 1e-9);
  }
}

TEST(SimulatedBifurcation, SparseAndDenseModelsAreSolvedAlike) {
  const IsingModel model = test::torus(10, 10, 3);  // sparse
  std::vector<Coupling> couplings;
  for (Index i = 0; i < 100; ++i)
    for (std::size_t k = 0; k < model.neighbours(i).size(); ++k)
      if (model.neighbours(i)[k] > i) couplings.push_back({i, model.neighbours(i)[k], model.weights(i)[k]});
  // The same instance, made dense by couplings too weak to matter.
  for (Index i = 0; i < 100; ++i)
    for (Index j = i + 1; j < 100; ++j) couplings.push_back({i, j, 1e-30});
  const IsingModel dense(std::vector<double>(100, 0.0), couplings);
  SimulatedBifurcationOptions options{.reads = 32, .coupling = 0.25};
  const auto a = drive(SimulatedBifurcation(model, options), Budget::steps(200), Seed{1});
  const auto b = drive(SimulatedBifurcation(dense, options), Budget::steps(200), Seed{1});
  for (std::size_t read = 0; read < 32; ++read)
    EXPECT_NEAR(a.state.best.energies[read], b.state.best.energies[read], 1e-9);
}

TEST(SimulatedBifurcation, SolvesTheStoredProblems) {
  for (const auto& [file, optimum, degeneracy] : test::stored_optima()) {
    const auto path = test::stored(file);
    if (!path) GTEST_SKIP() << "needs the shared data";
    const Problem problem = test::stored_problem(*path);
    const SimulatedBifurcation method(problem.ising);
    EXPECT_NEAR(problem.objective(lowest(method, 500, Seed{1})), optimum, 1e-6) << file;
  }
}

TEST(SimulatedBifurcation, FindsThePlantedState) {
  const auto path = test::stored("wishart_100_a1.ising");
  if (!path) GTEST_SKIP() << "needs the shared data";
  const Problem problem = test::stored_problem(*path);
  const double found = lowest(SimulatedBifurcation(problem.ising), 1000, Seed{1});
  EXPECT_NEAR(found, test::wishart_optimum, 1e-5);
}

TEST(SimulatedBifurcation, EdgeCases) {
  EXPECT_EQ(lowest(SimulatedBifurcation(IsingModel({}, {}, 1.5)), 2, Seed{1}), 1.5);
  EXPECT_EQ(lowest(SimulatedBifurcation(IsingModel({0.5}, {})), 20, Seed{1}), -0.5);
  EXPECT_EQ(lowest(SimulatedBifurcation(IsingModel({0, 0, 0}, {})), 20, Seed{1}), 0);
  EXPECT_THROW(SimulatedBifurcation(IsingModel(), {.variant = "quantum"}), InvalidInput);
  EXPECT_THROW(SimulatedBifurcation(IsingModel(), {.reads = 0}), InvalidInput);
}

TEST(SimulatedBifurcation, UnstableStepsAreReported) {
  const IsingModel model = random_model({.size = 10}, 1);
  const SimulatedBifurcation method(model, {.variant = "adiabatic", .dt = 2, .coupling = 100});
  EXPECT_THROW(drive(method, Budget::steps(200), Seed{1}), NumericalFailure);
}

TEST(SimulatedBifurcation, BitsDoNotDependOnThreadsOrResume) {
  for (const double density : {1.0, 0.05}) {
    const IsingModel model = random_model({.size = 90, .density = density}, 2);
    const SimulatedBifurcation method(model, {.reads = 70});
    std::vector<SimulatedBifurcation::State> states;
    for (const int threads : {1, 2, 8}) {
      set_threads(threads);
      states.push_back(drive(method, Budget::steps(40), Seed{3}).state);
    }
    set_threads(0);
    const lehr::test::TemporaryFolder scratch;
    const auto path = scratch / "lehr_simulated_bifurcation_test.safetensors";
    std::filesystem::remove(path);
    Observers observers;
    observers.checkpoints.path = path;
    observers.list.push_back(trace([](const Moment&, const Row&) {}));
    observers.list.push_back(
        {[](const Moment& now, const Row&) { return now.step == 24 ? Observer::stop_run : now.step + 1; },
         {}});
    drive(method, Budget::steps(40), Seed{3}, observers);
    observers.list.clear();
    states.push_back(drive(method, Budget::steps(40), Seed{3}, observers).state);
    std::filesystem::remove(path);
    for (const auto& other : states) {
      EXPECT_EQ(other.positions, states[0].positions);
      EXPECT_EQ(other.momenta, states[0].momenta);
      EXPECT_EQ(other.best.energies, states[0].best.energies);
      EXPECT_EQ(other.best.spins, states[0].best.spins);
    }
  }
}

}  // namespace
}  // namespace lehr::spin
