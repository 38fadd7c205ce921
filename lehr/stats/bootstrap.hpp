// Bootstrap: the uncertainty of any statistic of a sample, from resamples of that sample.
//
//   percentile   [q(alpha), q(1 - alpha)] of the replicates' quantiles q, alpha = (1 - confidence) / 2
//   BCa          the same at adjusted levels Phi(z0 + (z0 + z) / (1 - a (z0 + z))), z = Phi^-1(alpha),
//   Phi^-1(1 - alpha):
//                z0 = Phi^-1(share of replicates below the estimate, ties half) corrects the bias, the
//                jackknife's a = sum d_i^3 / (6 (sum d_i^2)^1.5), d_i = mean of the leave-one-out values
//                minus the i-th, the skewness
//   block        a dependent series is resampled in blocks of consecutive values; `moving` blocks lie inside
//   the series,
//                `circular` ones wrap around its end, which gives every value the same weight
//
// Cost: replicates + n evaluations of the statistic, in parallel; replicate r draws from the stream addressed
// by r, so results do not depend on threads. Sources: B. Efron, "Better bootstrap confidence intervals",
// 1987, eq. 2.3 and 6.6; H. Kuensch, "The jackknife and the bootstrap for general stationary observations",
// 1989; D. Politis and J. Romano, "A circular block-resampling procedure for stationary data", 1992.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::stats {

// A number computed from a sample; called from several threads at once.
using Statistic = std::function<double(std::span<const double>)>;

struct BootstrapOptions {
  std::int64_t replicates = 2000;  // in [2, 10'000'000]
  double confidence = 0.95;        // in (0, 1)
  Seed seed{};
};

struct BootstrapEstimate {
  double estimate;        // of the sample itself
  double standard_error;  // standard deviation of the replicates
  double bias;            // mean of the replicates - estimate
  Interval percentile;
};

// The statistic of each resample of n values drawn with replacement. Throws InvalidInput for an empty or
// non-finite sample and for options out of range, NumericalFailure when the statistic of a resample is NaN.
std::vector<double> bootstrap_replicates(std::span<const double> sample, const Statistic& statistic,
                                         const BootstrapOptions& options = {});

BootstrapEstimate bootstrap(std::span<const double> sample, const Statistic& statistic,
                            const BootstrapOptions& options = {});

// The BCa interval. Where all replicates lie on one side of the estimate, z0 is that of half a replicate on
// the other. Needs at least two values; a statistic that never varies gives [estimate, estimate].
Interval bca_interval(std::span<const double> sample, const Statistic& statistic,
                      const BootstrapOptions& options = {});

enum class Blocks { moving, circular };

// Replicates of a series from blocks of `block_length` (in [1, n]) consecutive values, the last one cut to
// fit n.
std::vector<double> block_bootstrap_replicates(std::span<const double> series, const Statistic& statistic,
                                               std::int64_t block_length, Blocks blocks,
                                               const BootstrapOptions& options = {});

BootstrapEstimate block_bootstrap(std::span<const double> series, const Statistic& statistic,
                                  std::int64_t block_length, Blocks blocks = Blocks::circular,
                                  const BootstrapOptions& options = {});

}  // namespace lehr::stats
