#include "lehr/sample/draws.hpp"

#include <gtest/gtest.h>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::sample {
namespace {

// Chains of x_t = phi x_{t-1} + sqrt(1 - phi^2) e_t from their stationary law N(0, 1).
std::vector<double> autoregressive(double phi, std::int64_t chains, std::int64_t length, std::uint64_t seed) {
  std::vector<double> values;
  for (std::int64_t c = 0; c < chains; ++c) {
    Stream random(Seed{seed}, lane("series"), static_cast<std::uint64_t>(c));
    double x = normal(random);
    for (std::int64_t t = 0; t < length; ++t) {
      values.push_back(x);
      x = phi * x + std::sqrt(1 - phi * phi) * normal(random);
    }
  }
  return values;
}

// The integrated autocorrelation time of AR(1) is (1 + phi) / (1 - phi). The estimate's relative deviation over seeds was
// measured as 2 to 5 % at this length; 15 % are allowed.
TEST(EffectiveSampleSize, OfAutoregressiveChains) {
  for (const double phi : {-0.4, 0.0, 0.5, 0.9}) {
    const double exact = 4 * 20000 * (1 - phi) / (1 + phi);
    const auto values = autoregressive(phi, 4, 20000, 3);
    EXPECT_NEAR(effective_sample_size(values, 4) / exact, 1, 0.15) << phi;
    EXPECT_NEAR(effective_sample_size_bulk(values, 4) / exact, 1, 0.15) << phi;
    EXPECT_GT(effective_sample_size_tail(values, 4), 0.8 * std::min(exact, 80000.0));
  }
}

TEST(EffectiveSampleSize, IsBoundedForAnticorrelatedChains) {
  const auto values = autoregressive(-0.98, 2, 2000, 3);
  EXPECT_LE(effective_sample_size(values, 2), 4000 * std::log10(4000.0) * (1 + 1e-12));
}

TEST(RHat, IsOneForChainsThatAgree) { EXPECT_NEAR(r_hat(autoregressive(0.5, 4, 5000, 1), 4), 1, 0.01); }

TEST(RHat, SeesChainsThatDisagreeInPlaceOrInSpread) {
  auto shifted = autoregressive(0.3, 4, 1000, 1), spread = shifted, drifting = shifted;
  for (std::size_t i = 0; i < 1000; ++i) shifted[i] += 2, spread[i] *= 4;
  for (std::size_t i = 0; i < drifting.size(); ++i) drifting[i] += static_cast<double>(i % 1000) / 500;
  EXPECT_GT(r_hat(shifted, 4), 1.1);
  EXPECT_GT(r_hat(spread, 4), 1.1);    // the folded part: the means agree
  EXPECT_GT(r_hat(drifting, 4), 1.1);  // the split: the chains agree with each other
}

// An infinite mean does not matter to ranks.
TEST(RHat, TakesHeavyTails) {
  Stream random(Seed{1}, lane("cauchy"));
  std::vector<double> values;
  for (int i = 0; i < 8000; ++i) values.push_back(std::tan(3.14159265358979 * (uniform(random) - 0.5)));
  EXPECT_NEAR(r_hat(values, 4), 1, 0.01);
  EXPECT_NEAR(effective_sample_size_bulk(values, 4), 8000, 1500);
}

// 95 % intervals from the standard errors cover the truth in 93 to 97 % of 1000 repeats.
TEST(StandardErrors, CoverTheTruth) {
  int mean_covers = 0, quantile_covers = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const auto values = autoregressive(0.6, 4, 1000, seed);
    mean_covers += std::abs(stats::mean(values)) < 1.96 * mean_error(values, 4);
    quantile_covers += std::abs(stats::median(values)) < 1.96 * quantile_error(values, 4, 0.5);
  }
  EXPECT_GE(mean_covers, 930);
  EXPECT_LE(mean_covers, 970);
  EXPECT_GE(quantile_covers, 930);
  EXPECT_LE(quantile_covers, 970);
}

TEST(DrawsSummary, HasTheQuantiles) {
  const DrawsSummary summary = summarize_draws(autoregressive(0, 4, 25000, 9), 4);
  EXPECT_NEAR(summary.deviation, 1, 0.01);
  EXPECT_NEAR(summary.q05, -1.6449, 0.03);
  EXPECT_NEAR(summary.q95, 1.6449, 0.03);
}

TEST(DrawsSummary, RefusesWhatAreNoChains) {
  const std::vector<double> values(10, 1.0);
  EXPECT_THROW(summarize_draws(values, 3), InvalidInput);
  EXPECT_THROW(summarize_draws(values, 5), InvalidInput);
  EXPECT_TRUE(std::isnan(summarize_draws(values, 2).r_hat));
  EXPECT_TRUE(std::isnan(summarize_draws(values, 2).ess_bulk));
}

}  // namespace
}  // namespace lehr::sample
