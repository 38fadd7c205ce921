#include "lehr/stats/summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::stats {
namespace {

void check_not_empty(std::span<const double> values, const char* what) {
  if (values.empty()) throw InvalidInput("{}: the sample has no values", what);
}

std::vector<double> sorted(std::span<const double> values, const char* what) {
  check_not_empty(values, what);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isnan(values[i])) throw InvalidInput("{}: value {} of {} is nan", what, i + 1, values.size());
  std::vector<double> copy(values.begin(), values.end());
  std::sort(copy.begin(), copy.end());
  return copy;
}

double quantile_of_sorted(const std::vector<double>& x, double p) {
  const double h = static_cast<double>(x.size() - 1) * p;
  const auto j = static_cast<std::size_t>(h);
  const double fraction = h - static_cast<double>(j);
  return fraction == 0 ? x[j] : x[j] + fraction * (x[j + 1] - x[j]);
}

}  // namespace

double mean(std::span<const double> values) {
  check_not_empty(values, "mean");
  const double n = static_cast<double>(values.size());
  double sum = 0, residual = 0;
  for (const double x : values) sum += x;
  const double first = sum / n;
  if (!std::isfinite(first)) return first;
  for (const double x : values) residual += x - first;
  return first + residual / n;
}

double variance(std::span<const double> values) {
  const double center = mean(values);
  if (values.size() == 1) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const double x : values) sum += (x - center) * (x - center);
  return sum / static_cast<double>(values.size() - 1);
}

double standard_deviation(std::span<const double> values) { return std::sqrt(variance(values)); }

double standard_error(std::span<const double> values) {
  return std::sqrt(variance(values) / static_cast<double>(values.size()));
}

double quantile(std::span<const double> values, double p) {
  if (!(p >= 0 && p <= 1)) throw InvalidInput("quantile: the probability must be in [0, 1], found {}", p);
  return quantile_of_sorted(sorted(values, "quantile"), p);
}

double median(std::span<const double> values) { return quantile_of_sorted(sorted(values, "median"), 0.5); }

Summary summarize(std::span<const double> values) {
  const std::vector<double> ordered = sorted(values, "summary");
  return {.count = static_cast<std::int64_t>(values.size()),
          .mean = mean(values),
          .standard_deviation = standard_deviation(values),
          .standard_error = standard_error(values),
          .minimum = ordered.front(),
          .median = quantile_of_sorted(ordered, 0.5),
          .maximum = ordered.back()};
}

void check_confidence(double confidence) {
  if (!(confidence > 0 && confidence < 1))
    throw InvalidInput("confidence: must be in (0, 1), found {}", confidence);
}

Interval t_interval(std::span<const double> values, double confidence) {
  check_confidence(confidence);
  const double center = mean(values);
  if (values.size() == 1) {
    const double unknown = std::numeric_limits<double>::quiet_NaN();
    return {unknown, unknown};
  }
  return t_interval(center, standard_error(values), static_cast<double>(values.size() - 1), confidence);
}

Interval t_interval(double center, double standard_error, double freedom, double confidence) {
  check_confidence(confidence);
  const double reach = student_t_quantile(0.5 + confidence / 2, freedom) * standard_error;
  return {center - reach, center + reach};
}

Interval normal_interval(double center, double standard_error, double confidence) {
  check_confidence(confidence);
  const double reach = normal_quantile(0.5 + confidence / 2) * standard_error;
  return {center - reach, center + reach};
}

}  // namespace lehr::stats
