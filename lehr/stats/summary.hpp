// Summaries of one sample: mean, spread, quantiles and intervals for the mean.
//
//   mean = sum x_i / n,  variance = sum (x_i - mean)^2 / (n - 1),  standard error = sqrt(variance / n)
//   quantile(p) = x_(j) + (h - j) (x_(j+1) - x_(j)),  h = 1 + (n - 1) p,  j = floor(h)     (type 7 of Hyndman
//   and Fan, "Sample quantiles in statistical packages", 1996; the default of NumPy and R)
//
// Cost O(n), quantiles O(n log n). Sums run in the order of the values, so results do not depend on threads.
#pragma once

#include <cstdint>
#include <span>

namespace lehr::stats {

struct Interval {
  double low, high;
  bool contains(double value) const { return low <= value && value <= high; }
};

// All of these throw InvalidInput for an empty sample; a NaN among the values makes the result NaN, except
// that the quantiles, which sort, refuse it with InvalidInput.
double mean(std::span<const double> values);
double variance(std::span<const double> values);            // NaN for one value
double standard_deviation(std::span<const double> values);  // NaN for one value
double standard_error(std::span<const double> values);      // of the mean; NaN for one value
double quantile(std::span<const double> values, double p);  // p in [0, 1], otherwise InvalidInput
double median(std::span<const double> values);

struct Summary {
  std::int64_t count;
  double mean, standard_deviation, standard_error;
  double minimum, median, maximum;
};
Summary summarize(std::span<const double> values);

// mean +- q * standard error, with q the quantile of Student's t with n - 1 degrees of freedom; exact for
// normal data. `confidence` in (0, 1). Both ends are NaN for one value.
Interval t_interval(std::span<const double> values, double confidence = 0.95);

// center +- q * standard_error, with q the quantile of Student's t (freedom > 0) or of the normal law.
Interval t_interval(double center, double standard_error, double freedom, double confidence = 0.95);
Interval normal_interval(double center, double standard_error, double confidence = 0.95);

// Throws InvalidInput unless `confidence` is in (0, 1).
void check_confidence(double confidence);

}  // namespace lehr::stats
