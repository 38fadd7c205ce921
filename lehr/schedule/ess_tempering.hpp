// Tempering by effective sample size: from inverse temperature b, the next one is the largest b' <= `to` at
// which the effective sample size of the incremental weights w_i = exp((b' - b) l_i) is still the target
// share,
//
//   ESS(b') = N (sum W_i w_i)^2 / sum W_i w_i^2 >= target N,       sum W_i = 1,
//
// found by bisection to the last bit (ESS falls as b' rises). l_i are the log-likelihoods (minus the
// energies) of the particles, W_i their weights so far. With equal W_i this is the usual ESS (Del Moral,
// Doucet and Jasra, "An adaptive sequential Monte Carlo method", 2012), else the conditional ESS (Zhou,
// Johansen and Aston, "Toward automatic model comparison", 2016). Cost: about 60 sums over the particles an
// observation.
#pragma once

#include <span>
#include <string>

#include "lehr/schedule/controller.hpp"

namespace lehr::schedule {

class EssTempering {
 public:
  struct Options {
    double target = 0.5;      // share of the particles, in (0, 1)
    double from = 0, to = 1;  // first and last inverse temperature, from < to
  };
  using Feedback = std::span<const double>;

  EssTempering() : EssTempering(Options{}) {}
  // Throws InvalidInput for options out of range.
  explicit EssTempering(const Options& options);

  // The current inverse temperature.
  double value() const { return inverse_temperature_; }
  bool finished() const { return inverse_temperature_ >= options_.to; }
  // Takes the particles' log-likelihoods, and their log-weights where those differ (normalised or not), and
  // moves to the next inverse temperature. A particle of log-likelihood -inf is lost at any step: the target
  // is then a share of the others. Throws NumericalFailure when all are lost, or one is nan or +inf.
  void observe(std::span<const double> log_likelihoods, std::span<const double> log_weights = {});

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".inverse_temperature", inverse_temperature_);
  }

 private:
  Options options_;
  double inverse_temperature_;
};

// The share ESS / N of the incremental weights exp(step l_i) under log-weights v_i (empty: equal), in (0, 1];
// particles of l_i = -inf are left out. At least one must be finite.
double incremental_ess(std::span<const double> log_likelihoods, std::span<const double> log_weights,
                       double step);

}  // namespace lehr::schedule
