#include "lehr/optimize/lbfgs.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/optimize/line_search.hpp"

namespace lehr::optimize {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
constexpr double infinity = std::numeric_limits<double>::infinity();

// The quasi-Newton matrix B = theta I - W M W', W = [Y, theta S] (eqs. 3.2 to 3.4).
class CompactMatrix {
 public:
  CompactMatrix(Index n, int memory) : n_(n), memory_(memory) { forget(); }

  void forget() {
    theta_ = 1;
    steps_.resize(n_, 0);
    changes_.resize(n_, 0);
    rebuild();
  }

  // Learns that the gradient changed by `change` over `step`; pairs without positive curvature are skipped.
  void update(const VectorXd& step, const VectorXd& change) {
    const double curvature = step.dot(change);
    if (!(curvature > std::numeric_limits<double>::epsilon() * change.squaredNorm())) return;
    append(steps_, step);
    append(changes_, change);
    theta_ = change.squaredNorm() / curvature;
    rebuild();
  }

  bool empty() const { return steps_.cols() == 0; }
  double theta() const { return theta_; }
  const MatrixXd& w() const { return w_; }
  VectorXd m(const VectorXd& v) const { return m_ * v; }
  const MatrixXd& m() const { return m_; }

 private:
  void append(MatrixXd& columns, const VectorXd& column) const {
    if (columns.cols() == memory_) {
      const MatrixXd kept = columns.rightCols(memory_ - 1);
      columns = kept;
    }
    columns.conservativeResize(Eigen::NoChange, columns.cols() + 1);
    columns.rightCols<1>() = column;
  }

  void rebuild() {
    const Index k = steps_.cols();
    w_.resize(n_, 2 * k);
    w_ << changes_, theta_ * steps_;
    const MatrixXd sy = steps_.transpose() * changes_;
    MatrixXd inverse = MatrixXd::Zero(2 * k, 2 * k);
    inverse.topLeftCorner(k, k) = -MatrixXd(sy.diagonal().asDiagonal());
    inverse.bottomLeftCorner(k, k) = sy.triangularView<Eigen::StrictlyLower>();
    inverse.topRightCorner(k, k) = inverse.bottomLeftCorner(k, k).transpose();
    inverse.bottomRightCorner(k, k) = theta_ * steps_.transpose() * steps_;
    m_ = k > 0 ? linalg::inverse(inverse) : inverse;
  }

  Index n_;
  int memory_;
  double theta_ = 1;
  MatrixXd steps_, changes_, w_, m_;
};

struct Bounds {
  VectorXd lower, upper;

  Bounds(const Box& box, Index n)
      : lower(box.lower.size() == 0 ? VectorXd::Constant(n, -infinity) : box.lower),
        upper(box.upper.size() == 0 ? VectorXd::Constant(n, infinity) : box.upper) {
    if (lower.size() != n || upper.size() != n)
      throw InvalidInput("L-BFGS: the box has {} lower and {} upper bounds for {} variables", lower.size(),
                         upper.size(), n);
    for (Index i = 0; i < n; ++i)
      if (!(lower[i] <= upper[i]))
        throw InvalidInput("L-BFGS: variable {} has lower bound {} above upper bound {}", i, lower[i],
                           upper[i]);
  }
  VectorXd project(const VectorXd& x) const { return x.cwiseMax(lower).cwiseMin(upper); }
  double projected_gradient_norm(const VectorXd& x, const VectorXd& gradient) const {
    return (project(x - gradient) - x).lpNorm<Eigen::Infinity>();
  }
  // The longest step along `direction` from x that stays inside.
  double longest_step(const VectorXd& x, const VectorXd& direction, double limit) const {
    for (Index i = 0; i < x.size(); ++i) {
      if (direction[i] > 0) limit = std::min(limit, (upper[i] - x[i]) / direction[i]);
      if (direction[i] < 0) limit = std::min(limit, (lower[i] - x[i]) / direction[i]);
    }
    return std::max(limit, 0.0);
  }
};

struct CauchyPoint {
  VectorXd point;
  VectorXd c;  // W' (point - x)
};

// The first local minimum of the model along the projected steepest descent path (algorithm CP).
CauchyPoint cauchy_point(const CompactMatrix& b, const Bounds& bounds, const VectorXd& x, const VectorXd& g) {
  const Index n = x.size();
  VectorXd breakpoint(n), d = -g;
  std::vector<Index> order;
  for (Index i = 0; i < n; ++i) {
    breakpoint[i] = g[i] < 0   ? (x[i] - bounds.upper[i]) / g[i]
                    : g[i] > 0 ? (x[i] - bounds.lower[i]) / g[i]
                               : infinity;
    if (breakpoint[i] <= 0)
      d[i] = 0;
    else if (breakpoint[i] < infinity)
      order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return breakpoint[i] < breakpoint[j]; });

