// Stochastic volatility: returns whose logarithmic variance wanders.
//
//   h_1 ~ N(mu, sigma^2 / (1 - phi^2)),  h_t = mu + phi (h_(t-1) - mu) + N(0, sigma^2),  y_t ~ N(0, e^h_t)
//
// Source: Taylor, "Modelling financial time series", 1986. No exact answer; the particle filter's likelihood is unbiased.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::sample {

struct StochasticVolatility {
  double mean = 0, persistence = 0.95, deviation = 0.2;  // mu, phi in (-1, 1), sigma > 0
  // Throws InvalidInput for parameters out of range.
  void check() const;
  std::vector<double> simulate(std::int64_t length, Stream& random) const;
};

// The model with its observations (nan: missing), for StateSpaceFilter; its quantity is h.
class VolatilitySeries {
 public:
  using State = double;

  VolatilitySeries(const StochasticVolatility& model, std::vector<double> returns);

  void draw_first(State& h, Stream& random) const { h = model_.mean + first_deviation_ * normal(random); }
  void draw_next(State& h, Stream& random) const {
    h = model_.mean + model_.persistence * (h - model_.mean) + model_.deviation * normal(random);
  }
  double log_likelihood(State h, std::int64_t t) const;
  std::int64_t length() const { return static_cast<std::int64_t>(returns_.size()); }
  Eigen::Index quantities() const { return 1; }
  void quantities(State h, double* values) const { *values = h; }
  double log_transition(State from, State to) const;

 private:
  StochasticVolatility model_;
  double first_deviation_;
  std::vector<double> returns_;
};

}  // namespace lehr::sample
