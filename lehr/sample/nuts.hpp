// The No-U-Turn sampler: Hamiltonian Monte Carlo whose trajectories double, forwards or backwards at random, until they turn
// back on themselves, and whose next point is drawn from the whole trajectory by weight exp(-H).
//
//   a tree of 2^k points stops growing when for it or for a half of it, with the first point of the other half,
//     rho' Sigma p_first <= 0  or  rho' Sigma p_last <= 0,   rho = sum of the momenta over the points
//   the next point: uniform progressive sampling inside a subtree, biased towards the newer half between subtrees
//   acceptance = mean over all points of min(1, exp(H_0 - H)), which the step size aims at (0.8)
//
// Source: Hoffman and Gelman, "The No-U-Turn sampler", 2014; Betancourt, "A conceptual introduction to Hamiltonian Monte
// Carlo", 2017, appendix A (multinomial trajectories and the criterion by rho). Cost of a transition: 2^depth - 1 gradients.
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/sample/log_density.hpp"
#include "lehr/sample/metric.hpp"

namespace lehr::sample {

class Nuts {
 public:
  static constexpr bool needs_gradient = true;
  // Trajectories end at 2^deepest points; `deepest` in [1, 20].
  explicit Nuts(int deepest = 10) : deepest_(deepest) {}
  double target_acceptance() const { return 0.8; }
  Transition transition(const LogDensity& target, ChainPoint& point, const Metric& metric, double step,
                        Stream& random) const;

 private:
  int deepest_;
};

}  // namespace lehr::sample