  CauchyPoint cauchy{x, VectorXd::Zero(b.w().cols())};
  VectorXd p = b.w().transpose() * d;
  double slope = -d.squaredNorm();
  double curvature = -b.theta() * slope - p.dot(b.m(p));
  const double smallest = std::numeric_limits<double>::epsilon() * std::max(curvature, -slope);
  double reached = 0, ahead = slope < 0 ? -slope / std::max(curvature, smallest) : 0;
  for (const Index i : order) {
    const double segment = breakpoint[i] - reached;
    if (ahead < segment) break;
    const double bound = d[i] > 0 ? bounds.upper[i] : bounds.lower[i], z = bound - x[i];
    cauchy.point[i] = bound;
    cauchy.c += segment * p;
    const VectorXd row = b.w().row(i), m_row = b.m(row);
    slope += segment * curvature + g[i] * g[i] + b.theta() * g[i] * z - g[i] * m_row.dot(cauchy.c);
    curvature -= b.theta() * g[i] * g[i] + 2 * g[i] * m_row.dot(p) + g[i] * g[i] * m_row.dot(row);
    curvature = std::max(curvature, smallest);
    p += g[i] * row;
    d[i] = 0;
    reached = breakpoint[i];
    ahead = -slope / curvature;
    if (!(ahead > 0)) break;
  }
  ahead = std::max(ahead, 0.0);
  cauchy.c += ahead * p;
  cauchy.point += (reached + ahead) * d;
  cauchy.point = bounds.project(cauchy.point);
  return cauchy;
}

// The model's minimiser over the variables that are free at the Cauchy point (direct primal method),
// projected into the box, or cut short at it where the projection would not descend (Morales and Nocedal
// 2011).
VectorXd subspace_minimiser(const CompactMatrix& b, const Bounds& bounds, const VectorXd& x,
                            const VectorXd& g, const CauchyPoint& cauchy) {
  std::vector<Index> free;
  for (Index i = 0; i < x.size(); ++i)
    if (cauchy.point[i] > bounds.lower[i] && cauchy.point[i] < bounds.upper[i]) free.push_back(i);
  if (free.empty() || b.empty()) return cauchy.point;

  const VectorXd model_gradient = g + b.theta() * (cauchy.point - x) - b.w() * b.m(cauchy.c);
  const MatrixXd w = b.w()(free, Eigen::all);
  const VectorXd r = model_gradient(free);
  const MatrixXd system = MatrixXd::Identity(w.cols(), w.cols()) - b.m() * (w.transpose() * w) / b.theta();
  const VectorXd v = linalg::solve(system, b.m(w.transpose() * r));
  VectorXd newton = VectorXd::Zero(x.size());
  newton(free) = -(r + w * v / b.theta()) / b.theta();
  if (!newton.allFinite()) return cauchy.point;

  const VectorXd projected = bounds.project(cauchy.point + newton);
  if (g.dot(projected - x) < 0) return projected;
  return bounds.project(cauchy.point + bounds.longest_step(cauchy.point, newton, 1) * newton);
}

