#include "lehr/stats/rashomon/rashomon_set.hpp"

#include <algorithm>
#include <limits>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::stats {
namespace {

constexpr double no_ratio = -std::numeric_limits<double>::infinity();  // ln 0
constexpr double normal_95 = 1.6448536269514722;                       // one-sided

// From the natural logarithm of the mean and the standard error relative to it.
RatioEstimate from_relative_error(double log_mean, double relative_error) {
  RatioEstimate estimate;
  estimate.log10_ratio = log_mean / std::numbers::ln10;
  estimate.log10_error = relative_error / std::numbers::ln10;
  estimate.log10_upper = std::min(0.0, estimate.log10_ratio + normal_95 * estimate.log10_error);
  return estimate;
}

// The rule of three: what happened in none of `draws` independent draws has probability below 3 / draws.
RatioEstimate nothing_in(double draws) {
  return {.log10_ratio = no_ratio,
          .log10_error = std::numeric_limits<double>::quiet_NaN(),
          .log10_upper = draws > 0 ? std::min(0.0, std::log10(3 / draws)) : 0,
          .exact = false};
}

}  // namespace

void RatioAccumulator::add(std::int64_t first, std::span<const double> values) {
  ++draws_;
  if (values.empty() || first > limit()) return;
  const auto from = static_cast<std::size_t>(first);
  const std::size_t until = std::min(sum_.size(), from + values.size());
  for (std::size_t e = from; e < until; ++e) {
    sum_[e] += values[e - from];
    squares_[e] += values[e - from] * values[e - from];
  }
  const double last = values.back();
  for (std::size_t e = until; e < sum_.size(); ++e) sum_[e] += last, squares_[e] += last * last;
}

void RatioAccumulator::add(const RatioAccumulator& other) {
  draws_ += other.draws_;
  for (std::size_t e = 0; e < sum_.size(); ++e) sum_[e] += other.sum_[e], squares_[e] += other.squares_[e];
}

RatioEstimate RatioAccumulator::estimate(std::int64_t errors) const {
  if (errors > limit())
    throw InvalidInput("Rashomon ratio: draws were counted up to {} errors, asked for is {}", limit(),
                       errors);
  const double n = static_cast<double>(draws_);
  if (errors < 0 || sum_[static_cast<std::size_t>(errors)] <= 0) return nothing_in(n);
  const double sum = sum_[static_cast<std::size_t>(errors)],
               squares = squares_[static_cast<std::size_t>(errors)];
  // (standard error / mean)^2 = (n sum x^2 / (sum x)^2 - 1) / (n - 1)
  const double relative_variance = n > 1 ? std::max(0.0, n * (squares / sum) / sum - 1) / (n - 1) : -no_ratio;
  return from_relative_error(std::log(sum / n) - log_scale_, std::sqrt(relative_variance));
}

RatioEstimate exact_ratio(double log10_ratio) {
  return {.log10_ratio = log10_ratio, .log10_error = 0, .log10_upper = log10_ratio, .exact = true};
}

RatioEstimate mean_of_logs(std::span<const double> logs) {
  const double n = static_cast<double>(logs.size());
  const double highest = logs.empty() ? no_ratio : *std::ranges::max_element(logs);
  if (highest == no_ratio) return nothing_in(n);
  double sum = 0, squares = 0;
  for (const double log : logs) {
    const double x = std::exp(log - highest);
    sum += x, squares += x * x;
  }
  const double relative_variance = n > 1 ? std::max(0.0, n * squares / (sum * sum) - 1) / (n - 1) : -no_ratio;
  return from_relative_error(highest + std::log(sum / n), std::sqrt(relative_variance));
}

}  // namespace lehr::stats
