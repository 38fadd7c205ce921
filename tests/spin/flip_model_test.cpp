#include "lehr/spin/flip_model.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/spin/reference_models.hpp"

namespace lehr::spin {
namespace {

using namespace test;

TEST(EnergyThresholds, FollowTheirLaws) {
  Stream random(Seed{1}, lane("thresholds"));
  const auto exponential_law = [](double t) { return t <= 0 ? 0 : -std::expm1(-2 * t); };
  const auto logistic_law = [](double t) { return 1 / (1 + std::exp(-2 * t)); };
  for (const std::size_t size : {std::size_t{20}, std::size_t{700}}) {  // words of the stream, and lanes
    std::vector<double> metropolis, heat_bath;
    for (std::size_t k = 0; k < 21'000 / size; ++k) {
      std::vector<double> block(size);
      draw_energy_thresholds(Rule::metropolis, 2, random, block);
      metropolis.insert(metropolis.end(), block.begin(), block.end());
      draw_energy_thresholds(Rule::heat_bath, 2, random, block);
      heat_bath.insert(heat_bath.end(), block.begin(), block.end());
    }
    EXPECT_GT(stats::kolmogorov_smirnov(metropolis, exponential_law).p, 0.01);
    EXPECT_GT(stats::kolmogorov_smirnov(heat_bath, logistic_law).p, 0.01);
  }
}

TEST(EnergyThresholds, HaveTheRightLimits) {
  Stream random(Seed{2}, lane("thresholds"));
  std::vector<double> block(4096);
  const auto accepted = [&](Rule rule, double beta, double change) {
    draw_energy_thresholds(rule, beta, random, block);
    double count = 0;
    for (const double threshold : block) count += change <= threshold;
    return count / static_cast<double>(block.size());
  };
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(accepted(Rule::metropolis, infinity, 0), 1);
  EXPECT_EQ(accepted(Rule::metropolis, infinity, 1e-9), 0);
  EXPECT_NEAR(accepted(Rule::heat_bath, infinity, 0), 0.5, 4 * 0.5 / 64);  // four standard errors
  EXPECT_EQ(accepted(Rule::heat_bath, infinity, 1e-9), 0);
  EXPECT_EQ(accepted(Rule::heat_bath, infinity, -1e-9), 1);
  EXPECT_EQ(accepted(Rule::metropolis, 0, 1e9), 1);
  EXPECT_NEAR(accepted(Rule::heat_bath, 0, 1e9), 0.5, 4 * 0.5 / 64);
}

TEST(EnergyThresholds, UnknownRuleIsNamed) {
  const std::string message = lehr::test::message_of<InvalidInput>([] { rule_named("glauber"); });
  EXPECT_NE(message.find("glauber"), std::string::npos) << message;
}

TEST(IsingFlips, FieldsNeverDrift) {
  const IsingModel model = random_dense_model(40, 3, 0.5);
  const IsingFlips flips(model);
  Stream random(Seed{4}, lane("sweep"));
  auto configuration = flips.configuration(spins_of(0x123456789aULL, 40));
  double energy = flips.energy(configuration.spins);
  for (int k = 0; k < 2000; ++k) energy += sweep(flips, configuration, 0.8, random).energy_change;
  EXPECT_EQ(configuration.fields, flips.configuration(configuration.spins).fields);  // bit for bit
  EXPECT_NEAR(energy, model.energy(configuration.spins), 1e-10);
  for (Index i = 0; i < 40; ++i)
    EXPECT_NEAR(configuration.fields[static_cast<std::size_t>(i)], model.local_field(configuration.spins, i),
                1e-14);
}

TEST(IsingFlips, WeightsThatOverflowAreRefused) {
  const IsingModel model({1e308, 0}, std::vector<Coupling>{{0, 1, 1e308}});
  EXPECT_THROW(IsingFlips{model}, InvalidInput);
}

// 50000 samples, ten sweeps apart; the same counts reject beta off by 0.05.
TEST(Sweep, SamplesBoltzmannsLaw) {
  const IsingModel model = random_dense_model(8, 5, 0.3);
  const IsingFlips flips(model);
  const std::vector<double> energies = all_energies(model);
  for (const Rule rule : {Rule::metropolis, Rule::heat_bath})
    for (const Order order : {Order::sequential, Order::random}) {
      Stream random(Seed{6}, lane("sweep"), static_cast<std::uint64_t>(order));
      auto configuration = flips.configuration(spins_of(0, 8));
      std::vector<double> counts(energies.size());
      for (int sample = 0; sample < 50'000; ++sample) {
        for (int k = 0; k < 10; ++k) sweep(flips, configuration, 0.7, random, rule, order);
        ++counts[state_of(configuration.spins)];
      }
      SCOPED_TRACE(static_cast<int>(rule) * 2 + static_cast<int>(order));
      EXPECT_GT(boltzmann_p(energies, 0.7, counts), 0.01);
      EXPECT_LT(boltzmann_p(energies, 0.75, counts), 1e-6);
    }
}

TEST(Sweep, OfNoSpinsDoesNothing) {
  const IsingModel model;
  const IsingFlips flips(model);
  auto configuration = flips.configuration({});
  Stream random(Seed{1}, 2);
  EXPECT_EQ(sweep(flips, configuration, 1, random).proposed, 0);
}

}  // namespace
}  // namespace lehr::spin
