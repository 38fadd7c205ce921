#include "lehr/spin/memory/replica_symmetric.hpp"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/spin/memory/replica_scale.hpp"

namespace lehr::spin {

ReplicaPoint replica_symmetric(const ReplicaModel& model, double temperature, Branch branch,
                               const ReplicaPoint* from) {
  check_temperature(temperature);
  const double scale = response_scale(model, temperature);
  const auto order_of = [&](const OrderVector& x) {
    const double response = bounded_response(x(2) / scale, temperature);
    return OrderParameters{.m = x(0), .q1 = 1 - response * temperature, .response = response};
  };
  const OrderMap map = [&](const OrderVector& x) -> OrderVector {
    const SiteAverages site = site_averages(model, temperature, order_of(x), 0);
    return {site.m, 0, scale * site.response};
  };
  OrderVector start(branch == Branch::retrieval ? 1 : 0, 0, 0);
  if (from != nullptr) start = OrderVector(from->order.m, 0, scale * from->order.response);
  const FixedPoint solution =
      find_fixed_point(map, start, {.mix_below = 1e-5});  // damped close to a branch's end
  ReplicaPoint point = replica_point(model, temperature, order_of(solution.x), 0);
  point.converged = solution.converged;
  point.iterations = solution.iterations;
  point.exists = on_retrieval_branch(point, branch);
  return point;
}

Capacity zero_temperature_capacity(int order) {
  if (order < 2 || order > 100) throw InvalidInput("order: must be in [2, 100], found {}", order);
  const auto log_load = [&](double log_u) {
    const double u = std::exp(log_u);
    return 2 * ((order - 1) * std::log(std::erf(u)) - log_u) - std::log(2.0) - std::lgamma(order);
  };
  const auto [log_u, negative] =
      boost::math::tools::brent_find_minima([&](double x) { return -log_load(x); }, -12.0, 2.0, 40);
  return {std::exp(-negative), std::erf(std::exp(log_u))};
}

Capacity replica_symmetric_capacity(int order, double temperature) {
  const double scale = zero_temperature_capacity(order).load;
  const auto retrieval = [&](double load) {
    return replica_symmetric(ReplicaModel::dense(order, load), temperature, Branch::retrieval);
  };
  return largest_load(retrieval, 1.3 * scale);
}

}  // namespace lehr::spin
