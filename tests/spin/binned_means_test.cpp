#include "lehr/spin/binned_means.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/random.hpp"

namespace lehr::spin {
namespace {

// x' = a x + noise has tau = (1 + a) / (2 (1 - a)) and, with unit noise, variance 1 / (1 - a^2). With 64 bins
// or more an error is known to 1 / sqrt(2 * 64) = 9 %, tau to 18 %.
TEST(BinnedMeans, MeasuresTheErrorOfAutoregressiveSeries) {
  Stream random(Seed{1}, lane("series"));
  const double memory[] = {0.9, 0.0};
  double x[] = {1e6, 1e6};  // a large mean must not spoil the differences
  BinnedMeans means(2);
  const int count = 100'000;
  for (int k = 0; k < count; ++k) {
    for (int s = 0; s < 2; ++s) x[s] = 1e6 + memory[s] * (x[s] - 1e6) + normal(random);
    means.add(x);
  }
  for (int s = 0; s < 2; ++s) {
    const double a = memory[s], tau = (1 + a) / (2 * (1 - a)), variance = 1 / (1 - a * a);
    const double error = std::sqrt(2 * tau * variance / count);
    EXPECT_NEAR(means.mean(s), 1e6, 4 * error);
    EXPECT_NEAR(means.error(s), error, 0.3 * error);
    EXPECT_NEAR(means.variance(s), variance, 0.1 * variance);
    EXPECT_NEAR(means.autocorrelation_time(s), tau, 0.6 * tau);
  }
}

TEST(BinnedMeans, OfFewValues) {
  BinnedMeans means(1);
  EXPECT_TRUE(std::isnan(means.mean(0)));
  means.add(std::vector<double>{3});
  EXPECT_EQ(means.mean(0), 3);
  EXPECT_TRUE(std::isnan(means.error(0)));
  means.add(std::vector<double>{5});
  EXPECT_EQ(means.mean(0), 4);
  EXPECT_DOUBLE_EQ(means.error(0), 1);
}

}  // namespace
}  // namespace lehr::spin
