#include "lehr/spin/population_annealing.hpp"

#include <gtest/gtest.h>

#include "tests/spin/instances.hpp"
#include "tests/spin/reference_models.hpp"

namespace lehr::spin {
namespace {

using namespace test;
using Method = PopulationAnnealing<IsingFlips>;
using InLanes = PopulationAnnealing<IsingModel>;

// Couplings +1, 0 and -1, which fit bytes.
IsingModel integer_model(Index n, std::uint64_t seed) {
  return random_model({.size = n, .density = 0.4, .integers = true, .largest = 1}, seed);
}

template <class M>
void expect_exact_free_energy(const PopulationAnnealing<M>& method, const std::vector<double>& energies) {
  const auto run = drive(method, Budget::steps(1000), Seed{1});
  EXPECT_EQ(run.why, Stop::finished);
  const PopulationStep& last = run.state.steps.back();
  EXPECT_EQ(last.beta, 1);
  EXPECT_NEAR(last.log_z, exact_log_z(energies, 1), 0.02);
  EXPECT_LT(last.energy_error, 0.03);
  const PopulationStep& middle = run.state.steps[run.state.steps.size() / 2];
  for (const PopulationStep& step : {middle, last})
    EXPECT_NEAR(step.energy, exact_energy(energies, step.beta), 3 * step.energy_error) << step.beta;
  EXPECT_NEAR(middle.log_z, exact_log_z(energies, middle.beta), 3 * middle.log_z_error);
  EXPECT_EQ(run.used.evaluations, 20'000 * 5 * run.used.steps);
}

TEST(PopulationAnnealing, FreeEnergyIsExact) {
  const PopulationAnnealingOptions options{.population = 20'000, .sweeps = 5, .beta_max = 1.0};
  const IsingModel model = random_dense_model(20, 31, 0.2), integers = integer_model(18, 31);
  const IsingFlips flips(model);
  expect_exact_free_energy(Method(flips, options), all_energies(model));
  expect_exact_free_energy(InLanes(model, options), all_energies(model));
  expect_exact_free_energy(InLanes(integers, options), all_energies(integers));
}

// Populations are samples of Boltzmann's law at every temperature that they pass.
TEST(PopulationAnnealing, LanesSampleBoltzmann) {
  const IsingModel model = integer_model(9, 35);
  const InLanes method(model, {.population = 50'000, .sweeps = 10, .beta_max = 0.6});
  const auto run = drive(method, Budget::steps(1000), Seed{4});
  std::vector<double> counts(512);
  for (std::size_t j = 0; j < 50'000; ++j) ++counts[state_of(run.state.copies.spins(j))];
  EXPECT_GT(boltzmann_p(all_energies(model), 0.6, counts), 0.01);
}

TEST(PopulationAnnealing, StepsKeepTheEffectiveShareOrTheOverlap) {
  const IsingModel model = random_dense_model(20, 32);
  const IsingFlips flips(model);
  const auto betas = [&](PopulationAnnealingOptions options) {
    options.population = 500, options.sweeps = 2;
    std::vector<double> path;
    for (const auto& step : drive(Method(flips, options), Budget::steps(500), Seed{2}).state.steps)
      path.push_back(step.beta);
    EXPECT_TRUE(std::ranges::is_sorted(path));
    EXPECT_EQ(path.back(), 3);
    return path;
  };
  const auto share = betas({.beta_max = 3.0}),
             coarse = betas({.beta = Control::parse("ess_tempering(target=0.5, to=3)")});
  const auto overlap = betas({.beta_max = 3.0, .overlap = 0.85});
  EXPECT_GT(share.size(), 2 * coarse.size() - 4);
  // Weights of standard deviation s have ESS / R = e^{-s^2} and overlap erfc(s / sqrt 8): 0.9 and 0.85 stand
  // for s = 0.325 and 0.378.
  EXPECT_NEAR(static_cast<double>(share.size()) / static_cast<double>(overlap.size()), 0.378 / 0.325, 0.25);
}

TEST(PopulationAnnealing, FollowsAScheduleToItsEnd) {
  const IsingModel model = random_dense_model(20, 33);
  const IsingFlips flips(model);
  const Method method(flips, {.population = 200, .beta = Control::parse("linear(from=0, to=2)")});
  const auto run = drive(method, Budget::steps(16), Seed{2});
  ASSERT_EQ(run.state.steps.size(), 17u);
  for (std::size_t k = 0; k <= 16; ++k) EXPECT_DOUBLE_EQ(run.state.steps[k].beta, 2.0 * double(k) / 16);
}

// The ferromagnetic ring has two ground states.
template <class M>
void expect_two_ground_states(const PopulationAnnealing<M>& method, double energy) {
  const auto run = drive(method, Budget::steps(1000), Seed{2});
  EXPECT_EQ(run.state.best.energies[0], energy);
  EXPECT_NEAR(method.log_ground_states(run.state), std::log(2.0), 3 * run.state.steps.back().log_z_error);
  EXPECT_LT(run.state.steps.back().log_z_error, 0.1);
  EXPECT_EQ(method.solutions(run.state).best().at(0).energy, energy);
}

TEST(PopulationAnnealing, CountsGroundStates) {
  const auto ring = [](double J) {
    std::vector<Coupling> couplings;
    for (Index i = 0; i < 10; ++i) couplings.push_back({i, (i + 1) % 10, J});
    return IsingModel(std::vector<double>(10, 0.0), couplings);
  };
  const PopulationAnnealingOptions options{.population = 5000, .beta_max = 3.0};
  const IsingModel whole = ring(-1), third = ring(-1.0 / 3 - 1);
  const IsingFlips flips(whole);
  expect_two_ground_states(Method(flips, options), -10);
  expect_two_ground_states(InLanes(whole, options), -10);
  expect_two_ground_states(InLanes(third, options), third.energy(Spins(10, 1)));
}

TEST(PopulationAnnealing, RunsAreAveragedByTheirWeights) {
  const std::vector<double> log_z{1000 + std::log(1.0), 1000 + std::log(3.0)}, values{2, 6};
  const WeightedAverage average = weighted_average(log_z, values);
  EXPECT_NEAR(average.value, 5, 1e-12);
  EXPECT_NEAR(average.log_z, 1000 + std::log(2.0), 1e-12);
  // Leaving one out gives 6 and 2: sqrt(1/2 (1 + 9)).
  EXPECT_NEAR(average.error, std::sqrt(5.0), 1e-12);
  EXPECT_TRUE(std::isnan(weighted_average(std::vector<double>{1}, std::vector<double>{1}).error));
  EXPECT_THROW(weighted_average({}, {}), InvalidInput);
}

TEST(PopulationAnnealing, IsReproducible) {
  const IsingModel model = random_dense_model(30, 34, 0.2);
  const IsingFlips flips(model);
  expect_reproducible(Method(flips, {.population = 300, .sweeps = 3, .beta_max = 4.0}), 500, 6);
}

TEST(PopulationAnnealing, LanesAreReproducible) {
  const IsingModel model = random_dense_model(30, 34, 0.2), integers = integer_model(30, 34);
  for (const IsingModel& each : {model, integers}) {
    expect_reproducible(InLanes(each, {.population = 300, .sweeps = 3, .beta_max = 4.0}), 500, 6);
    expect_reproducible(InLanes(each, {.population = 5, .sweeps = 3, .beta_max = 4.0}), 500, 3);
  }
}

TEST(PopulationAnnealing, EdgesWorkOrAreRefused) {
  const IsingModel none, zeros({0, 0, 0}, {});
  const IsingFlips no_flips(none), zero_flips(zeros);
  EXPECT_THROW(Method{no_flips}, InvalidInput);
  const auto run = drive(Method(zero_flips, {.population = 10}), Budget::steps(20), Seed{1});
  EXPECT_EQ(run.used.steps, 1);
  EXPECT_NEAR(run.state.steps.back().log_z, 3 * std::log(2.0), 1e-12);
  EXPECT_THROW(Method(zero_flips, {.beta = Control(1), .overlap = 0.8}), InvalidInput);
  EXPECT_THROW(Method(zero_flips, {.population = 1}), InvalidInput);
  EXPECT_THROW(Method(zero_flips, {.beta = Control::parse("acceptance_rate()")}), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
