#include "lehr/stats/stable_functions.hpp"

#include <algorithm>

namespace lehr::stats {
namespace {

// Mills' ratio P(Z > x) / density(x) for x >= 10 by its continued fraction 1/(x + 1/(x + 2/(x + 3/(x +
// ...)))).
double mills_ratio(double x) {
  double tail = x;
  for (int k = 40; k >= 1; --k) tail = x + k / tail;
  return 1 / tail;
}

}  // namespace

double log_sum_exp(std::span<const double> values) {
  if (values.empty()) return -std::numeric_limits<double>::infinity();
  const double largest = *std::ranges::max_element(values);
  if (!std::isfinite(largest)) return largest;
  double sum = 0;
  for (const double x : values) sum += std::exp(x - largest);
  return largest + std::log(sum);
}

double log_normal_cdf(double z) {
  constexpr double half_log_two_pi = 0.918938533204672741780;
  if (z > 0) return std::log1p(-0.5 * std::erfc(z / std::sqrt(2.0)));
  if (z > -10) return std::log(0.5 * std::erfc(-z / std::sqrt(2.0)));
  return -0.5 * z * z - half_log_two_pi + std::log(mills_ratio(-z));
}

}  // namespace lehr::stats
