// Standard errors say what they should: 95 % intervals of 1000 repeats contain the truth in 93 to 97 % of them.
#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/random.hpp"
#include "lehr/stats/persistence/excursions.hpp"
#include "lehr/stats/persistence/gaussian_orthant.hpp"

namespace lehr::stats {
namespace {

constexpr std::uint64_t repeats = 1000;

void expect_covering(std::uint64_t covered, std::string_view what) {
  EXPECT_GE(covered, 930u) << what;
  EXPECT_LE(covered, 970u) << what;
}

// Five variables of correlation 1/2 are all positive with probability 1/6.
TEST(Coverage, OrthantProbabilities) {
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Constant(5, 5, 0.5);
  covariance.diagonal().setOnes();
  const std::vector<double> lower(5, 0.0);
  std::uint64_t covered = 0;
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    const OrthantProbability p = orthant_probability(covariance, lower, 16, 40, Seed{seed});
    covered += std::abs(p.value - 1.0 / 6) <= 1.96 * p.standard_error;
  }
  expect_covering(covered, "orthant");
}

// Lengths of rate 1, cut off at random times: the survival to 1 and the rate beyond 0.5.
TEST(Coverage, SurvivalAndTailOfExcursions) {
  std::uint64_t survival = 0, rate = 0;
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    Stream random(Seed{seed}, lane("excursions"));
    std::vector<double> complete, censored;
    for (int i = 0; i < 400; ++i) {
      const double length = -std::log1p(-uniform(random)), end = -4 * std::log1p(-uniform(random));
      (length < end ? complete : censored).push_back(std::min(length, end));
    }
    const SurvivalCurve curve = product_limit(complete, censored);
    survival += std::abs(curve.at(1) - std::exp(-1)) <= 1.96 * curve.error_at(1);
    const TailRate tail = tail_rate(complete, censored, 0.5);
    rate += std::abs(tail.rate - 1) <= 1.96 * tail.standard_error;
  }
  expect_covering(survival, "survival");
  expect_covering(rate, "rate");
}

}  // namespace
}  // namespace lehr::stats
