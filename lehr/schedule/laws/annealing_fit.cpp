// The fit of the annealing law and of its baseline without annealing, the power law: variable projection over
// alpha.
#include <array>
#include <memory>

#include "lehr/optimize/curve_fit.hpp"
#include "lehr/schedule/laws/fit_problem.hpp"

namespace lehr::laws {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::array lambda_grid{0.99, 0.995, 0.998, 0.999, 0.9993, 0.9995, 0.9997, 0.9998};
constexpr std::array alpha_starts{0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.3};
constexpr double smallest_alpha = 0.01, largest_alpha = 5;
// Where each parameter of the law stands.
struct AnnealingAt {
  enum : Index { L0, A, alpha, C, lambda };
};

// The features of the rows under one lambda.
struct Features {
  double lambda;
  VectorXd log_forward, annealing;
};

struct AnnealingRows {
  std::vector<Features> choices;  // one, or one per lambda of the grid
  std::vector<VectorXd> slopes;   // d S2 / d lambda at the rows, per choice; empty when lambda is fixed
  bool anneals = false;           // C is free
  bool power = false;             // no C and lambda among the parameters
  double huber_delta = 1e-3;
};

// Linear parameters L0, A (, C); theta = alpha.
optimize::SeparableModel separable(const Features& features, bool anneals) {
  optimize::SeparableModel model;
  model.linear = anneals ? 3 : 2;
  model.basis = [&features, anneals, columns = model.linear](const VectorXd& alpha, MatrixXd& basis) {
    basis.resize(features.log_forward.size(), columns);
    basis.col(0).setOnes();
    basis.col(1) = (-alpha[0] * features.log_forward.array()).exp();
    if (anneals) basis.col(2) = -features.annealing;
  };
  model.derivative = [&features, columns = model.linear](const VectorXd& alpha, Index, MatrixXd& derivative) {
    derivative.setZero(features.log_forward.size(), columns);
    derivative.col(1) = -features.log_forward.array() * (-alpha[0] * features.log_forward.array()).exp();
  };
  model.box = {VectorXd::Constant(1, smallest_alpha), VectorXd::Constant(1, largest_alpha)};
  return model;
}

optimize::CurveFit fit_choice(const AnnealingRows& data, const Features& features, const VectorXd& losses,
                              const Estimate* near) {
  const optimize::SeparableModel model = separable(features, data.anneals);
  if (near != nullptr) {
    VectorXd start(model.linear + 1);
    start.head<2>() = near->parameters.head<2>();
    if (data.anneals) start[2] = near->parameters[AnnealingAt::C];
    start[model.linear] = near->parameters[AnnealingAt::alpha];
    return optimize::refit_separable(model, losses, start, data.huber_delta, refit_tolerance);
  }
  std::vector<VectorXd> starts;
  for (const double alpha : alpha_starts) starts.push_back(VectorXd::Constant(1, alpha));
  return optimize::fit_separable(model, losses, starts, data.huber_delta);
}

// The columns of the fit's Jacobian (L0, A, C, alpha) in the order L0, A, alpha, C, lambda of the law.
MatrixXd ordered_jacobian(const AnnealingRows& data, const optimize::CurveFit& fit, std::size_t choice) {
  const Index columns = 3 + (data.anneals ? 1 : 0) + (data.slopes.empty() ? 0 : 1);
  MatrixXd jacobian(fit.predicted.size(), columns);
  jacobian.leftCols(2) = fit.jacobian.leftCols(2);
  jacobian.col(AnnealingAt::alpha) = fit.jacobian.rightCols<1>();
  if (data.anneals) jacobian.col(AnnealingAt::C) = fit.jacobian.col(2);
  if (!data.slopes.empty())
    jacobian.col(AnnealingAt::lambda) = -fit.parameters[2] * data.slopes[choice].cwiseQuotient(fit.predicted);
  return jacobian;
}

Estimate solve(const AnnealingRows& data, const VectorXd& losses, const Estimate* near) {
  optimize::CurveFit best;
  std::size_t choice = 0;
  for (std::size_t c = 0; c < data.choices.size(); ++c) {
    optimize::CurveFit fit = fit_choice(data, data.choices[c], losses, near);
    if (c > 0 && !(fit.objective < best.objective)) continue;
    best = std::move(fit);
    choice = c;
  }
  Estimate estimate;
  estimate.parameters.resize(data.power ? 3 : 5);
  estimate.parameters.head<3>() << best.parameters[0], best.parameters[1], best.parameters.tail<1>()[0];
  if (!data.power)
    estimate.parameters.tail<2>() << (data.anneals ? best.parameters[2] : 0.0), data.choices[choice].lambda;
  estimate.jacobian = ordered_jacobian(data, best, choice);
  const MatrixXd hessian = estimate.jacobian.transpose() * best.weights.asDiagonal() * estimate.jacobian;
  estimate.condition_number = scaled_condition_number(hessian);
  estimate.prior_precision = MatrixXd::Zero(hessian.rows(), hessian.cols());
  estimate.residuals = std::move(best.residuals);
  estimate.weights = std::move(best.weights);
  estimate.objective = best.objective;
  estimate.iterations = best.iterations;
  return estimate;
}

Features features(const Rows& rows, double lambda, WarmupArea warmup) {
  const RowAreas at = row_areas(rows, lambda, warmup);
  return {lambda, at.forward.array().log(), at.annealing};
}

AnnealingRows annealing_rows(const Rows& rows, const FitOptions& options) {
  const WarmupArea warmup = warmup_area(options.warmup_area);
  AnnealingRows data;
  data.huber_delta = options.huber_delta;
  data.power = options.law == "power";
  if (!options.profile_lambda || data.power) {
    data.choices.push_back(features(rows, options.lambda, warmup));
  } else {
    for (const double lambda : lambda_grid) data.choices.push_back(features(rows, lambda, warmup));
  }
  const Features& first = data.choices.front();
  const double resolution = 1e-9 * first.log_forward.array().exp().maxCoeff();
  data.anneals = !data.power && first.annealing.cwiseAbs().maxCoeff() > resolution;
  if (data.choices.size() == 1 || !data.anneals) return data;
  for (const Features& choice : data.choices) {
    const double step = 1e-3 * (1 - choice.lambda);
    data.slopes.push_back((row_areas(rows, choice.lambda + step, warmup).annealing -
                           row_areas(rows, choice.lambda - step, warmup).annealing) /
                          (2 * step));
  }
  return data;
}

}  // namespace

