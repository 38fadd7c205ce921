#include "lehr/sample/resampling.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

std::vector<double> random_weights(std::size_t count, Stream& random) {
  std::vector<double> weights(count);
  for (double& w : weights) w = uniform(random) < 0.2 ? 0 : std::exp(2 * normal(random));
  weights.back() += 1e-3;
  return weights;
}

TEST(Resampling, SystematicCopiesAreWithinOneOfTheirExpectation) {
  Stream random(Seed{1}, 0);
  for (int trial = 0; trial < 5000; ++trial) {
    const std::vector<double> weights =
        random_weights(1 + static_cast<std::size_t>(uniform_index(random, 50)), random);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    const std::int64_t count = 1 + uniform_index(random, 100);
    const auto copies = systematic_copies(weights, count, uniform(random));
    EXPECT_EQ(std::accumulate(copies.begin(), copies.end(), std::int64_t{0}), count);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double expected = static_cast<double>(count) * weights[i] / total;
      const auto least = static_cast<std::int64_t>(std::floor(expected * (1 - 1e-12)));
      EXPECT_TRUE(copies[i] == least || copies[i] == least + 1) << copies[i] << " for " << expected;
    }
  }
}

// Means over 20000 resamplings lie within 5 standard errors of count p; the variance of a copy number is at most the multinomial one.
TEST(Resampling, EverySchemeGivesEachItsShare) {
  const std::vector<double> weights{0.05, 0, 0.4, 0.25, 0.3};
  const std::int64_t count = 7, trials = 20000;
  for (const std::string& name : resampling_schemes()) {
    SCOPED_TRACE(name);
    Stream random(Seed{5}, lane(name));
    std::vector<double> sums(weights.size());
    for (std::int64_t trial = 0; trial < trials; ++trial) {
      const auto copies = resampled_copies(resampling_named(name), weights, count, random);
      ASSERT_EQ(std::accumulate(copies.begin(), copies.end(), std::int64_t{0}), count);
      for (std::size_t i = 0; i < weights.size(); ++i) sums[i] += static_cast<double>(copies[i]);
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double p = weights[i], error = std::sqrt(count * p * (1 - p) / trials);
      EXPECT_NEAR(sums[i] / trials, count * p, 5 * error + 1e-12) << i;
    }
  }
}

// The copies of one member out of three have the binomial law.
TEST(Resampling, MultinomialCopiesAreMultinomial) {
  Stream random(Seed{6}, 0);
  std::vector<double> seen(5), expected;
  for (int trial = 0; trial < 20000; ++trial)
    ++seen[static_cast<std::size_t>(
        resampled_copies(Resampling::multinomial, std::vector<double>{1, 2, 2}, 4, random)[1])];
  for (const double ways : {0.1296, 0.3456, 0.3456, 0.1536, 0.0256}) expected.push_back(20000 * ways);
  EXPECT_GT(stats::chi_square_test(seen, expected).p, 0.001);
}

// A filter of robots once never removed its first particle: whoever has weight 0 is gone, the first as well as the last.
TEST(Resampling, TheFirstAndTheLastParticleDieToo) {
  Stream random(Seed{7}, 0);
  for (const std::string& name : resampling_schemes())
    for (const std::vector<double>& weights :
         {std::vector<double>{0, 1, 1, 1}, std::vector<double>{1, 1, 1, 0}})
      for (int trial = 0; trial < 500; ++trial) {
        const auto copies = resampled_copies(resampling_named(name), weights, 4, random);
        EXPECT_EQ(weights.front() == 0 ? copies.front() : copies.back(), 0) << name;
      }
  EXPECT_EQ(systematic_copies(std::vector<double>{0, 1}, 2, 0.0), (std::vector<std::int64_t>{0, 2}));
  // And the first one of small weight dies in all but that share of the runs.
  int survivals = 0;
  for (int trial = 0; trial < 10000; ++trial)
    survivals += systematic_copies(std::vector<double>{0.01, 1, 1, 1}, 4, uniform(random))[0] > 0 ? 1 : 0;
  EXPECT_NEAR(survivals / 10000.0, 4 * 0.01 / 3.01, 4 * std::sqrt(0.0133 / 10000));
}

TEST(Resampling, AncestorsInOrderAndInPlace) {
  const std::vector<std::int64_t> copies{2, 0, 1, 0, 3, 0};
  EXPECT_EQ(ancestors_in_order(copies), (std::vector<std::int64_t>{0, 0, 2, 4, 4, 4}));
  EXPECT_EQ(ancestors_in_place(copies), (std::vector<std::int64_t>{0, 0, 2, 4, 4, 4}));
  EXPECT_EQ(ancestors_in_place(std::vector<std::int64_t>{0, 3, 0, 1}),
            (std::vector<std::int64_t>{1, 1, 1, 3}));
}

TEST(Resampling, ShuffledOrdersAreUniform) {
  Stream random(Seed{8}, 0);
  std::vector<double> seen(6);
  for (int trial = 0; trial < 12000; ++trial) {
    std::vector<std::int64_t> order{0, 1, 2};
    shuffle(order, random);
    ++seen[static_cast<std::size_t>(order[0] * 2 + (order[1] > order[2] ? 1 : 0))];
  }
  EXPECT_GT(stats::chi_square_test(seen, std::vector<double>(6, 2000)).p, 0.001);
}

TEST(Resampling, RefusesWeightsThatAreNone) {
  Stream random(Seed{9}, 0);
  EXPECT_THROW(systematic_copies(std::vector<double>{0, 0}, 2, 0.5), InvalidInput);
  EXPECT_THROW(systematic_copies(std::vector<double>{1, NAN}, 2, 0.5), InvalidInput);
  EXPECT_THROW(systematic_copies(std::vector<double>{1, -1}, 2, 0.5), InvalidInput);
  EXPECT_THROW(resampled_copies(Resampling::residual, std::vector<double>{1}, 0, random), InvalidInput);
  EXPECT_NE(test::message_of<InvalidInput>([] { resampling_named("sytematic"); }).find("'systematic'"),
            std::string::npos);
}

}  // namespace
}  // namespace lehr::sample
