// Scales, bounds and searches that the replica-symmetric and the one-step solver share.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/replica_model.hpp"
#include "lehr/spin/memory/replica_symmetric.hpp"

namespace lehr::spin {

// A retrieval state is lost where the iteration ends near m = 0, or creeps past the place where the state
// was.
inline bool on_retrieval_branch(const ReplicaPoint& point, Branch branch) {
  return branch == Branch::glass || (point.converged && std::abs(point.order.m) > 0.02);
}

inline void check_temperature(double temperature) {
  if (!(temperature >= 0) || !std::isfinite(temperature))
    throw InvalidInput("temperature: expected a finite number of at least 0, found {}", temperature);
}

// Makes the response C a number of order 1: the solvers iterate in C times this.
inline double response_scale(const ReplicaModel& model, double temperature) {
  const double scale = std::max(temperature, std::sqrt(model.full_variance()));
  return scale > 0 ? scale : 1;
}

// C is at least 0, and q2 = 1 - C T too.
inline double bounded_response(double response, double temperature) {
  const double least = std::max(0.0, response);
  return temperature > 0 ? std::min(least, 1 / temperature) : least;
}

// The largest load below `above` at which `retrieval(load)` still exists, by bisection.
Capacity largest_load(const std::function<ReplicaPoint(double load)>& retrieval, double above);

}  // namespace lehr::spin
