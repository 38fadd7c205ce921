#include "lehr/spin/parallel_tempering.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numbers>

#include "lehr/spin/parallel_tempering-inl.hpp"
#include "tests/spin/instances.hpp"
#include "tests/spin/reference_models.hpp"

namespace lehr::spin {
namespace {

using namespace test;
using InLanes = ParallelTempering<IsingModel>;

// Couplings and fields +1, 0 and -1, which fit bytes.
IsingModel integer_model(Index n, std::uint64_t seed) {
  return random_model({.size = n, .density = 0.5, .integers = true, .largest = 1}, seed);
}

double cut_of_unit_torus(const IsingModel& model, double energy) {
  return (static_cast<double>(model.couplings()) - energy) / 2;
}

// Samples at the third of four temperatures, ten sweeps apart.
template <class M>
std::vector<double> third_temperature(const ParallelTempering<M>& method, Index n, std::int64_t steps) {
  std::vector<double> counts(std::size_t{1} << n);
  Moment now{.seed = Seed{5}};
  auto state = method.start(now);
  for (; now.step < steps; ++now.step) {
    method.advance(state, now);
    for (std::int64_t set = 0; set < state.ladder.sets(); ++set)
      ++counts[state_of(state.replicas.spins(static_cast<std::size_t>(state.ladder.replica(set, 2))))];
  }
  return counts;
}

// 40000 samples; the same counts reject beta off by 0.03.
TEST(ParallelTempering, SamplesBoltzmannsLaw) {
  const IsingModel model = random_dense_model(12, 21, 0.3);
  const IsingFlips flips(model);
  const std::vector<double> energies = all_energies(model);
  for (const bool houdayer : {false, true}) {
    const ParallelTempering<IsingFlips> method(
        flips,
        {.betas = {0.2, 0.45, 0.7, 1.0}, .sets = 2, .sweeps = 10, .tuning = "none", .houdayer = houdayer});
    const std::vector<double> counts = third_temperature(method, 12, 20'000);
    SCOPED_TRACE(houdayer);
    EXPECT_GT(boltzmann_p(energies, 0.7, counts), 0.01);
    EXPECT_LT(boltzmann_p(energies, 0.73, counts), 1e-4);
  }
}

// Few and many replicas, of integer and of real weights: one by one, and in lanes of both kinds.
TEST(ParallelTempering, LanesSampleBoltzmannsLaw) {
  const IsingModel real = random_dense_model(10, 21, 0.3), integers = integer_model(10, 21);
  for (const std::int64_t sets : {1, 10})
    for (const char* rule : {"heat_bath", "metropolis"}) {
      SCOPED_TRACE(fmt::format("{} {}", sets, rule));
      const ParallelTemperingOptions options{
          .betas = {0.2, 0.45, 0.7, 1.0}, .sets = sets, .sweeps = 10, .rule = rule, .tuning = "none"};
      ParallelTemperingOptions hotter = options;
      hotter.betas = {0, 0.1, 0.25, 0.4};
      const std::int64_t steps = 20'000 / sets;
      EXPECT_GT(boltzmann_p(all_energies(real), 0.7, third_temperature(InLanes(real, options), 10, steps)),
                0.01);
      EXPECT_GT(
          boltzmann_p(all_energies(integers), 0.25, third_temperature(InLanes(integers, hotter), 10, steps)),
          0.01);
    }
}

template <class M>
void expect_exact_averages(const ParallelTempering<M>& method, const std::vector<double>& energies) {
  const auto run = drive(method, Budget::steps(60'000), Seed{3});
  const TemperingReport report = method.report(run.state);
  ASSERT_EQ(report.temperatures.size(), 4u);
  EXPECT_EQ(report.steps, 48'000);
  EXPECT_GT(report.round_trips, 100);
  for (const TemperatureReport& at : report.temperatures) {
    SCOPED_TRACE(at.beta);
    EXPECT_LT(at.energy_error, 0.03);
    EXPECT_NEAR(at.energy, exact_energy(energies, at.beta), 3 * at.energy_error);
    EXPECT_LT(at.log_z_error, 0.03);
    EXPECT_NEAR(at.log_z, exact_log_z(energies, at.beta), 3 * at.log_z_error);
    const double step = 1e-4;
    const double slope =
        (exact_energy(energies, at.beta + step) - exact_energy(energies, at.beta - step)) / (2 * step);
    EXPECT_NEAR(at.heat_capacity, -at.beta * at.beta * slope, 0.05);
    EXPECT_GT(at.acceptance, 0.02);
    EXPECT_LT(at.acceptance, 0.5);
  }
}

TEST(ParallelTempering, ReportsExactAverages) {
  const ParallelTemperingOptions options{.betas = {0.3, 0.6, 1.0, 1.5}, .sets = 2};
  const IsingModel model = random_dense_model(12, 22, 0.3);
  const IsingFlips flips(model);
  expect_exact_averages(ParallelTempering<IsingFlips>(flips, options), all_energies(model));
  expect_exact_averages(InLanes(model, options), all_energies(model));
}

// Onsager's energies of the infinite lattice; at 64^2 and these temperatures the difference is below 1e-4.
TEST(ParallelTempering, ReproducesOnsagersEnergies) {
  const IsingModel model = torus(64, 64, -1.0);
  const IsingFlips flips(model);
  const ParallelTempering<IsingFlips> method(
      flips, {.betas = {0.3, 0.4, 0.5}, .tuning = "none", .burn_in = 200, .wolff = 1});
  const auto run = drive(method, Budget::steps(4000), Seed{4});
  const TemperingReport report = method.report(run.state);
  const double expected[] = {-0.70450, -1.10608, -1.74556};
  for (std::size_t t = 0; t < 3; ++t) {
    const double energy = report.temperatures[t].energy / 4096,
                 error = report.temperatures[t].energy_error / 4096;
    SCOPED_TRACE(fmt::format("{} +- {}", energy, error));
    EXPECT_LT(error, 0.0015);
    EXPECT_NEAR(energy, expected[t], std::min(3 * error, 0.003));
  }
}

TEST(ParallelTempering, SolvesSmallSpinGlasses) {
  for (std::uint64_t instance = 0; instance < 10; ++instance) {
    const IsingModel model = random_dense_model(20, 100 + instance);
    const IsingFlips flips(model);
    // Gray-code enumeration of one half of the states: the other has the same energies.
    auto configuration = flips.configuration(spins_of(0, 20));
    double energy = model.energy(configuration.spins), lowest = energy;
    for (std::uint32_t k = 1; k < 1u << 19; ++k) {
      const Index i = std::countr_zero(k);
      energy += flips.flip_cost(configuration, i);
      flips.flip(configuration, i);
      lowest = std::min(lowest, energy);
    }
    const ParallelTempering<IsingFlips> method(
        flips, {.temperatures = 10, .beta = Schedule::parse("geometric(from=0.3, to=4)")});
    const auto run = drive(method, Budget::steps(200), Seed{instance});  // 2000 sweeps
    EXPECT_NEAR(*run.last.find("energy"), lowest, 1e-9) << instance;
    EXPECT_EQ(run.used.evaluations, 2000);
  }
}

TEST(ParallelTempering, TemperatesPolynomialsAndModelsOfOnesOwn) {
  const std::vector<Term> terms{{{0, 1, 2}, 1}, {{2, 3, 4, 5}, -1.5}, {{1, 4}, 0.7}, {{3}, 0.4}};
  const PolynomialModel model(6, terms, Vartype::binary, 2);
  const std::vector<double> energies = all_energies(model);
  const ParallelTempering<PolynomialModel> method(model, {.betas = {0.5, 1, 2}});
  const auto run = drive(method, Budget::steps(10'000), Seed{3});
  for (const TemperatureReport& at : method.report(run.state).temperatures) {
    EXPECT_LT(at.energy_error, 0.03);
    EXPECT_NEAR(at.energy, exact_energy(energies, at.beta), 3 * at.energy_error);
  }
  EXPECT_DOUBLE_EQ(method.solutions(run.state).best().at(0).energy, *std::ranges::min_element(energies));
  EXPECT_THROW((ParallelTempering<PolynomialModel>(model, {.wolff = 1})), InvalidInput);
}

// Free spins in a field: E = -n h tanh(beta h), ln Z = n ln(2 cosh(beta h)).
struct FreeSpins {
  struct Configuration {
    Spins spins;
  };
  Index size() const { return 5; }
  Configuration configuration(std::span<const std::int8_t> spins) const {
    return {Spins(spins.begin(), spins.end())};
  }
  double flip_cost(const Configuration& c, Index i) const {
    return -2.0 * 0.8 * c.spins[static_cast<std::size_t>(i)];
  }
  void flip(Configuration& c, Index i) const {
    auto& spin = c.spins[static_cast<std::size_t>(i)];
    spin = static_cast<std::int8_t>(-spin);
  }
  double energy(std::span<const std::int8_t> spins) const {
    return 0.8 * std::accumulate(spins.begin(), spins.end(), 0.0);
  }
};

TEST(ParallelTempering, TemperatesAModelOfOnesOwn) {
  const FreeSpins model;
  EXPECT_THROW(ParallelTempering<FreeSpins>{model}, InvalidInput);  // no default range
  const ParallelTempering<FreeSpins> method(model, {.betas = {0, 1}});
  const auto run = drive(method, Budget::steps(5000), Seed{3});
  const TemperatureReport cold = method.report(run.state).temperatures[1];
  EXPECT_NEAR(cold.energy, -5 * 0.8 * std::tanh(0.8), 3 * cold.energy_error);
  EXPECT_NEAR(cold.log_z, 5 * std::log(2 * std::cosh(0.8)), 3 * cold.log_z_error);
  EXPECT_LT(cold.log_z_error, 0.05);
}

TEST(ParallelTempering, IsReproducible) {
  const IsingModel model = random_dense_model(30, 23, 0.2);
  const IsingFlips flips(model);
  expect_reproducible(
      ParallelTempering<IsingFlips>(flips, {.temperatures = 6,
                                            .beta = Schedule::parse("geometric(from=0.2, to=8)"),
                                            .sets = 2,
                                            .least_rate = 0.6,
                                            .max_temperatures = 20,
                                            .burn_in = 200,
                                            .wolff = 1,
                                            .houdayer = true}),
      400, 230);
}

TEST(ParallelTempering, LanesAreReproducible) {
  const IsingModel real = random_dense_model(30, 23, 0.2), integers = integer_model(30, 23);
  for (const IsingModel& model : {real, integers})
    for (const std::int64_t sets : {1, 3})
      expect_reproducible(InLanes(model, {.temperatures = 6,
                                          .beta = Schedule::parse("geometric(from=0.2, to=8)"),
                                          .sets = sets,
                                          .least_rate = 0.6,
                                          .max_temperatures = 20,
                                          .burn_in = 200}),
                          400, 230);
}

template <class M>
void expect_temperatures_added(const ParallelTempering<M>& method, const IsingModel& model) {
  const auto run = drive(method, Budget::steps(2500), Seed{3});
  EXPECT_GT(run.state.ladder.temperatures(), 5);
  EXPECT_LT(run.state.ladder.temperatures(), 40);
  EXPECT_GT(*run.last.find("swap_rate_min"), 0.2);
  for (std::size_t r = 0; r < run.state.energies.size(); ++r)
    EXPECT_EQ(run.state.energies[r], model.energy(run.state.replicas.spins(r)));
}

TEST(ParallelTempering, AddsTemperaturesInTheBurnIn) {
  const IsingModel model = torus(16, 16, -1.0);
  const IsingFlips flips(model);
  const ParallelTemperingOptions options{
      .betas = {0.1, 0.8}, .least_rate = 0.3, .max_temperatures = 40, .burn_in = 1200};
  expect_temperatures_added(ParallelTempering<IsingFlips>(flips, options), model);
  expect_temperatures_added(InLanes(model, options), model);
}

TEST(ParallelTempering, EdgesWorkOrAreRefused) {
  const IsingModel none, one({0.5}, {}), zeros({0, 0, 0}, {});
  const IsingFlips no_flips(none), one_flip(one), zero_flips(zeros);
  using Method = ParallelTempering<IsingFlips>;
  EXPECT_THROW(Method{no_flips}, InvalidInput);
  EXPECT_DOUBLE_EQ(*drive(Method(one_flip), Budget::steps(20), Seed{1}).last.find("energy"), -0.5);
  EXPECT_DOUBLE_EQ(*drive(Method(zero_flips), Budget::steps(20), Seed{1}).last.find("energy"), 0);
  EXPECT_DOUBLE_EQ(
      *drive(Method(one_flip, {.temperatures = 1}), Budget::steps(20), Seed{1}).last.find("energy"), -0.5);
  EXPECT_THROW(Method(one_flip, {.houdayer = true}), InvalidInput);
  EXPECT_THROW(InLanes(one, {.wolff = 1}), InvalidInput);
  EXPECT_DOUBLE_EQ(*drive(InLanes(one), Budget::steps(20), Seed{1}).last.find("energy"), -0.5);
  EXPECT_DOUBLE_EQ(*drive(InLanes(zeros), Budget::steps(20), Seed{1}).last.find("energy"), 0);
  EXPECT_THROW(Method(one_flip, {.rule = "glauber"}), InvalidInput);
  EXPECT_THROW(Method(one_flip, {.beta = Schedule(1), .betas = {1}}), InvalidInput);
  EXPECT_THROW(Method(one_flip, {.temperatures = 0}), InvalidInput);
}

// The optimum has one straight domain wall, whose kinks wander along 120 columns before they meet.
TEST(ParallelTemperingSlow, WolffSolvesTheGloballyFrustratedTorus) {
  const IsingModel model = torus(25, 120, 1.0);
  const IsingFlips flips(model);
  const ParallelTempering<IsingFlips> method(
      flips, {.temperatures = 16, .beta = Schedule::parse("geometric(from=0.35, to=3)"), .wolff = 1});
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto run = drive(method, Budget::steps(3000) | Budget::target("energy", -5759.5), Seed{seed});
    EXPECT_EQ(cut_of_unit_torus(model, *run.last.find("energy")), 5880);
  }
}

TEST(ParallelTemperingSlow, TunedLadderBeatsAnnealingOnTheTorus) {
  const IsingModel model = torus(25, 120, 1.0);
  const IsingFlips flips(model);
  const ParallelTempering<IsingFlips> method(
      flips,
      {.temperatures = 24, .beta = Schedule::parse("geometric(from=0.3, to=3)"), .max_temperatures = 40});
  const auto run = drive(method, Budget::steps(4000), Seed{2});
  EXPECT_GT(*run.last.find("swap_rate_min"), 0.15);

  // Annealing with as many sweeps: reads of 4000 sweeps, beta linear from 0.1 to 3.
  const std::int64_t reads = run.used.evaluations / 4000;
  double annealed = 0;
  for (std::int64_t read = 0; read < reads; ++read) {
    Stream random(Seed{3}, lane("anneal"), static_cast<std::uint64_t>(read));
    Spins spins(3000);
    randomise(spins, random);
    auto configuration = flips.configuration(spins);
    for (int k = 0; k < 4000; ++k) sweep(flips, configuration, 0.1 + 2.9 * k / 3999, random);
    annealed = std::min(annealed, model.energy(configuration.spins));
  }
  const double energy = *run.last.find("energy");
  RecordProperty("cut_tempering", fmt::format("{}", cut_of_unit_torus(model, energy)));
  RecordProperty("cut_annealing", fmt::format("{}", cut_of_unit_torus(model, annealed)));
  EXPECT_LE(energy, annealed);
}

}  // namespace
}  // namespace lehr::spin
