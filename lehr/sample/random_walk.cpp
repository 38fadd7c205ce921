#include "lehr/sample/random_walk.hpp"

#include <cmath>

#include "lehr/core/quick_random.hpp"

namespace lehr::sample {

Transition RandomWalk::transition(const LogDensity& target, ChainPoint& point, const Metric& metric,
                                  double step, Stream& random) const {
  Eigen::VectorXd noise(target.dimension), proposal(target.dimension);
  QuickStream quick(random);
  for (Eigen::Index i = 0; i < target.dimension; ++i) noise(i) = normal(quick);
  metric.scale(noise, proposal);
  proposal = point.x + step * proposal;
  const double log_density = target.value(proposal);
  const double ratio = log_density - point.log_density;
  const double acceptance = ratio >= 0 ? 1 : ratio > -800 ? std::exp(ratio) : 0;  // a NaN is refused
  if (uniform(quick) < acceptance) {
    point.x.swap(proposal);
    point.log_density = log_density;
  }
  return {.acceptance = acceptance, .evaluations = 1};
}

}  // namespace lehr::sample
