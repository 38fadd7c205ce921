// Hamiltonian Monte Carlo and its one-step case, the Metropolis-adjusted Langevin algorithm (MALA).
//
//   p ~ N(0, Sigma^-1);  L leapfrog steps of size e from (x, p):
//     p <- p + e/2 grad log pi(x),  x <- x + e Sigma p,  p <- p + e/2 grad log pi(x)
//   accept with probability min(1, exp(H(x, p) - H(x', p'))),  H = -log pi(x) + p' Sigma p / 2
//
// Sigma is the metric's estimate of the target's covariance. With `jitter` the number of steps of a trajectory is uniform
// on 1 .. 2 steps - 1, so that no period of the target resonates. steps = 1 is MALA with the proposal
// x + e^2/2 Sigma grad + e Sigma^(1/2) z. Source: Neal, "MCMC using Hamiltonian dynamics", 2011; Roberts and Tweedie, 1996.
// Cost of a transition: one gradient a leapfrog step.
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/sample/log_density.hpp"
#include "lehr/sample/metric.hpp"

namespace lehr::sample {

class Hmc {
 public:
  static constexpr bool needs_gradient = true;

  // `steps` >= 1, the mean number of leapfrog steps.
  explicit Hmc(std::int64_t steps = 16, bool jitter = true) : steps_(steps), jitter_(jitter && steps > 1) {}

  // The acceptance rate at which a unit of computing gives most: 0.574 for one step, 0.8 (above the 0.651 of the limit
  // of high dimension, against rare divergences) for many.
  double target_acceptance() const { return steps_ == 1 ? 0.574 : 0.8; }

  Transition transition(const LogDensity& target, ChainPoint& point, const Metric& metric, double step,
                        Stream& random) const;

 private:
  std::int64_t steps_;
  bool jitter_;
};

}  // namespace lehr::sample
