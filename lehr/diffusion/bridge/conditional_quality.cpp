#include "lehr/diffusion/bridge/conditional_quality.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::diffusion {
namespace {

template <class Conditional>
ConditionalQuality quality_of(Conditional fitted, const BridgePlan& truth, const PointsRef& x,
                              double variance_sum) {
  if (truth.model().dimension() != x.rows())
    throw InvalidInput("cBW2-UVP: points have {} coordinates, the true bridge {}", x.rows(),
                       truth.model().dimension());
  if (!(variance_sum > 0) || x.cols() < 2) throw InvalidInput("cBW2-UVP: the target does not vary");
  const std::vector<double> distances = parallel_map(x.cols(), [&](std::int64_t i) {
    const Eigen::VectorXd point = x.col(i);
    return frechet_distance(fitted(point), truth.conditional_moments(point));
  });
  const auto n = static_cast<double>(distances.size());
  double mean = 0, square = 0;
  for (const double distance : distances) mean += distance / n;
  for (const double distance : distances) square += (distance - mean) * (distance - mean) / (n - 1);
  const double unit = 200 / variance_sum;
  return {unit * mean, unit * std::sqrt(square / n)};
}

}  // namespace

ConditionalQuality conditional_uvp(const BridgePlan& fitted, const BridgePlan& truth, const PointsRef& x,
                                   double target_variance_sum) {
  if (fitted.model().dimension() != truth.model().dimension())
    throw InvalidInput("cBW2-UVP: the fitted bridge has {} dimensions, the true one {}",
                       fitted.model().dimension(), truth.model().dimension());
  return quality_of([&](const Eigen::VectorXd& point) { return fitted.conditional_moments(point); }, truth, x,
                    target_variance_sum);
}

ConditionalQuality independent_uvp(const Moments& target, const BridgePlan& truth, const PointsRef& x,
                                   double target_variance_sum) {
  return quality_of([&](const Eigen::VectorXd&) { return target; }, truth, x, target_variance_sum);
}

}  // namespace lehr::diffusion
