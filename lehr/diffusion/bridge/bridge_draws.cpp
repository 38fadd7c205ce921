#include "lehr/diffusion/bridge/bridge_draws.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::int64_t columns_per_task = 256;

Stream stream_of(Seed seed, std::uint64_t lane, std::int64_t step, std::int64_t column) {
  return Stream(seed, lane, static_cast<std::uint64_t>(step))
      .at_block(static_cast<std::uint64_t>(column) << 24);
}

// Adds deviation * normal numbers to every column.
void add_noise(MatrixXd& points, double deviation, Seed seed, std::uint64_t lane, std::int64_t step) {
  parallel_for(
      points.cols(),
      [&](std::int64_t i) {
        Stream random = stream_of(seed, lane, step, i);
        for (double& value : points.col(i)) value += deviation * normal(random);
      },
      columns_per_task);
}

Index draw_component(const MatrixXd& shares, Index row, Stream& random) {
  double left = uniform(random);
  for (Index k = 0; k + 1 < shares.cols(); ++k)
    if ((left -= shares(row, k)) < 0) return k;
  return shares.cols() - 1;
}

}  // namespace

MatrixXd draw_endpoints(const BridgePlan& plan, const PointsRef& x, Seed seed, double t) {
  if (!(t >= 0) || t >= 1)
    throw InvalidInput("bridge: endpoints are drawn from times in [0, 1), not {:g}", t);
  const MatrixXd shares = plan.responsibilities(x, t);
  const BridgePlan::EndpointLaw law = plan.endpoint_law(t);
  MatrixXd points(x.rows(), x.cols());
  parallel_for(
      x.cols(),
      [&](std::int64_t i) {
        Stream random = stream_of(seed, lane("diffusion.bridge.endpoint"), 0, i);
        const Index k = draw_component(shares, i, random);
        VectorXd own = plan.into_axes(k, x.col(i));
        for (Index j = 0; j < own.size(); ++j)
          own[j] = law.slope(j, k) * own[j] + law.centre(j, k) + law.deviation(j, k) * normal(random);
        points.col(i) = plan.from_axes(k, own);
      },
      columns_per_task);
  return points;
}

MatrixXd draw_between(const BridgePlan& plan, const PointsRef& x, double t, Seed seed) {
  if (!(t >= 0) || t > 1) throw InvalidInput("bridge: time {:g} is not in [0, 1]", t);
  if (t == 0) return x;
  const MatrixXd y = draw_endpoints(plan, x, seed);
  if (t == 1) return y;
  MatrixXd states = (1 - t) * x + t * y;
  add_noise(states, std::sqrt(plan.model().epsilon * t * (1 - t)), seed, lane("diffusion.bridge.between"), 0);
  return states;
}

MatrixXd simulate_bridge(const BridgePlan& plan, const PointsRef& x, double until, std::int64_t steps,
                         Seed seed, const WatchPath& watch) {
  if (!(until > 0) || until > 1) throw InvalidInput("bridge: simulated time {:g} is not in (0, 1]", until);
  if (steps < 1) throw InvalidInput("bridge: a simulation needs at least 1 step, not {}", steps);
  const double length = until / static_cast<double>(steps);
  MatrixXd states = x;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double t = length * static_cast<double>(i);
    if (until == 1 && i + 1 == steps) {
      states = draw_endpoints(plan, states, seed, t);
    } else {
      states += length * plan.drift(states, t);
      add_noise(states, std::sqrt(plan.model().epsilon * length), seed, lane("diffusion.bridge.simulate"), i);
    }
    if (watch) watch(i + 1 == steps ? until : t + length, states);
  }
  return states;
}

}  // namespace lehr::diffusion
