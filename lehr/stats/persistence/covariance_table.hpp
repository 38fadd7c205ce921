// Covariance functions that are known at some lags: a table of (t, R) with or without derivatives, or a
// spectral density.
//
// A table is interpolated in the angle phi = arccos(R / R(0)), which is smooth at lag 0, where R itself says
// little: phi' / phi'(0) is the expected sign after an upcrossing (clipped_slepian.hpp). Given are
//   R          a cubic spline through phi (not-a-knot): errors O(h^4) in phi, O(h^2) in phi''
//   R, R'      phi' = -R' / sqrt(1 - R^2) at the lags: cubic Hermite interpolation
//   R, R', R'' phi'' too: quintic Hermite interpolation, and lambda2 = -R''(0) / R(0)
// Beyond the last lag (or where phi' has fallen below 1e-5 of its value at 0) phi relaxes to pi/2
// exponentially, so that R vanishes; where the last decade falls ever more slowly, by a power of t.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lehr/stats/persistence/covariance.hpp"

namespace lehr::stats {

struct CovarianceTable {
  std::vector<double> lag, value;      // lag[0] = 0, ascending; value[0] > 0 is the variance
  std::vector<double> slope = {};      // R', as many as lags, or none
  std::vector<double> curvature = {};  // R'', only where slopes are given
  bool positive_definite = false;      // known to be: not checked
};

// `name` starts the messages. At least 5 lags. Throws InvalidInput where lags do not start at 0 or do not
// rise, for R(0) <= 0, |R(t)| >= R(0) at t > 0 (periodic), values that are not finite, R'(0) != 0 or
// R''(0) >= 0, and for a table with equal distances whose spectrum falls below -1e-6 of its largest value by
// more than what lies beyond its end can explain (not positive definite).
Covariance table_covariance(const CovarianceTable& table, const std::string& name = "table");

// R(t) = int S(omega) cos(omega t) d omega / int S of the density S that is linear between its values at
// `frequency` (>= 0, ascending, in radians per unit of time) and 0 beyond: the integrals are exact at every
// lag. They are tabulated with both derivatives at 64 lags a mean interval, up to 40 mean intervals. Throws
// InvalidInput for fewer than 3 values or more than 100,000, a density that is negative, not finite or 0
// everywhere, or frequencies that do not rise.
Covariance spectral_covariance(std::span<const double> frequency, std::span<const double> density,
                               const std::string& name = "spectrum");

}  // namespace lehr::stats