class Minimisation {
 public:
  Minimisation(const Objective& objective, const VectorXd& start, const Box& box, const LbfgsOptions& options)
      : objective_(objective),
        bounds_(box, start.size()),
        options_(options),
        matrix_(start.size(), options.memory) {
    result_.point = bounds_.project(start);
    result_.gradient.resize(start.size());
    result_.value = evaluate(result_.point, result_.gradient);
    if (!std::isfinite(result_.value))
      throw NumericalFailure("L-BFGS: the value at the start is {}", result_.value);
    if (!result_.gradient.allFinite())
      throw NumericalFailure("L-BFGS: the gradient at the start is not finite");
    measure();
  }

  LbfgsResult run(const std::function<void(const LbfgsStep&)>& watch) {
    while (result_.gradient_norm > options_.gradient_tolerance) {
      if (result_.iterations == options_.iterations) return finish(StopReason::iterations);
      const double before = result_.value;
      if (!advance()) return finish(StopReason::line_search);
      ++result_.iterations;
      measure();
      if (watch) watch({result_.iterations, result_.value, result_.gradient_norm, result_.point});
      const double scale =
          std::max({std::abs(before), std::abs(result_.value), std::numeric_limits<double>::min()});
      flat_ = before - result_.value <= options_.decrease_tolerance * scale ? flat_ + 1 : 0;
      if (flat_ == 3) return finish(StopReason::decrease);
    }
    return finish(StopReason::gradient);
  }

 private:
  double evaluate(const VectorXd& point, VectorXd& gradient) {
    ++result_.evaluations;
    return objective_(point, gradient);
  }
  void measure() { result_.gradient_norm = bounds_.projected_gradient_norm(result_.point, result_.gradient); }
  LbfgsResult finish(StopReason reason) {
    result_.reason = reason;
    return result_;
  }

  // One iteration; when the memory misleads, it is forgotten and the iteration tried once more.
  bool advance() {
    if (search()) return true;
    if (matrix_.empty()) return false;
    matrix_.forget();
    return search();
  }

  bool search() {
    const CauchyPoint cauchy = cauchy_point(matrix_, bounds_, result_.point, result_.gradient);
    const VectorXd target = subspace_minimiser(matrix_, bounds_, result_.point, result_.gradient, cauchy);
    const VectorXd direction = target - result_.point;
    const LinePoint origin{0, result_.value, result_.gradient.dot(direction)};
    if (!(origin.slope < 0)) return false;

    VectorXd point, gradient(direction.size());
    const auto along = [&](double step) {
      point = bounds_.project(result_.point + step * direction);
      const double value = evaluate(point, gradient);
      return LinePoint{step, value, gradient.dot(direction)};
    };
    const double first = matrix_.empty() ? std::min(1.0, 1 / direction.norm()) : 1;
    const LineResult line =
        wolfe_search(along, origin, first, bounds_.longest_step(result_.point, direction, 1e10));
    if (!line.success) return false;
    matrix_.update(point - result_.point, gradient - result_.gradient);
    result_.point = point;
    result_.gradient = gradient;
    result_.value = line.point.value;
    return true;
  }

  const Objective& objective_;
  Bounds bounds_;
  LbfgsOptions options_;
  CompactMatrix matrix_;
  LbfgsResult result_;
  int flat_ = 0;  // iterations in a row without a decrease worth the name
};

}  // namespace

std::string_view describe(StopReason reason) {
  switch (reason) {
    case StopReason::gradient:
      return "the gradient is within its tolerance";
    case StopReason::decrease:
      return "three iterations brought no further decrease";
    case StopReason::iterations:
      return "the iteration limit is reached";
    case StopReason::line_search:
      return "no step along the search direction decreases the value";
  }
  return "";
}

LbfgsResult lbfgs(const Objective& objective, const Eigen::VectorXd& start, const Box& box,
                  const LbfgsOptions& options, const std::function<void(const LbfgsStep&)>& watch) {
  if (options.memory < 1) throw InvalidInput("L-BFGS: memory must be at least 1, found {}", options.memory);
  return Minimisation(objective, start, box, options).run(watch);
}

}  // namespace lehr::optimize
