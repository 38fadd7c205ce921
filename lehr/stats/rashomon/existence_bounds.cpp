#include "lehr/stats/rashomon/existence_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

void check_confidence_gap(double eps) {
  if (!(eps > 0 && eps < 1)) throw InvalidInput("existence bounds: eps must be in (0, 1), found {}", eps);
}

// ln C(n, k), for real n >= k >= 0.
double log_binomial(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

// ln(1 - R) from log10 R.
double log_miss(double log10_ratio) {
  return log10_ratio >= 0 ? -std::numeric_limits<double>::infinity() : std::log1p(-std::pow(10, log10_ratio));
}

}  // namespace

double finite_class_bound(double gamma, double b, std::int64_t n, double log_size, double eps) {
  check_confidence_gap(eps);
  return gamma + b * std::sqrt((log_size + std::log(2 / eps)) / (2 * static_cast<double>(n)));
}

double rademacher_bound(double gamma, double lipschitz, double rademacher, double b, std::int64_t n,
                        double eps) {
  check_confidence_gap(eps);
  return gamma + 2 * lipschitz * rademacher + b * std::sqrt(std::log(2 / eps) / (2 * static_cast<double>(n)));
}

double subset_hit_probability(double models, double good, double s) {
  if (!(models >= 1 && good >= 0 && good <= models && s >= 0 && s <= models))
    throw InvalidInput("existence bounds: {} of {} models, a subset of {}", good, models, s);
  if (s > models - good) return 1;
  return -std::expm1(log_binomial(models - good, s) - log_binomial(models, s));
}

double subset_hit_bound(double log10_ratio, double s) {
  if (s <= 0) return 0;
  return -std::expm1(s * log_miss(log10_ratio));
}

double log10_subset_size(double log10_ratio, double eps) {
  check_confidence_gap(eps);
  if (log10_ratio >= 0) return 0;
  // ln(1 - R) = -R to the last digit where R is tiny.
  const double log10_step = log10_ratio < -12 ? log10_ratio : std::log10(-log_miss(log10_ratio));
  const double size = std::log10(-std::log(eps)) - log10_step;
  return size < 15 ? std::log10(std::max(1.0, std::ceil(std::pow(10, size) - 1e-9))) : size;
}

double needed_ratio(double s, double eps) {
  check_confidence_gap(eps);
  if (!(s >= 1)) throw InvalidInput("existence bounds: a subset has at least 1 model, found {}", s);
  return -std::expm1(std::log(eps) / s);
}

double log_tree_count(const TreeRecords& records, int depth) {
  double splits = 0;
  for (int f = 0; f < records.features(); ++f) splits += static_cast<double>(records.midpoints(f).size());
  const double leaves = std::ldexp(1.0, depth);
  return (leaves - 1) * std::log(splits) + leaves * std::log(records.classes());
}

}  // namespace lehr::stats
