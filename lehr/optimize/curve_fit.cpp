#include "lehr/optimize/curve_fit.hpp"

#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/optimize/huber.hpp"

namespace lehr::optimize {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int step_limit = 500;

// Solves the normal equations restricted to the variables in `active`; the others are zero.
VectorXd solve_active(const MatrixXd& gram, const VectorXd& moment, const std::vector<Index>& active) {
  VectorXd x = VectorXd::Zero(moment.size());
  const VectorXd solution =
      linalg::solve_semidefinite(MatrixXd(gram(active, active)), VectorXd(moment(active)));
  x(active) = solution;
  return x;
}

bool contains(const std::vector<Index>& list, Index entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

// argmin of the quadratic model x'Gx / 2 - m'x over x >= 0, solved in columns of unit diagonal.
VectorXd scaled_solution(const MatrixXd& gram, const VectorXd& moment) {
  const VectorXd scale =
      gram.diagonal().cwiseMax(std::numeric_limits<double>::min()).cwiseSqrt().cwiseInverse();
  return scale.cwiseProduct(
      nonnegative_least_squares(scale.asDiagonal() * gram * scale.asDiagonal(), scale.cwiseProduct(moment)));
}

// How the Huber loss is replaced by a quadratic around the current residuals: by the majorising weights delta
// / |r|, which always descend, or by its curvature, 0 beyond delta, which converges quadratically near the
// optimum.
enum class Quadratic { majorising, newton };

class Refinement {
 public:
  Refinement(const CurveModel& model, const VectorXd& observed, const VectorXd& start, double huber_delta)
      : model_(model), log_observed_(observed.array().log()), huber_{huber_delta} {
    fit_.parameters = start;
    fit_ = evaluate(start);
  }

  bool feasible() const { return std::isfinite(fit_.objective); }

  CurveFit run(double tolerance) {
    int steps = 0;
    for (double decrease = 1; steps < step_limit && decrease > tolerance; ++steps) {
      decrease = steps < 2 ? 0 : step(Quadratic::newton);
      if (decrease < 1e-3) decrease += step(Quadratic::majorising);
    }
    fit_.iterations = steps;
    fit_.weights = fit_.residuals.unaryExpr([this](double r) { return huber_.weight(r); });
    return std::move(fit_);
  }

 private:
  CurveFit evaluate(const VectorXd& parameters) const {
    CurveFit at;
    at.parameters = parameters;
    at.predicted.resize(log_observed_.size());
    at.jacobian.resize(log_observed_.size(), parameters.size());
    model_.evaluate(parameters, at.predicted, at.jacobian);
    at.objective = std::numeric_limits<double>::infinity();
    if (!(at.predicted.minCoeff() > 0)) return at;
    at.residuals = at.predicted.array().log().matrix() - log_observed_;
    at.jacobian.array().colwise() /= at.predicted.array();
    at.objective = at.residuals.unaryExpr([this](double r) { return huber_.loss(r); }).sum();
    if (has_prior()) {
      const VectorXd off = parameters - model_.prior.center;
      at.objective += 0.5 * off.dot(model_.prior.precision * off);
    }
    return at;
  }

  bool has_prior() const { return model_.prior.precision.size() > 0; }

  // Minimises the quadratic model within the bounds and moves towards its minimiser until the objective
  // falls. Returns the relative decrease; 0 when there is none.
  double step(Quadratic kind) {
    const VectorXd weights = fit_.residuals.unaryExpr([this, kind](double r) {
      return kind == Quadratic::majorising ? huber_.weight(r) : std::abs(r) <= huber_.delta ? 1.0 : 0.0;
    });
    MatrixXd gram = fit_.jacobian.transpose() * weights.asDiagonal() * fit_.jacobian;
    VectorXd gradient =
        fit_.jacobian.transpose() * fit_.residuals.unaryExpr([this](double r) { return huber_.slope(r); });
    if (has_prior()) {
      gram += model_.prior.precision;
      gradient += model_.prior.precision * (fit_.parameters - model_.prior.center);
    }
    const VectorXd above = fit_.parameters - model_.lower;
    const VectorXd direction = scaled_solution(gram, gram * above - gradient) - above;
    if (!direction.allFinite()) return 0;
    for (double share = 1; share > 1e-3; share /= 2) {
      CurveFit next = evaluate(fit_.parameters + share * direction);
      if (!(next.objective < fit_.objective)) continue;
      const double decrease = (fit_.objective - next.objective) / fit_.objective;
      fit_ = std::move(next);
      return decrease;
    }
    return 0;
  }

  const CurveModel& model_;
  VectorXd log_observed_;
  Huber huber_;
  CurveFit fit_;
};

CurveModel linear_model(const MatrixXd& basis) {
  return {[&basis](const VectorXd& c, VectorXd& predicted, MatrixXd& jacobian) {
            predicted.noalias() = basis * c;
            jacobian = basis;
          },
          VectorXd::Zero(basis.cols()),
          {}};
}

CurveModel joint_model(const SeparableModel& model) {
  const Index linear = model.linear, dimensions = model.box.lower.size();
  VectorXd lower = VectorXd::Zero(linear + dimensions);
  lower.tail(dimensions) = model.box.lower;
  return {[&model, linear, dimensions](const VectorXd& p, VectorXd& predicted, MatrixXd& jacobian) {
            const VectorXd theta = p.tail(dimensions);
            MatrixXd columns;
            model.basis(theta, columns);
            predicted.noalias() = columns * p.head(linear);
            jacobian.leftCols(linear) = columns;
            for (Index j = 0; j < dimensions; ++j) {
              model.derivative(theta, j, columns);
              jacobian.col(linear + j).noalias() = columns * p.head(linear);
            }
          },
          lower,
          {}};
}

// The objective of theta with the best linear parameters, warm-started from one call to the next.
class ReducedObjective {
 public:
  ReducedObjective(const SeparableModel& model, const VectorXd& observed, double huber_delta,
                   double tolerance)
      : model_(model), observed_(observed), huber_{huber_delta}, tolerance_(tolerance) {}

  double operator()(const VectorXd& theta, VectorXd& gradient) {
    model_.basis(theta, basis_);
    const CurveFit fit = fit_linear(basis_, observed_, huber_.delta, linear_, tolerance_);
    linear_ = fit.parameters;
    iterations_ += fit.iterations;
    const VectorXd pull =
        fit.residuals.unaryExpr([this](double r) { return huber_.slope(r); }).cwiseQuotient(fit.predicted);
    for (Index j = 0; j < theta.size(); ++j) {
      model_.derivative(theta, j, derivative_);
      gradient[j] = pull.dot(derivative_ * linear_);
    }
    return fit.objective;
  }

  const VectorXd& linear() const { return linear_; }
  int iterations() const { return iterations_; }

 private:
  const SeparableModel& model_;
  const VectorXd& observed_;
  Huber huber_;
  double tolerance_;
  VectorXd linear_;
  MatrixXd basis_, derivative_;
  int iterations_ = 0;
};

}  // namespace

CurveFit refine(const CurveModel& model, const VectorXd& observed, const VectorXd& start, double huber_delta,
                double tolerance) {
  Refinement refinement(model, observed, start, huber_delta);
  if (!refinement.feasible())
    throw NumericalFailure("curve fit: the start's predictions are not all positive");
  return refinement.run(tolerance);
}

CurveFit fit_linear(const MatrixXd& basis, const VectorXd& observed, double huber_delta,
                    const VectorXd& start, double tolerance) {
  const CurveModel model = linear_model(basis);
  if (start.size() == basis.cols()) {
    Refinement refinement(model, observed, start, huber_delta);
    if (refinement.feasible()) return refinement.run(tolerance);
  }
  const MatrixXd relative = observed.cwiseInverse().asDiagonal() * basis;
  const VectorXd least_squares = scaled_solution(relative.transpose() * relative, relative.colwise().sum());
  return refine(model, observed, least_squares, huber_delta, tolerance);
}

CurveFit fit_separable(const SeparableModel& model, const VectorXd& observed,
                       const std::vector<VectorXd>& starts, double huber_delta) {
  if (starts.empty()) throw InvalidInput("curve fit: at least one start is needed");
  const Index dimensions = starts.front().size();
  ReducedObjective rough(model, observed, huber_delta, 1e-3), reduced(model, observed, huber_delta, 1e-10);
  VectorXd best, gradient(dimensions);
  double least = std::numeric_limits<double>::infinity();
  for (const VectorXd& start : starts) {
    const double objective = rough(start, gradient);
    if (objective < least) least = objective, best = start;
  }
  const double scale =
      1 / std::max(least, std::numeric_limits<double>::min());  // tolerances mean parts of the objective
  const auto scaled = [&](const VectorXd& theta, VectorXd& slope) {
    const double value = scale * reduced(theta, slope);
    slope *= scale;
    return value;
  };
  const LbfgsResult search =
      lbfgs(scaled, best, model.box, {.gradient_tolerance = 1e-3, .decrease_tolerance = 1e-7});
  reduced(search.point, gradient);
  VectorXd parameters(model.linear + dimensions);
  parameters << reduced.linear(), search.point;
  CurveFit fit = refit_separable(model, observed, parameters, huber_delta);
  fit.iterations += rough.iterations() + reduced.iterations();
  return fit;
}

CurveFit refit_separable(const SeparableModel& model, const VectorXd& observed, const VectorXd& near,
                         double huber_delta, double tolerance) {
  return refine(joint_model(model), observed, near, huber_delta, tolerance);
}

VectorXd nonnegative_least_squares(const MatrixXd& gram, const VectorXd& moment) {
  const Index n = moment.size();
  VectorXd x = VectorXd::Zero(n);
  std::vector<Index> active;
  const double tolerance = 1e-14 * moment.cwiseAbs().maxCoeff();
  for (Index round = 0; round < 3 * n; ++round) {
    const VectorXd slope = moment - gram * x;
    Index enter = -1;
    for (Index j = 0; j < n; ++j)
      if (!contains(active, j) && slope[j] > tolerance && (enter < 0 || slope[j] > slope[enter])) enter = j;
    if (enter < 0) break;
    active.push_back(enter);
    VectorXd goal = solve_active(gram, moment, active);
    // Walk towards the goal until a variable reaches zero, fix it there, and solve again.
    while (!active.empty() && goal(active).minCoeff() <= 0) {
      double share = 1;
      Index leave = -1;
      for (const Index j : active) {
        const double reach = goal[j] > 0 ? 1 : x[j] > 0 ? x[j] / (x[j] - goal[j]) : 0;
        if (goal[j] <= 0 && (leave < 0 || reach < share)) share = reach, leave = j;
      }
      x += share * (goal - x);
      x[leave] = 0;
      std::erase(active, leave);
      goal = active.empty() ? VectorXd(VectorXd::Zero(n)) : solve_active(gram, moment, active);
    }
    x = goal;
  }
  return x;
}

}  // namespace lehr::optimize
