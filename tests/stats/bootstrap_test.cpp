#include "lehr/stats/bootstrap.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {
namespace {

double sample_mean(std::span<const double> sample) { return mean(sample); }

const std::vector<double> x = {2.1, 3.4, 1.9, 5.6, 4.4, 3.8, 2.7, 6.1};

// The bootstrap's standard error of a mean is known: sqrt(sum (x - mean)^2) / n; 40,000 replicates give it to
// 0.4 %.
TEST(Bootstrap, StandardErrorOfTheMean) {
  const BootstrapEstimate estimate = bootstrap(x, sample_mean, {.replicates = 40'000, .seed = Seed{3}});
  const double known = standard_error(x) * std::sqrt(7.0 / 8);
  EXPECT_EQ(estimate.estimate, mean(x));
  EXPECT_NEAR(estimate.standard_error / known, 1, 4 * 0.004);
  EXPECT_NEAR(estimate.bias, 0, 4 * known / std::sqrt(40'000));
}

// SciPy 1.10.1: stats.bootstrap((x,), np.mean, n_resamples=200000, method=...,
// random_state=1).confidence_interval
TEST(Bootstrap, IntervalsOfTheMeanMatchScipy) {
  const BootstrapOptions options{.replicates = 100'000, .seed = Seed{3}};
  const Interval percentile = bootstrap(x, sample_mean, options).percentile;
  EXPECT_NEAR(percentile.low, 2.7875, 0.0126);  // replicates lie on a grid of 0.0125
  EXPECT_NEAR(percentile.high, 4.775, 0.0126);
  const Interval bca = bca_interval(x, sample_mean, options);
  EXPECT_NEAR(bca.low, 2.825, 0.0126);
  EXPECT_NEAR(bca.high, 4.8375, 0.0126);
}

// As above with z = exp(...) and np.var, 400,000 resamples: a skewed statistic, where BCa moves far. The
// replicates' quantiles scatter by about 1 % at 100,000 replicates.
TEST(Bootstrap, IntervalsOfAVarianceMatchScipy) {
  std::vector<double> z;
  for (const double log : {-1.2, .3, .8, 1.9, -.4, .1, 2.2, .5, -.7, 1.1, .6, -1.5})
    z.push_back(std::exp(log));
  const Statistic variance_of_all = [](std::span<const double> sample) {
    const double n = static_cast<double>(sample.size());
    return variance(sample) * (n - 1) / n;
  };
  const BootstrapOptions options{.replicates = 100'000, .seed = Seed{3}};
  const Interval percentile = bootstrap(z, variance_of_all, options).percentile;
  EXPECT_NEAR(percentile.low, 0.4808902430427722, 0.01);
  EXPECT_NEAR(percentile.high, 12.64021492179481, 0.1);
  const Interval bca = bca_interval(z, variance_of_all, options);
  EXPECT_NEAR(bca.low, 0.8809272956877656, 0.015);
  EXPECT_NEAR(bca.high, 15.051280850704433, 0.15);
}

// 1000 samples of 30 values: BCa's coverage of a normal mean is 0.95 less about 0.01 at this size (it does
// not know the t law), hits scatter by 0.0069.
TEST(Bootstrap, BcaCoversAsOftenAsItSays) {
  int hits = 0;
  for (std::uint64_t repeat = 0; repeat < 1000; ++repeat) {
    Stream random(Seed{12}, lane("coverage"), repeat);
    std::vector<double> sample(30);
    for (double& value : sample) value = normal(random);
    hits += bca_interval(sample, sample_mean, {.replicates = 1000, .seed = Seed{repeat}}).contains(0) ? 1 : 0;
  }
  EXPECT_NEAR(hits / 1000.0, 0.94, 3.5 * 0.0069);
}

TEST(Bootstrap, DoesNotDependOnThreads) {
  const int before = threads();
  set_threads(1);
  const std::vector<double> one = bootstrap_replicates(x, sample_mean, {.replicates = 500});
  set_threads(4);
  const std::vector<double> four = bootstrap_replicates(x, sample_mean, {.replicates = 500});
  set_threads(before);
  EXPECT_EQ(one, four);
  EXPECT_NE(one, bootstrap_replicates(x, sample_mean, {.replicates = 500, .seed = Seed{2}}));
}

TEST(Bootstrap, ConstantStatistic) {
  const Interval interval = bca_interval(x, [](std::span<const double>) { return 7.0; });
  EXPECT_EQ(interval.low, 7);
  EXPECT_EQ(interval.high, 7);
}

// With blocks of length b every resample is made of runs of b consecutive values.
TEST(BlockBootstrap, ResamplesRunsOfTheSeries) {
  std::vector<double> series(12);
  std::iota(series.begin(), series.end(), 0.0);
  const auto breaks_only_between_blocks = [](bool circular) {
    return [circular](std::span<const double> sample) {
      for (std::size_t i = 0; i < sample.size(); ++i) {
        if (i % 4 == 0) continue;
        const double next = circular ? std::fmod(sample[i - 1] + 1, 12) : sample[i - 1] + 1;
        if (sample[i] != next) return 0.0;
      }
      return 1.0;
    };
  };
  for (const double kept :
       block_bootstrap_replicates(series, breaks_only_between_blocks(false), 4, Blocks::moving))
    ASSERT_EQ(kept, 1);
  for (const double kept :
       block_bootstrap_replicates(series, breaks_only_between_blocks(true), 4, Blocks::circular))
    ASSERT_EQ(kept, 1);
}

// An AR(1) series with coefficient 0.7: the mean's standard error is sigma / (1 - 0.7) / sqrt(n) = 0.1054 for
// n = 1000, which independent resampling underrates by sqrt(1 - 0.49) / (1 - 0.7) = 2.4. Blocks of 40 lose a
// few percent; the estimate from one series scatters by some 15 %.
TEST(BlockBootstrap, SeesDependence) {
  Stream random(Seed{8}, lane("series"));
  std::vector<double> series;
  double value = normal(random) / std::sqrt(1 - 0.49);
  for (int i = 0; i < 1000; ++i) series.push_back(value = 0.7 * value + normal(random));
  const double known = 1 / 0.3 / std::sqrt(1000.0);
  const double dependent = block_bootstrap(series, sample_mean, 40).standard_error;
  const double independent = bootstrap(series, sample_mean).standard_error;
  EXPECT_NEAR(dependent / known, 0.97, 0.35);
  EXPECT_NEAR(dependent / independent, 2.38, 0.8);
  EXPECT_EQ(block_bootstrap(series, sample_mean, 40).standard_error, dependent);
}

// Circular blocks give every value the same weight, so the mean of the replicates is unbiased even at b = n.
TEST(BlockBootstrap, WholeSeriesAsOneBlock) {
  const auto circular = block_bootstrap_replicates(x, sample_mean, 8, Blocks::circular);
  for (const double replicate : circular) ASSERT_NEAR(replicate, mean(x), 1e-14);
  const auto first = [](std::span<const double> sample) { return sample[0]; };
  const auto starts = block_bootstrap_replicates(x, first, 8, Blocks::circular);
  EXPECT_EQ(std::set<double>(starts.begin(), starts.end()).size(), x.size());
}

TEST(Bootstrap, RefusesBadInput) {
  const std::vector<double> none, one = {1}, with_nan = {1, std::nan("")};
  EXPECT_THROW(bootstrap(none, sample_mean), InvalidInput);
  EXPECT_THROW(bootstrap(with_nan, sample_mean), InvalidInput);
  EXPECT_THROW(bca_interval(one, sample_mean), InvalidInput);
  EXPECT_THROW(bootstrap(x, sample_mean, {.replicates = 1}), InvalidInput);
  EXPECT_THROW(bootstrap(x, sample_mean, {.replicates = 1'000'000'000'000}), InvalidInput);
  EXPECT_THROW(bootstrap(x, sample_mean, {.confidence = 0}), InvalidInput);
  EXPECT_THROW(block_bootstrap(x, sample_mean, 0), InvalidInput);
  EXPECT_THROW(block_bootstrap(x, sample_mean, 9), InvalidInput);
  EXPECT_THROW(bootstrap(x, [](std::span<const double>) { return std::nan(""); }), NumericalFailure);
}

}  // namespace
}  // namespace lehr::stats
