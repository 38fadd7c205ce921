// Functions whose textbook form overflows, cancels or underflows, in the form that does not.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace lehr::stats {

// ln cosh x = |x| + ln(1 + e^(-2|x|)) - ln 2, relative accuracy near 1e-15 for |x| > 1e-4 or so.
inline double log_cosh(double x) {
  const double magnitude = std::abs(x);
  if (magnitude < 1e-4) return 0.5 * x * x * (1 - x * x / 6);  // the other form cancels here
  return magnitude + std::log1p(std::exp(-2 * magnitude)) - 0.693147180559945309417;
}

// ln(e^a + e^b); -infinity is the logarithm of 0.
inline double log_add_exp(double a, double b) {
  const double high = a > b ? a : b, low = a > b ? b : a;
  return low == -std::numeric_limits<double>::infinity() ? high : high + std::log1p(std::exp(low - high));
}

// ln sum_k e^(x_k), summed in the order of the values; -infinity for none.
double log_sum_exp(std::span<const double> values);

// ln P(Z <= z) of a standard normal Z, relative accuracy near 1e-14 far into both tails.
double log_normal_cdf(double z);

}  // namespace lehr::stats