FitProblem annealing_problem(const Rows& rows, const FitOptions& options) {
  const auto data = std::make_shared<const AnnealingRows>(annealing_rows(rows, options));
  FitProblem problem;
  problem.names = data->power ? std::vector<std::string>{"L0", "A", "alpha"}
                              : std::vector<std::string>{"L0", "A", "alpha", "C", "lambda"};
  problem.free = {AnnealingAt::L0, AnnealingAt::A, AnnealingAt::alpha};
  if (data->anneals) problem.free.push_back(AnnealingAt::C);
  if (!data->slopes.empty()) problem.free.push_back(AnnealingAt::lambda);
  problem.identified = data->power || data->anneals;
  if (!problem.identified)
    problem.warnings.emplace_back(
        "C is not identified, because no learning rate changes after the warm-up; C is fixed at 0. Add a "
        "curve that "
        "anneals.");
  if (!data->slopes.empty() && rows.curves.size() == 1)
    problem.warnings.emplace_back(
        "lambda is not identified by one curve, which cannot separate it from C and alpha; keep it fixed or "
        "add a curve.");
  problem.solve = [data](const VectorXd& losses, const Estimate* near, const VectorXd&) {
    return solve(*data, losses, near);
  };
  return problem;
}

}  // namespace lehr::laws
