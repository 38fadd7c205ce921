#include "lehr/sample/log_weights.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/schedule/ess_tempering.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::sample {

double softmax(std::span<const double> log_weights, double temperature, std::span<double> probabilities,
               const char* what) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double largest = -infinity;
  for (std::size_t i = 0; i < log_weights.size(); ++i) {
    if (!(log_weights[i] < infinity))
      throw NumericalFailure("{}: the logarithm of weight {} is {}", what, i, log_weights[i]);
    largest = std::max(largest, log_weights[i]);
  }
  if (largest == -infinity)
    throw NumericalFailure("{}: all {} are 0 (their logarithms -inf)", what, log_weights.size());
  const double scale = 1 / temperature;
  double sum = 0;
  for (std::size_t i = 0; i < log_weights.size(); ++i) {
    // Without the test, 0 times -infinity would be nan at an infinite temperature.
    probabilities[i] = log_weights[i] == -infinity ? 0 : std::exp(scale * (log_weights[i] - largest));
    sum += probabilities[i];
  }
  for (double& p : probabilities) p /= sum;
  return scale * largest + std::log(sum);
}

std::vector<double> softmax(std::span<const double> log_weights, double temperature) {
  std::vector<double> probabilities(log_weights.size());
  softmax(log_weights, temperature, probabilities);
  return probabilities;
}

double effective_sample_size(std::span<const double> probabilities) {
  double squares = 0;
  for (const double p : probabilities) squares += p * p;
  return 1 / squares;
}

double normalised_entropy(std::span<const double> probabilities) {
  if (probabilities.size() < 2) return 1;
  double sum = 0;
  for (const double p : probabilities)
    if (p > 0) sum -= p * std::log(p);
  return sum / std::log(static_cast<double>(probabilities.size()));
}

double normalised_entropy(std::span<const double> probabilities, std::span<const double> log_weights,
                          double log_sum) {
  if (probabilities.size() < 2) return 1;
  double mean = 0;  // of ln p
  for (std::size_t i = 0; i < probabilities.size(); ++i)
    if (probabilities[i] > 0) mean += probabilities[i] * (log_weights[i] - log_sum);
  return std::max(0.0, -mean / std::log(static_cast<double>(probabilities.size())));
}

double temperature_for_ess(std::span<const double> log_weights, double share) {
  const auto alive = std::ranges::count_if(log_weights, [](double l) { return std::isfinite(l); });
  // The controller's target is a share of those above 0.
  const double target = share * static_cast<double>(log_weights.size()) / static_cast<double>(alive);
  if (!(target > 0)) return 1;
  if (target >= 1) return flattest_temperature;
  schedule::EssTempering tempering({.target = target, .from = 0, .to = 1});
  tempering.observe(log_weights);
  return 1 / std::max(tempering.value(), 1 / flattest_temperature);
}

double clipped_logit(double probability, double clip) {
  const double p = std::clamp(probability, clip, 1 - clip);
  return std::log(p) - std::log1p(-p);
}

LogMean log_mean_exp(std::span<const double> logs) {
  const auto count = static_cast<double>(logs.size());
  const double total = stats::log_sum_exp(logs);
  LogMean result{total - std::log(count), std::numeric_limits<double>::quiet_NaN()};
  if (logs.size() < 2) return result;
  double mean = 0, squares = 0;
  std::vector<double> without;
  for (const double x : logs) {
    // ln of the mean of the others; where one estimate is all there is, the others are 0.
    const double rest = std::log1p(-std::min(1.0, std::exp(x - total)));
    without.push_back(total + std::max(rest, -700.0) - std::log(count - 1));
    mean += without.back() / count;
  }
  for (const double x : without) squares += (x - mean) * (x - mean);
  result.standard_error = std::sqrt((count - 1) / count * squares);
  return result;
}

}  // namespace lehr::sample
