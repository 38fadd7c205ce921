#include "lehr/schedule/ess_tempering.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::schedule {
namespace {

void check(std::span<const double> log_likelihoods, std::span<const double> log_weights) {
  if (!log_weights.empty() && log_weights.size() != log_likelihoods.size())
    throw InvalidInput("ess_tempering: {} log-likelihoods and {} log-weights", log_likelihoods.size(),
                       log_weights.size());
  bool alive = false;
  for (std::size_t i = 0; i < log_likelihoods.size(); ++i) {
    const double l = log_likelihoods[i];
    if (std::isnan(l) || l == std::numeric_limits<double>::infinity())
      throw NumericalFailure("ess_tempering: the log-likelihood of particle {} is {}", i, l);
    alive = alive || (std::isfinite(l) && (log_weights.empty() || std::isfinite(log_weights[i])));
  }
  if (!alive) throw NumericalFailure("ess_tempering: no particle has a finite log-likelihood and weight");
}

}  // namespace

double incremental_ess(std::span<const double> log_likelihoods, std::span<const double> log_weights,
                       double step) {
  const auto log_weight = [&](std::size_t i) { return log_weights.empty() ? 0.0 : log_weights[i]; };
  const auto alive = [&](std::size_t i) {
    return std::isfinite(log_likelihoods[i]) && std::isfinite(log_weight(i));
  };
  double best = -std::numeric_limits<double>::infinity(), heaviest = best;
  for (std::size_t i = 0; i < log_likelihoods.size(); ++i)
    if (alive(i)) best = std::max(best, log_likelihoods[i]), heaviest = std::max(heaviest, log_weight(i));
  double total = 0, first = 0, second = 0;
  for (std::size_t i = 0; i < log_likelihoods.size(); ++i) {
    if (!alive(i)) continue;
    const double weight = std::exp(log_weight(i) - heaviest);
    const double increment = std::exp(step * (log_likelihoods[i] - best));
    total += weight;
    first += weight * increment;
    second += weight * increment * increment;
  }
  return first * first / (second * total);
}

EssTempering::EssTempering(const Options& options) : options_(options), inverse_temperature_(options.from) {
  const Options& o = options_;
  if (!(o.target > 0 && o.target < 1))
    throw InvalidInput("ess_tempering: target must be in (0, 1), found {}", o.target);
  if (!(std::isfinite(o.from) && std::isfinite(o.to) && o.from < o.to))
    throw InvalidInput("ess_tempering: from must be below to, found {} and {}", o.from, o.to);
}

void EssTempering::observe(std::span<const double> log_likelihoods, std::span<const double> log_weights) {
  if (finished()) return;
  check(log_likelihoods, log_weights);
  const auto enough = [&](double step) {
    return incremental_ess(log_likelihoods, log_weights, step) >= options_.target;
  };
  double low = 0, high = options_.to - inverse_temperature_;
  if (enough(high)) {
    inverse_temperature_ = options_.to;
    return;
  }
  for (double middle = high / 2; middle > low && middle < high; middle = low + (high - low) / 2)
    (enough(middle) ? low : high) = middle;
  if (inverse_temperature_ + low <= inverse_temperature_)
    throw NumericalFailure("ess_tempering: no step from {} keeps an effective share of {}",
                           inverse_temperature_, options_.target);
  inverse_temperature_ += low;
}

}  // namespace lehr::schedule
