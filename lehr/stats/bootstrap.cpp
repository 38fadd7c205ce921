#include "lehr/stats/bootstrap.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::stats {
namespace {

constexpr std::int64_t most_replicates = 10'000'000;
constexpr std::int64_t replicates_per_block = 32;

void check(std::span<const double> sample, const BootstrapOptions& options) {
  if (sample.empty()) throw InvalidInput("bootstrap: the sample has no values");
  for (std::size_t i = 0; i < sample.size(); ++i)
    if (!std::isfinite(sample[i]))
      throw InvalidInput("bootstrap: value {} of {} is {}", i + 1, sample.size(), sample[i]);
  if (options.replicates < 2 || options.replicates > most_replicates)
    throw InvalidInput("bootstrap: replicates must be in [2, {}], found {}", most_replicates,
                       options.replicates);
  check_confidence(options.confidence);
}

// [statistic(resample 0), statistic(resample 1), ...], where draw(stream, resample) fills a resample.
template <class Draw>
std::vector<double> replicate(std::size_t size, const Statistic& statistic, const BootstrapOptions& options,
                              std::uint64_t lane, Draw draw) {
  std::vector<double> replicates(static_cast<std::size_t>(options.replicates));
  parallel_for(
      options.replicates,
      [&](std::int64_t r) {
        Stream stream(options.seed, lane, static_cast<std::uint64_t>(r));
        std::vector<double> resample(size);
        draw(stream, resample);
        replicates[static_cast<std::size_t>(r)] = statistic(resample);
      },
      replicates_per_block);
  for (std::size_t r = 0; r < replicates.size(); ++r)
    if (std::isnan(replicates[r]))
      throw NumericalFailure("bootstrap: the statistic of resample {} is nan", r);
  return replicates;
}

BootstrapEstimate estimate_from(double estimate, std::span<const double> replicates, double confidence) {
  const double alpha = (1 - confidence) / 2;
  return {.estimate = estimate,
          .standard_error = standard_deviation(replicates),
          .bias = mean(replicates) - estimate,
          .percentile = {quantile(replicates, alpha), quantile(replicates, 1 - alpha)}};
}

// The jackknife's estimate of the acceleration a; 0 when no value matters.
double acceleration(std::span<const double> sample, const Statistic& statistic) {
  const auto n = static_cast<std::int64_t>(sample.size());
  const std::vector<double> without = parallel_map(n, [&](std::int64_t i) {
    std::vector<double> rest(sample.begin(), sample.end());
    rest.erase(rest.begin() + i);
    return statistic(rest);
  });
  const double center = mean(without);
  double squares = 0, cubes = 0;
  for (const double value : without) {
    const double d = center - value;
    squares += d * d;
    cubes += d * d * d;
  }
  if (std::isnan(squares))
    throw NumericalFailure("bootstrap: the statistic without one of the values is nan");
  return squares > 0 ? cubes / (6 * squares * std::sqrt(squares)) : 0;
}

// z0: how far the estimate is from the median of its replicates, in normal units.
double bias_correction(std::span<const double> replicates, double estimate) {
  double below = 0;
  for (const double value : replicates) below += value < estimate ? 1 : value == estimate ? 0.5 : 0;
  const double n = static_cast<double>(replicates.size());
  return normal_quantile(std::clamp(below / n, 0.5 / n, 1 - 0.5 / n));
}

}  // namespace

std::vector<double> bootstrap_replicates(std::span<const double> sample, const Statistic& statistic,
                                         const BootstrapOptions& options) {
  check(sample, options);
  const auto n = static_cast<std::int64_t>(sample.size());
  return replicate(sample.size(), statistic, options, lane("bootstrap"),
                   [&](Stream& stream, std::vector<double>& resample) {
                     for (double& value : resample)
                       value = sample[static_cast<std::size_t>(uniform_index(stream, n))];
                   });
}

BootstrapEstimate bootstrap(std::span<const double> sample, const Statistic& statistic,
                            const BootstrapOptions& options) {
  const std::vector<double> replicates = bootstrap_replicates(sample, statistic, options);
  return estimate_from(statistic(sample), replicates, options.confidence);
}

Interval bca_interval(std::span<const double> sample, const Statistic& statistic,
                      const BootstrapOptions& options) {
  check(sample, options);
  if (sample.size() < 2) throw InvalidInput("bootstrap: a BCa interval needs at least two values, found one");
  const double estimate = statistic(sample);
  const std::vector<double> replicates = bootstrap_replicates(sample, statistic, options);
  const double z0 = bias_correction(replicates, estimate), a = acceleration(sample, statistic);
  const auto end = [&](double level) {
    const double z = z0 + normal_quantile(level);
    const double shrink = 1 - a * z;
    // Beyond the pole at a z = 1 the adjusted level is that of the pole itself.
    const double adjusted = shrink > 0 ? normal_cdf(z0 + z / shrink) : z > 0 ? 1 : 0;
    return quantile(replicates, adjusted);
  };
  const double alpha = (1 - options.confidence) / 2;
  return {end(alpha), end(1 - alpha)};
}

std::vector<double> block_bootstrap_replicates(std::span<const double> series, const Statistic& statistic,
                                               std::int64_t block_length, Blocks blocks,
                                               const BootstrapOptions& options) {
  check(series, options);
  const auto n = static_cast<std::int64_t>(series.size());
  if (block_length < 1 || block_length > n)
    throw InvalidInput("bootstrap: the block length must be in [1, {}], the series' length, found {}", n,
                       block_length);
  const std::int64_t starts = blocks == Blocks::moving ? n - block_length + 1 : n;
  return replicate(series.size(), statistic, options, lane("block bootstrap"),
                   [&](Stream& stream, std::vector<double>& resample) {
                     std::int64_t from = 0;
                     for (std::int64_t i = 0; i < n; ++i) {
                       const std::int64_t inside = i % block_length;
                       if (inside == 0) from = uniform_index(stream, starts);
                       resample[static_cast<std::size_t>(i)] =
                           series[static_cast<std::size_t>((from + inside) % n)];
                     }
                   });
}

BootstrapEstimate block_bootstrap(std::span<const double> series, const Statistic& statistic,
                                  std::int64_t block_length, Blocks blocks, const BootstrapOptions& options) {
  const std::vector<double> replicates =
      block_bootstrap_replicates(series, statistic, block_length, blocks, options);
  return estimate_from(statistic(series), replicates, options.confidence);
}

}  // namespace lehr::stats
