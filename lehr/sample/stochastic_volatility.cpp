#include "lehr/sample/stochastic_volatility.hpp"

#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

const double half_log_two_pi = 0.5 * std::log(2 * std::numbers::pi);

}  // namespace

void StochasticVolatility::check() const {
  if (!std::isfinite(mean)) throw InvalidInput("stochastic volatility: mean must be finite, found {}", mean);
  if (!(std::abs(persistence) < 1))
    throw InvalidInput("stochastic volatility: persistence must be in (-1, 1), found {}", persistence);
  if (!(deviation > 0 && std::isfinite(deviation)))
    throw InvalidInput("stochastic volatility: deviation must be above 0, found {}", deviation);
}

std::vector<double> StochasticVolatility::simulate(std::int64_t length, Stream& random) const {
  const VolatilitySeries process(*this, {0});
  std::vector<double> returns;
  double h = 0;
  for (std::int64_t t = 0; t < length; ++t) {
    if (t == 0)
      process.draw_first(h, random);
    else
      process.draw_next(h, random);
    returns.push_back(std::exp(0.5 * h) * normal(random));
  }
  return returns;
}

VolatilitySeries::VolatilitySeries(const StochasticVolatility& model, std::vector<double> returns)
    : model_(model), first_deviation_(0), returns_(std::move(returns)) {
  model_.check();
  if (returns_.empty()) throw InvalidInput("stochastic volatility: there are no observations");
  for (std::size_t t = 0; t < returns_.size(); ++t)
    if (std::isinf(returns_[t]))
      throw InvalidInput("stochastic volatility: observation {} is {}", t + 1, returns_[t]);
  first_deviation_ = model_.deviation / std::sqrt(1 - model_.persistence * model_.persistence);
}

double VolatilitySeries::log_likelihood(State h, std::int64_t t) const {
  const double y = returns_[static_cast<std::size_t>(t)];
  return std::isnan(y) ? 0 : -0.5 * (h + y * y * std::exp(-h)) - half_log_two_pi;
}

double VolatilitySeries::log_transition(State from, State to) const {
  const double z = (to - model_.mean - model_.persistence * (from - model_.mean)) / model_.deviation;
  return -0.5 * z * z - std::log(model_.deviation) - half_log_two_pi;
}

}  // namespace lehr::sample
