// Draws from a light Schroedinger bridge: partners of points, states in between, and simulated paths.
//
//   endpoint   y ~ pi(. | x_t = x), exactly
//   between    y ~ pi(. | x), x_t = (1 - t) x + t y + sqrt(eps t (1 - t)) xi: no simulation
//   simulate   Euler-Maruyama of dX = g dt + sqrt(eps) dW with equal steps; the last step to t = 1 is an endpoint draw, which is exact
//
// Points are columns, in the model's units. Column i draws from (seed, a lane of its purpose, step, block i) alone.
#pragma once

#include <functional>

#include "lehr/core/random.hpp"
#include "lehr/diffusion/bridge/light_bridge.hpp"

namespace lehr::diffusion {

// t in [0, 1): the time at which the paths stand at x.
Eigen::MatrixXd draw_endpoints(const BridgePlan& plan, const PointsRef& x, Seed seed, double t = 0);
// t in [0, 1].
Eigen::MatrixXd draw_between(const BridgePlan& plan, const PointsRef& x, double t, Seed seed);

using WatchPath = std::function<void(double t, const Eigen::MatrixXd& states)>;
// From x at time 0 to time `until` in (0, 1] by `steps` steps; `watch` sees the states after each.
Eigen::MatrixXd simulate_bridge(const BridgePlan& plan, const PointsRef& x, double until, std::int64_t steps,
                                Seed seed, const WatchPath& watch = {});

}  // namespace lehr::diffusion
