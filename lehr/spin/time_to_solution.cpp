#include "lehr/spin/time_to_solution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::spin {

Interval success_probability(std::int64_t successes, std::int64_t reads, double level) {
  if (reads < 1 || successes < 0 || successes > reads)
    throw InvalidInput("success probability: {} successes of {} reads", successes, reads);
  const double a = static_cast<double>(successes) + 0.5, b = static_cast<double>(reads - successes) + 0.5;
  const double tail = (1 - level) / 2;
  return {.value = stats::beta_quantile(0.5, a, b),
          .low = successes == 0 ? 0 : stats::beta_quantile(tail, a, b),
          .high = successes == reads ? 1 : stats::beta_quantile(1 - tail, a, b)};
}

double reads_to_solution(double probability, double certainty) {
  if (probability <= 0) return std::numeric_limits<double>::infinity();
  if (probability >= certainty) return 1;
  return std::max(1.0, std::log1p(-certainty) / std::log1p(-probability));
}

Interval time_to_solution(double length, std::int64_t successes, std::int64_t reads, double level,
                          double certainty) {
  const Interval p = success_probability(successes, reads, level);
  return {.value = length * (successes == 0 ? std::numeric_limits<double>::infinity()
                                            : reads_to_solution(p.value, certainty)),
          .low = length * reads_to_solution(p.high, certainty),
          .high = length * reads_to_solution(p.low, certainty)};
}

double unseen_probability(std::int64_t reads, double level) {
  return -std::expm1(std::log1p(-level) / static_cast<double>(std::max<std::int64_t>(reads, 1)));
}

}  // namespace lehr::spin
