#include "lehr/spin/memory/one_step_rsb.hpp"

#include <boost/math/tools/toms748_solve.hpp>
#include <optional>

#include "lehr/spin/memory/replica_scale.hpp"

namespace lehr::spin {
namespace {

// The solver of one temperature and branch: the scan over mu and its root.
class OneStepSearch {
 public:
  OneStepSearch(const ReplicaModel& model, double temperature, Branch branch)
      : model_(model), temperature_(temperature), branch_(branch), symmetric_(solve_symmetric()) {}

  ReplicaPoint solve() {
    if (symmetry_is_exact()) return exact_symmetry();
    bracket();
    if (!upper_) return lost_or_exact();
    if (!lower_) return not_stationary();
    ReplicaPoint point = root();
    point.exists = true;
    return point;
  }

 private:
  ReplicaPoint solve_symmetric() const { return replica_symmetric(model_, temperature_, branch_); }

  ReplicaPoint exact_symmetry() const {
    ReplicaPoint point = symmetric_;
    point.rsb_irrelevant = true;
    return point;
  }

  // A stable replica-symmetric state can only be left by a jump, which the glass of P > 2 makes from q = 0.
  bool symmetry_is_exact() const {
    const bool may_jump = branch_ == Branch::glass && model_.first_order_glass();
    return !may_jump && symmetric_.exists && symmetric_.stability < 1;
  }

  bool on_branch(const ReplicaPoint& point) const {
    if (branch_ == Branch::retrieval) return point.exists;
    return point.q2 - point.order.q1 > 1e-6;
  }

  // The scan goes down from theta = 1, or from a mu at which the states' spread in free energy is far in the
  // tail.
  void bracket() {
    const double spread = std::sqrt(model_.full_variance());
    double mu = (branch_ == Branch::retrieval ? 30 : 12) / spread;
    if (temperature_ > 0) mu = std::min(mu, 1 / temperature_);
    for (int step = 0; step < 60 && mu * spread > 1e-3; ++step, mu *= 0.8) {
      const ReplicaPoint point = at(mu, upper_ ? &*upper_ : nullptr);
      if (!on_branch(point)) {
        if (upper_) return bracket_before(mu);
        continue;
      }
      if (slope(point) > 0) {
        upper_ = point;
      } else {
        if (upper_) lower_ = point;
        return;  // a negative slope at the top: A_1 falls up to theta = 1
      }
    }
  }

  // The branch ends between `lost` and the upper end: a negative slope may still lie between.
  void bracket_before(double lost) {
    for (int step = 0; step < 30 && !lower_; ++step) {
      const double mu = 0.5 * (lost + upper_->mu);
      const ReplicaPoint point = at(mu, &*upper_);
      if (!on_branch(point))
        lost = mu;
      else
        (slope(point) > 0 ? upper_ : lower_) = point;
    }
  }

  // A retrieval state is always sought from m = 1: near the end of its branch a neighbour's solution may lie
  // beyond the edge of what flows to it.
  ReplicaPoint at(double mu, const ReplicaPoint* near) const {
    return one_step_rsb_at(model_, temperature_, mu, branch_, branch_ == Branch::glass ? near : nullptr);
  }

  double slope(const ReplicaPoint& point) const {
    return mu_slope(model_, temperature_, point.order, point.mu);
  }

  ReplicaPoint lost_or_exact() const {
    if (symmetric_.exists) return exact_symmetry();
    ReplicaPoint point = symmetric_;
    point.exists = false;
    return point;
  }

  ReplicaPoint not_stationary() const {
    ReplicaPoint point = *upper_;
    point.exists = false;
    return point;
  }

  ReplicaPoint root() const {
    const auto between = [&](double mu) {
      return at(mu, mu - lower_->mu < upper_->mu - mu ? &*lower_ : &*upper_);
    };
    std::uintmax_t evaluations = 60;
    const auto [low, high] = boost::math::tools::toms748_solve(
        [&](double mu) { return slope(between(mu)); }, lower_->mu, upper_->mu, slope(*lower_), slope(*upper_),
        boost::math::tools::eps_tolerance<double>(36), evaluations);
    return between(0.5 * (low + high));
  }

  const ReplicaModel& model_;
  double temperature_;
  Branch branch_;
  ReplicaPoint symmetric_;
  std::optional<ReplicaPoint> upper_, lower_;  // A_1 rises in mu at `upper_`, falls at `lower_`
};

}  // namespace

ReplicaPoint one_step_rsb_at(const ReplicaModel& model, double temperature, double mu, Branch branch,
                             const ReplicaPoint* from) {
  check_temperature(temperature);
  if (!(mu > 0) || !std::isfinite(mu))
    throw InvalidInput("mu: expected a finite number above 0, found {}", mu);
  const double scale = response_scale(model, temperature);
  const auto order_of = [&](const OrderVector& x) {
    OrderParameters order{.m = x(0), .response = bounded_response(x(2) / scale, temperature)};
    order.q1 = std::clamp(x(1), 0.0, order.q2(temperature));
    return order;
  };
  const OrderMap map = [&](const OrderVector& x) -> OrderVector {
    const SiteAverages site = site_averages(model, temperature, order_of(x), mu);
    return {site.m, site.q1, scale * site.response};
  };
  OrderVector start(branch == Branch::retrieval ? 1 : 0, 0.5, 0);
  if (branch == Branch::retrieval) start(1) = 1 - 0.03 / (1 + mu * std::sqrt(model.full_variance()));
  if (branch == Branch::glass && model.first_order_glass()) start(1) = 0;
  if (from != nullptr) start = OrderVector(from->order.m, from->order.q1, scale * from->order.response);
  const FixedPoint solution = find_fixed_point(map, start);
  ReplicaPoint point = replica_point(model, temperature, order_of(solution.x), mu);
  point.converged = solution.converged;
  point.iterations = solution.iterations;
  point.exists = on_retrieval_branch(point, branch);
  return point;
}

ReplicaPoint one_step_rsb(const ReplicaModel& model, double temperature, Branch branch) {
  check_temperature(temperature);
  return OneStepSearch(model, temperature, branch).solve();
}

Capacity one_step_rsb_capacity(int order, double temperature) {
  const double scale = zero_temperature_capacity(order).load;
  return largest_load(
      [&](double load) {
        return one_step_rsb(ReplicaModel::dense(order, load), temperature, Branch::retrieval);
      },
      1.6 * scale);
}

}  // namespace lehr::spin
