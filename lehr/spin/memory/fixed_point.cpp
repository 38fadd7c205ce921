#include "lehr/spin/memory/fixed_point.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <cmath>
#include <limits>
#include <vector>

namespace lehr::spin {
namespace {

// The last steps of the iteration, for Anderson's least squares.
class MixingHistory {
 public:
  void add(const OrderVector& x, const OrderVector& residual) {
    if (xs_.size() == depth + 1) xs_.erase(xs_.begin()), residuals_.erase(residuals_.begin());
    xs_.push_back(x);
    residuals_.push_back(residual);
  }
  void clear() { xs_.clear(), residuals_.clear(); }
  bool ready() const { return xs_.size() >= 2; }

  // The step from the last x to the point whose residual is least among the affine combinations of the
  // history.
  OrderVector step(double damping) const {
    const Eigen::Index columns = static_cast<Eigen::Index>(xs_.size()) - 1;
    Eigen::MatrixXd dx(3, columns), dr(3, columns);
    for (Eigen::Index k = 0; k < columns; ++k) {
      const auto at = static_cast<std::size_t>(k);
      dx.col(k) = xs_[at + 1] - xs_[at];
      dr.col(k) = residuals_[at + 1] - residuals_[at];
    }
    const Eigen::VectorXd weights = dr.colPivHouseholderQr().solve(residuals_.back());
    return damping * residuals_.back() - (dx + damping * dr) * weights;
  }

 private:
  static constexpr std::size_t depth = 3;
  std::vector<OrderVector> xs_, residuals_;
};

// Whether damped steps leave the fixed point x, and along which direction.
struct Escape {
  bool unstable = false;
  OrderVector direction = OrderVector::Zero();
};

Escape escape_from(const OrderMap& map, const OrderVector& x, const FixedPointOptions& options) {
  constexpr double step = 1e-6;
  const OrderVector at = map(x);
  Eigen::Matrix3d jacobian;
  for (int k = 0; k < 3; ++k) {
    OrderVector moved = x;
    moved(k) += step * options.inward(k);
    jacobian.col(k) = (map(moved) - at) / (step * options.inward(k));
  }
  const Eigen::Matrix3d damped =
      (1 - options.damping) * Eigen::Matrix3d::Identity() + options.damping * jacobian;
  const Eigen::EigenSolver<Eigen::Matrix3d> solver(damped);
  Eigen::Index largest = 0;
  if (!(solver.eigenvalues().cwiseAbs().maxCoeff(&largest) > 1 + 1e-4)) return {};
  const OrderVector direction = solver.eigenvectors().col(largest).real().normalized();
  return {true, direction.cwiseAbs().cwiseProduct(options.inward)};
}

}  // namespace

FixedPoint find_fixed_point(const OrderMap& map, const OrderVector& start, const FixedPointOptions& options) {
  FixedPoint found{start};
  MixingHistory history;
  double before = std::numeric_limits<double>::infinity(), mix_below = options.mix_below;
  bool mixed = false;
  while (found.iterations < options.max_iterations) {
    const OrderVector residual = map(found.x) - found.x;
    ++found.iterations;
    found.residual = residual.cwiseAbs().maxCoeff();
    if (std::isnan(found.residual)) return found;
    if (found.residual <= options.tolerance) {
      const Escape escape = mixed ? escape_from(map, found.x, options) : Escape{};
      found.converged = !escape.unstable;
      if (found.converged) break;
      found.x += 1e-3 * escape.direction;
      mixed = false, mix_below = 0;
      continue;
    }
    if (found.residual > 2 * before || found.residual > mix_below) history.clear();
    before = found.residual;
    OrderVector step = options.damping * residual;
    if (found.residual <= mix_below) {
      history.add(found.x, residual);
      const OrderVector proposal = history.ready() ? history.step(options.damping) : step;
      if (proposal.allFinite() && proposal.cwiseAbs().maxCoeff() <= options.reach)
        step = proposal, mixed = true;
    }
    found.x += step;
  }
  return found;
}

}  // namespace lehr::spin
