#include "lehr/spin/continuous_time_annealing.hpp"

#include <gtest/gtest.h>

#include "lehr/spin/binned_means.hpp"
#include "tests/spin/reference_models.hpp"
#include "tests/spin/transverse_field_reference.hpp"

namespace lehr::spin {
namespace {

using namespace test;

TEST(ContinuousTimeAnnealing, ReproducesThermalEnergies) {
  const IsingModel model = random_dense_model(8, 41, 0.3);
  for (const double gamma : {0.4, 1.0}) {
    ContinuousTimeAnnealingOptions options{.reads = 4};
    options.field.gamma = gamma, options.field.temperature = 0.5, options.field.problem = 1.5;
    const ContinuousTimeAnnealing method(model, options);
    BinnedMeans energy(1);
    Moment now{.seed = Seed{6}};
    auto state = method.start(now);
    for (; now.step < 8000; ++now.step) {
      method.advance(state, now);
      if (now.step >= 300) energy.add(std::vector<double>{method.quantum_energy(state)});
    }
    const double expected = thermal_energy(model, 1.5, gamma, 0.5);
    SCOPED_TRACE(fmt::format("{} +- {}, exact {}", energy.mean(0), energy.error(0), expected));
    EXPECT_LT(3 * energy.error(0), 0.01 * std::abs(expected));
    EXPECT_NEAR(energy.mean(0), expected, 3 * energy.error(0));
  }
}

TEST(ContinuousTimeAnnealing, FindsGroundStates) {
  for (std::uint64_t instance = 0; instance < 5; ++instance) {
    const IsingModel model = random_dense_model(14, 200 + instance, 0.1);
    const std::vector<double> energies = all_energies(model);
    const ContinuousTimeAnnealing method(model, {.reads = 4});
    const auto run = drive(method, Budget::steps(200), Seed{instance});
    EXPECT_NEAR(*run.last.find("energy"), *std::ranges::min_element(energies), 1e-12);
    for (const Solution& solution : method.solutions(run.state).best())
      EXPECT_EQ(solution.energy, model.energy(solution.spins));
  }
}

TEST(ContinuousTimeAnnealing, IsReproducible) {
  const IsingModel model = random_dense_model(20, 42, 0.2);
  expect_reproducible(ContinuousTimeAnnealing(model, {.reads = 5}), 60, 25);
}

TEST(ContinuousTimeAnnealing, EdgesWorkOrAreRefused) {
  const IsingModel none, zeros({0, 0}, {}), one({0.5}, {});
  EXPECT_THROW(ContinuousTimeAnnealing{none}, InvalidInput);
  EXPECT_EQ(*drive(ContinuousTimeAnnealing(zeros), Budget::steps(5), Seed{1}).last.find("energy"), 0);
  EXPECT_EQ(*drive(ContinuousTimeAnnealing(one), Budget::steps(50), Seed{1}).last.find("energy"), -0.5);
  ContinuousTimeAnnealingOptions options;
  options.field.gamma = -1;
  EXPECT_THROW(drive(ContinuousTimeAnnealing(one, options), Budget::steps(5), Seed{1}), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
