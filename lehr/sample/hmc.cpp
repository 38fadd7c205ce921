#include "lehr/sample/hmc.hpp"

#include <cmath>

#include "lehr/core/quick_random.hpp"

namespace lehr::sample {
namespace {

constexpr double divergence = 1000;  // error of the energy beyond which a trajectory is given up

}  // namespace

Transition Hmc::transition(const LogDensity& target, ChainPoint& point, const Metric& metric, double step,
                           Stream& random) const {
  const Eigen::Index d = target.dimension;
  Eigen::VectorXd noise(d), momentum(d), velocity(d);
  QuickStream quick(random);
  for (Eigen::Index i = 0; i < d; ++i) noise(i) = normal(quick);
  metric.unscale(noise, momentum);
  const std::int64_t length = jitter_ ? 1 + uniform_index(random, 2 * steps_ - 1) : steps_;
  const double threshold = uniform(random);

  const double before = 0.5 * noise.squaredNorm() - point.log_density;
  ChainPoint end = point;
  Transition result;
  double after = before;
  momentum += 0.5 * step * end.gradient;
  for (std::int64_t l = 1; l <= length; ++l) {
    metric.multiply(momentum, velocity);
    end.x += step * velocity;
    end.log_density = target.with_gradient(end.x, end.gradient);
    ++result.evaluations;
    if (!(before + end.log_density > -divergence)) {  // also where the density is 0 or not a number
      result.diverged = true;
      result.acceptance = 0;
      return result;
    }
    momentum += (l < length ? step : 0.5 * step) * end.gradient;
  }
  metric.multiply(momentum, velocity);
  after = 0.5 * momentum.dot(velocity) - end.log_density;
  result.diverged = !(after - before < divergence);
  result.acceptance = result.diverged ? 0 : std::min(1.0, std::exp(before - after));
  if (threshold < result.acceptance) point = std::move(end);
  return result;
}

}  // namespace lehr::sample
