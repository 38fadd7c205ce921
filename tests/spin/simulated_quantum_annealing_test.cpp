#include "lehr/spin/simulated_quantum_annealing.hpp"

#include <gtest/gtest.h>

#include "lehr/spin/binned_means.hpp"
#include "tests/spin/reference_models.hpp"
#include "tests/spin/transverse_field_reference.hpp"

namespace lehr::spin {
namespace {

using namespace test;

// Trotter errors are of the order (Gamma / (P T))^2 of the energy, here (1 / 16)^2. Where the field is weak, slices
// are locked to each other so firmly that single flips do not reach the average in this time: clusters do.
TEST(SimulatedQuantumAnnealing, ReproducesThermalEnergies) {
  struct Case {
    double gamma;
    bool clusters;
    std::int64_t steps;
  };
  const IsingModel model = random_dense_model(8, 41, 0.3);
  for (const Case& test : {Case{0.4, true, 4000}, Case{1.0, true, 4000}, Case{1.0, false, 20'000}}) {
    SimulatedQuantumAnnealingOptions options{.reads = 4, .slices = 32, .clusters = test.clusters};
    options.field.gamma = test.gamma, options.field.temperature = 0.5, options.field.problem = 1.5;
    const SimulatedQuantumAnnealing method(model, options);
    BinnedMeans energy(1);
    Moment now{.seed = Seed{6}};
    auto state = method.start(now);
    for (; now.step < test.steps; ++now.step) {
      method.advance(state, now);
      if (now.step >= 300) energy.add(std::vector<double>{method.quantum_energy(state)});
    }
    const double expected = thermal_energy(model, 1.5, test.gamma, 0.5);
    SCOPED_TRACE(fmt::format("{} +- {}, exact {}", energy.mean(0), energy.error(0), expected));
    EXPECT_LT(3 * energy.error(0), 0.01 * std::abs(expected));
    EXPECT_NEAR(energy.mean(0), expected, 0.01 * std::abs(expected));
  }
}

TEST(SimulatedQuantumAnnealing, FindsGroundStates) {
  for (std::uint64_t instance = 0; instance < 5; ++instance) {
    const IsingModel model = random_dense_model(14, 200 + instance, 0.1);
    const std::vector<double> energies = all_energies(model);
    const SimulatedQuantumAnnealing method(model, {.reads = 4, .slices = 20});
    const auto run = drive(method, Budget::steps(150), Seed{instance});
    EXPECT_NEAR(*run.last.find("energy"), *std::ranges::min_element(energies), 1e-12);
    for (const Solution& solution : method.solutions(run.state).best())
      EXPECT_EQ(solution.energy, model.energy(solution.spins));
    const std::vector<double> slices = run.state.rings.energies();
    for (std::int64_t k = 0; k < 4 * 20; ++k)
      EXPECT_NEAR(slices[static_cast<std::size_t>(k)], model.energy(run.state.rings.spins(k / 20, k % 20)),
                  1e-5);
  }
}

TEST(SimulatedQuantumAnnealing, IsReproducible) {
  const IsingModel model = random_dense_model(20, 42, 0.2);
  expect_reproducible(SimulatedQuantumAnnealing(model, {.reads = 5, .slices = 10, .sweeps = 2}), 60, 25);
}

TEST(SimulatedQuantumAnnealing, EdgesWorkOrAreRefused) {
  const IsingModel none, zeros({0, 0}, {}), one({0.5}, {});
  EXPECT_THROW(SimulatedQuantumAnnealing{none}, InvalidInput);
  EXPECT_EQ(*drive(SimulatedQuantumAnnealing(zeros), Budget::steps(5), Seed{1}).last.find("energy"), 0);
  for (const std::int64_t slices : {1, 2, 3})
    EXPECT_EQ(
        *drive(SimulatedQuantumAnnealing(one, {.reads = 1, .slices = slices}), Budget::steps(50), Seed{1})
             .last.find("energy"),
        -0.5);
  SimulatedQuantumAnnealingOptions cold;
  cold.field.temperature = 0;
  EXPECT_THROW(drive(SimulatedQuantumAnnealing(one, cold), Budget::steps(5), Seed{1}), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
