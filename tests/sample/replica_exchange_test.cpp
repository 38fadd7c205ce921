#include "lehr/sample/replica_exchange.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

TEST(Respaced, SharesTheWeightEvenly) {
  const std::vector<double> betas{0, 1, 2, 4}, weights{1, 3, 2};
  EXPECT_THAT(respaced(betas, weights, 4),
              Pointwise(DoubleNear(1e-12), std::vector<double>{0, 1 + 1.0 / 3, 2, 4}));
  EXPECT_THAT(respaced(betas, weights, 3),
              Pointwise(DoubleNear(1e-12), std::vector<double>{0, 1 + 2.0 / 3, 4}));
  EXPECT_THAT(respaced(betas, weights, 7),
              Pointwise(DoubleNear(1e-12), std::vector<double>{0, 1, 4.0 / 3, 5.0 / 3, 2, 3, 4}));
}

// Copies whose energies are independent normals with mean -slope(beta): a model with a sharp peak of its heat
// capacity, as at a transition. Var(E) = -dE/dbeta.
struct PeakedModel {
  static double variance(double beta) { return 20 + 4000 * std::exp(-std::pow((beta - 0.44) / 0.05, 2) / 2); }
  static double mean(double beta) {
    double sum = 0;
    for (int k = 0; k < 400; ++k) sum -= variance((k + 0.5) / 400 * beta) * beta / 400;
    return sum;
  }
  std::vector<double> rates(const std::vector<double>& betas, int steps) const {
    ReplicaLadder ladder(betas, 1);
    std::vector<double> means, energies(betas.size());
    for (const double beta : betas) means.push_back(mean(beta));
    for (int step = 0; step < steps; ++step) {
      Stream random(Seed{1}, lane("energies"), static_cast<std::uint64_t>(step));
      for (std::size_t t = 0; t < betas.size(); ++t)
        energies[static_cast<std::size_t>(ladder.replica(0, static_cast<std::int64_t>(t)))] =
            means[t] + std::sqrt(variance(betas[t])) * normal(random);
      ladder.exchange(energies, step, random);
    }
    return ladder.swap_rates();
  }
};

TEST(TunedByRates, EqualisesRatesAcrossATransition) {
  const PeakedModel model;
  std::vector<double> betas;
  for (int t = 0; t < 16; ++t) betas.push_back(0.1 * std::pow(10.0, t / 15.0));
  const std::vector<double> before = model.rates(betas, 400);
  EXPECT_LT(*std::ranges::min_element(before), 0.02);
  for (int round = 0; round < 8; ++round) betas = tuned_by_rates(betas, model.rates(betas, 400), 0.23, 0);
  ASSERT_EQ(betas.size(), 16u);
  EXPECT_EQ(betas.front(), 0.1);
  EXPECT_DOUBLE_EQ(betas.back(), 1);
  const std::vector<double> after = model.rates(betas, 4000);
  const auto [least, most] = std::ranges::minmax_element(after);
  EXPECT_GT(*least, 0.15);
  EXPECT_LT(*most - *least, 0.15);
}

TEST(TunedByRates, AddsTemperaturesWhereTheyAreTooFew) {
  const PeakedModel model;
  std::vector<double> betas{0.1, 0.3, 0.5, 1};
  for (int round = 0; round < 8; ++round) betas = tuned_by_rates(betas, model.rates(betas, 400), 0.3, 64);
  EXPECT_GT(betas.size(), 8u);
  EXPECT_LT(betas.size(), 64u);
  const std::vector<double> rates = model.rates(betas, 4000);
  EXPECT_GT(*std::ranges::min_element(rates), 0.2);
}

TEST(TunedByFeedback, MovesTemperaturesToWhereTheFlowDrops) {
  const std::vector<double> betas{0, 1, 2, 3, 4};
  const std::vector<double> tuned = tuned_by_feedback(betas, std::vector<double>{1, 0.95, 0.9, 0.1, 0});
  EXPECT_EQ(tuned.front(), 0);
  EXPECT_EQ(tuned.back(), 4);
  int inside = 0;
  for (const double beta : tuned) inside += beta > 2 && beta < 3;
  EXPECT_GE(inside, 2);
  const double nan = std::nan("");
  EXPECT_EQ(tuned_by_feedback(betas, std::vector<double>{nan, 1, 1, 1, 0}), betas);
}

// Equal energies swap always: replicas march to the ends and back. With R = 4 and alternating pairs a round
// trip takes 2 R = 8 steps.
TEST(ReplicaLadder, CountsRoundTripsAndShares) {
  ReplicaLadder ladder({1, 2, 3, 4}, 2);
  const std::vector<double> energies(8, 0.0);
  for (int step = 0; step < 800; ++step) {
    Stream random(Seed{1}, 2, static_cast<std::uint64_t>(step));
    ladder.exchange(energies, step, random);
  }
  EXPECT_THAT(ladder.swap_rates(), ElementsAre(1, 1, 1));
  EXPECT_DOUBLE_EQ(ladder.round_trip_time(), 8);
  EXPECT_NEAR(static_cast<double>(ladder.round_trips()), 2 * 4 * 100, 16);
  EXPECT_EQ(ladder.hot_shares().front(), 1);
  EXPECT_EQ(ladder.hot_shares().back(), 0);
  EXPECT_NEAR(ladder.hot_shares()[1], 0.5, 0.02);
  EXPECT_TRUE(ladder.consistent());
}

TEST(ReplicaLadder, RefusesLaddersThatDoNotRise) {
  EXPECT_THROW(ReplicaLadder({}, 1), InvalidInput);
  EXPECT_THROW(ReplicaLadder({1, 1}, 1), InvalidInput);
  EXPECT_THROW(ReplicaLadder({-1, 1}, 1), InvalidInput);
  EXPECT_THROW(ReplicaLadder({0, INFINITY}, 1), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
