// Random-walk Metropolis: x' = x + e Sigma^(1/2) z, z ~ N(0, I), accepted with probability min(1, pi(x') / pi(x)). Sigma is
// the metric's estimate of the target's covariance, e adapts to the acceptance rate 0.234 that is best in high dimension
// (Roberts, Gelman and Gilks, 1997; 0.44 in one dimension). Source: Metropolis et al., 1953; Haario, Saksman and Tamminen, "An
// adaptive Metropolis algorithm", 2001. Cost of a transition: one evaluation.
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/sample/log_density.hpp"
#include "lehr/sample/metric.hpp"

namespace lehr::sample {

class RandomWalk {
 public:
  static constexpr bool needs_gradient = false;
  explicit RandomWalk(Eigen::Index dimension) : target_acceptance_(dimension == 1 ? 0.44 : 0.234) {}
  double target_acceptance() const { return target_acceptance_; }
  Transition transition(const LogDensity& target, ChainPoint& point, const Metric& metric, double step,
                        Stream& random) const;

 private:
  double target_acceptance_;
};

}  // namespace lehr::sample
