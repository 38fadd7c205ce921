// Covariance functions from one series: its autocovariances, and the family that fits them best.
//
//   c_k = sum_i (x_i - mean) (x_(i+k) - mean) / n          biased: positive definite
//   c_k = the same / (n - k)                               unbiased
//   fit: min over the parameters of sum_{k=1}^L ((r_k - R(k dt)) / (1 - r_k^2)^(3/2))^2,   r_k = c_k / c_0
//
// by L-BFGS-B from a few starts, in logarithms. By Bartlett's formula the errors of r_k fall as 1 - r_k^2
// towards lag 0; the power 3/2 leans a little more to the near lags, whose curvature lambda2 decides how long
// excursions are. With equal weights the far lags would decide, which are mostly noise.
//
// Cost: O(n log n) for the autocovariances, about a hundred times L values of R for a fit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lehr/stats/persistence/covariance.hpp"

namespace lehr::stats {

// c_0 .. c_lags of at least lags + 2 values, by fast Fourier transform. Throws InvalidInput for a series that
// is too short or not finite.
std::vector<double> autocovariance(std::span<const double> series, std::int64_t lags, bool unbiased = false);

struct CovarianceFit {
  Covariance covariance;  // with R(0) = 1
  std::string family;
  std::vector<double> parameters;
  double variance = 0;  // c_0
  double loss = 0;      // root mean square of the weighted residuals above
  double rms = 0;       // root mean square of r_k - R
  double dt = 0;
  std::vector<double> correlation;  // c_k / c_0 for k = 0 .. L
};

// Twice the first lag at which the correlations fall below 0.1, at least 4 and at most a quarter of their
// number (as many as there are where they never do).
std::int64_t lags_to_fit(std::span<const double> autocovariances);

// Fits `family`, or the one with the least loss of all families where it is "best", to c_0 .. c_L at lags k
// dt. `start` (of the family's parameters) replaces the search for a start. Throws InvalidInput for L < 2,
// c_0 <= 0 or an unknown family, NumericalFailure where no fit is finite.
CovarianceFit fit_covariance(std::span<const double> autocovariances, double dt, const std::string& family,
                             std::span<const double> start = {});

}  // namespace lehr::stats
