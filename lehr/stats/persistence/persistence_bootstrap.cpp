#include "lehr/stats/persistence/persistence_bootstrap.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {
namespace {

constexpr std::int64_t replicates_a_step = 8;
constexpr std::int64_t replicate_grid = 400;  // steps of a replicate's time grid

CirculantEmbedding series_embedding(const CovarianceFit& fit, std::int64_t series_length) {
  if (series_length < static_cast<std::int64_t>(fit.correlation.size()) + 1)
    throw InvalidInput("bootstrap: {} lags need a series of at least {} values, found {}",
                       fit.correlation.size() - 1, fit.correlation.size() + 1, series_length);
  return CirculantEmbedding(sampled_covariance([&](double t) { return fit.covariance(t); }, fit.dt,
                                               fast_length(std::max<std::int64_t>(series_length, 64))));
}

// ln(-ln S), and back; the ends stand for S = 0 and 1 in rounding.
double log_hazard(double survival) { return std::log(-std::log(std::clamp(survival, 1e-300, 1 - 1e-16))); }
double survival_of(double log_hazard) { return std::exp(-std::exp(log_hazard)); }

// The interval about an estimate u whose replicates lie about it as it lies about the truth; see the header.
Interval interval_about(double u, std::span<const double> replicates, double confidence) {
  const auto n = static_cast<double>(replicates.size());
  const double bias = median(replicates) - u;
  const double error = std::sqrt(variance(replicates) * (1 + 1 / n) + bias * bias);
  return t_interval(u - bias, error, n - 1, confidence);
}

}  // namespace

PersistenceBootstrap::PersistenceBootstrap(CovarianceFit fit, std::int64_t series_length,
                                           std::vector<double> times, double level, std::int64_t replicates)
    : fit_(std::move(fit)),
      times_(std::move(times)),
      level_(level),
      replicates_(replicates),
      series_length_(series_length),
      embedding_(series_embedding(fit_, series_length)) {
  if (times_.empty() || !std::ranges::is_sorted(times_) || !(times_.front() > 0))
    throw InvalidInput("bootstrap: expected rising times above 0");
  if (replicates < 2) throw InvalidInput("bootstrap: expected at least 2 replicates, found {}", replicates);
  estimate_ = estimate(fit_);
}

std::int64_t PersistenceBootstrap::steps() const {
  return (replicates_ + replicates_a_step - 1) / replicates_a_step;
}

PersistenceBootstrap::State PersistenceBootstrap::start(const Moment&) const { return {}; }

PersistenceBootstrap::Estimate PersistenceBootstrap::replicate(Stream random) const {
  const std::vector<double> sample = embedding_.sample(random);
  const auto series = std::span(sample).first(static_cast<std::size_t>(series_length_));
  const auto lags = static_cast<std::int64_t>(fit_.correlation.size()) - 1;
  const CovarianceFit refit =
      fit_covariance(autocovariance(series, lags), fit_.dt, fit_.family, fit_.parameters);
  return estimate(refit);
}

PersistenceBootstrap::Estimate PersistenceBootstrap::estimate(const CovarianceFit& fit) const {
  const SlepianIia iia(fit.covariance,
                       {.level = level_, .tmax = times_.back(), .n = replicate_grid, .step = 1});
  Estimate result{.theta = iia.above().exponent().theta.value_or(std::numeric_limits<double>::quiet_NaN()),
                  .interval = fit.covariance.mean_interval(),
                  .survival = {}};
  for (const double t : times_) result.survival.push_back(iia.above().survival(t));
  return result;
}

void PersistenceBootstrap::advance(State& state, const Moment& now) const {
  const std::int64_t done = count(state), more = std::min(replicates_a_step, replicates_ - done);
  const std::uint64_t purpose = lane("persistence replicate");
  const auto found = parallel_map(more, [&](std::int64_t i) {
    return replicate(Stream(now.seed, purpose, static_cast<std::uint64_t>(done + i)));
  });
  for (const Estimate& replicate : found) {
    state.theta.push_back(replicate.theta), state.interval.push_back(replicate.interval);
    state.survival.insert(state.survival.end(), replicate.survival.begin(), replicate.survival.end());
  }
  now.spend(more);
}

void PersistenceBootstrap::measure(const State& state, Row& row) const {
  row.add("replicates", static_cast<double>(count(state)));
  double sum = 0, exponents = 0;
  for (const double theta : state.theta)
    if (std::isfinite(theta)) sum += theta, exponents += 1;
  if (exponents > 0) row.add("theta_mean", sum / exponents);
}

Interval PersistenceBootstrap::theta_interval(const State& state, double confidence) const {
  check_confidence(confidence);
  std::vector<double> logs;
  for (const double theta : state.theta)
    if (std::isfinite(theta)) logs.push_back(std::log(theta));
  const double none = std::numeric_limits<double>::quiet_NaN();
  if (logs.size() < 2 || !std::isfinite(estimate_.theta)) return {none, none};
  const Interval interval = interval_about(std::log(estimate_.theta), logs, confidence);
  return {std::exp(interval.low), std::exp(interval.high)};
}

std::vector<Interval> PersistenceBootstrap::survival_intervals(const State& state, double confidence) const {
  check_confidence(confidence);
  std::vector<Interval> intervals;
  for (std::size_t i = 0; i < times_.size(); ++i) {
    std::vector<double> values;
    for (std::size_t k = i; k < state.survival.size(); k += times_.size())
      values.push_back(log_hazard(state.survival[k]));
    const Interval interval = interval_about(log_hazard(estimate_.survival[i]), values, confidence);
    intervals.push_back({survival_of(interval.high), survival_of(interval.low)});
  }
  return intervals;
}

}  // namespace lehr::stats
