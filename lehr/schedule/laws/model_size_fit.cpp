// The fit of the annealing law over several model sizes: variable projection over alpha, gamma and, with
// three sizes, beta.
#include <cmath>
#include <memory>
#include <set>

#include "lehr/optimize/curve_fit.hpp"
#include "lehr/schedule/laws/fit_problem.hpp"

namespace lehr::laws {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// With two sizes L0, B and beta cannot be told apart; beta is then the exponent of Hoffmann et al., "Training
// compute-optimal large language models", 2022.
constexpr double beta_of_two_sizes = 0.34;
// Where each parameter of the law stands.
struct SizeAt {
  enum : Index { L0, A, alpha, B, beta, C, gamma, lambda };
};

struct SizeRows {
  VectorXd log_forward, annealing, log_size;  // log of the size relative to `reference`
  double reference = 1, lambda = 0.999, huber_delta = 1e-3;
  bool beta_free = false;

  double beta(const VectorXd& theta) const { return beta_free ? theta[2] : beta_of_two_sizes; }
};

// theta = (alpha, gamma[, beta]); linear parameters L0, A, B, C with B and C at the reference size.
optimize::SeparableModel separable(const SizeRows& data) {
  const Index dimensions = data.beta_free ? 3 : 2;
  optimize::SeparableModel model;
  model.linear = 4;
  model.basis = [&data](const VectorXd& theta, MatrixXd& basis) {
    basis.resize(data.log_size.size(), 4);
    basis.col(0).setOnes();
    basis.col(1) = (-theta[0] * data.log_forward.array()).exp();
    basis.col(2) = (-data.beta(theta) * data.log_size.array()).exp();
    basis.col(3) = -data.annealing.array() * (-theta[1] * data.log_size.array()).exp();
  };
  model.derivative = [&data](const VectorXd& theta, Index j, MatrixXd& derivative) {
    derivative.setZero(data.log_size.size(), 4);
    if (j == 0) derivative.col(1) = -data.log_forward.array() * (-theta[0] * data.log_forward.array()).exp();
    if (j == 1)
      derivative.col(3) =
          data.annealing.array() * data.log_size.array() * (-theta[1] * data.log_size.array()).exp();
    if (j == 2) derivative.col(2) = -data.log_size.array() * (-theta[2] * data.log_size.array()).exp();
  };
  model.box = {VectorXd::Constant(dimensions, 0.01), VectorXd::Constant(dimensions, 5)};
  model.box.lower[1] = -2;
  return model;
}

std::vector<VectorXd> starts(const SizeRows& data) {
  std::vector<VectorXd> list;
  for (const double alpha : {0.2, 0.4, 0.6, 0.9})
    for (const double gamma : {0.0, 0.2})
      for (const double beta : {0.15, 0.3, 0.6})
        list.push_back(data.beta_free ? VectorXd{{alpha, gamma, beta}} : VectorXd{{alpha, gamma}});
  return list;
}

optimize::CurveFit fit_sizes(const SizeRows& data, const VectorXd& losses, const Estimate* near) {
  const optimize::SeparableModel model = separable(data);
  if (near == nullptr) return optimize::fit_separable(model, losses, starts(data), data.huber_delta);
  const VectorXd& p = near->parameters;
  VectorXd start(data.beta_free ? 7 : 6);
  start.head<6>() << p[SizeAt::L0], p[SizeAt::A], p[SizeAt::B] * std::pow(data.reference, -p[SizeAt::beta]),
      p[SizeAt::C] * std::pow(data.reference, -p[SizeAt::gamma]), p[SizeAt::alpha], p[SizeAt::gamma];
  if (data.beta_free) start[6] = p[SizeAt::beta];
  return optimize::refit_separable(model, losses, start, data.huber_delta, refit_tolerance);
}

// The Jacobian's columns (L0, A, B', C', alpha, gamma[, beta]) turned into those of the law's parameters. B =
// B' R^beta and C = C' R^gamma with the reference size R.
MatrixXd natural_jacobian(const SizeRows& data, const optimize::CurveFit& fit,
                          const std::vector<Index>& free) {
  MatrixXd columns = MatrixXd::Zero(fit.predicted.size(), 8);
  const double log_reference = std::log(data.reference),
               beta = data.beta(fit.parameters.tail(fit.parameters.size() - 4)), gamma = fit.parameters[5];
  columns.col(SizeAt::L0) = fit.jacobian.col(0);
  columns.col(SizeAt::A) = fit.jacobian.col(1);
  columns.col(SizeAt::alpha) = fit.jacobian.col(4);
  columns.col(SizeAt::B) = fit.jacobian.col(2) * std::exp(-beta * log_reference);
  columns.col(SizeAt::C) = fit.jacobian.col(3) * std::exp(-gamma * log_reference);
  columns.col(SizeAt::gamma) = fit.jacobian.col(5) - log_reference * fit.parameters[3] * fit.jacobian.col(3);
  if (data.beta_free)
    columns.col(SizeAt::beta) = fit.jacobian.col(6) - log_reference * fit.parameters[2] * fit.jacobian.col(2);
  return columns(Eigen::all, free);
}

Estimate solve(const SizeRows& data, const std::vector<Index>& free, const VectorXd& losses,
               const Estimate* near) {
  const optimize::CurveFit fit = fit_sizes(data, losses, near);
  const VectorXd& p = fit.parameters;
  const double beta = data.beta(p.tail(p.size() - 4)), gamma = p[5];
  Estimate estimate;
  estimate.parameters = VectorXd{{p[0], p[1], p[4], p[2] * std::pow(data.reference, beta), beta,
                                  p[3] * std::pow(data.reference, gamma), gamma, data.lambda}};
  estimate.jacobian = natural_jacobian(data, fit, free);
  const MatrixXd hessian = estimate.jacobian.transpose() * fit.weights.asDiagonal() * estimate.jacobian;
  estimate.condition_number = scaled_condition_number(hessian);
  estimate.prior_precision = MatrixXd::Zero(hessian.rows(), hessian.cols());
  estimate.residuals = fit.residuals;
  estimate.weights = fit.weights;
  estimate.objective = fit.objective;
  estimate.iterations = fit.iterations;
  return estimate;
}

SizeRows size_rows(const Rows& rows, const FitOptions& options, std::size_t& sizes) {
  std::set<double> distinct;
  double log_sum = 0;
  for (const Curve& curve : rows.curves) {
    if (!(curve.plan.model_size > 0) || !std::isfinite(curve.plan.model_size))
      throw InvalidInput(
          "curve '{}': the model size is {}, the model-size law needs a positive number of parameters",
          curve.name, curve.plan.model_size);
    if (distinct.insert(curve.plan.model_size).second) log_sum += std::log(curve.plan.model_size);
  }
  sizes = distinct.size();
  if (sizes < 2)
    throw InvalidInput("model-size law: all curves have one model size, at least two sizes are needed");
  const RowAreas at = row_areas(rows, options.lambda, warmup_area(options.warmup_area));
  SizeRows data{at.forward.array().log(),
                at.annealing,
                VectorXd(rows.losses.size()),
                std::exp(log_sum / static_cast<double>(sizes)),
                options.lambda,
                options.huber_delta,
                sizes > 2};
  for (std::size_t c = 0; c < rows.curves.size(); ++c)
    data.log_size.segment(rows.begin[c], rows.begin[c + 1] - rows.begin[c])
        .setConstant(std::log(rows.curves[c].plan.model_size / data.reference));
  return data;
}

}  // namespace

FitProblem model_size_problem(const Rows& rows, const FitOptions& options) {
  std::size_t sizes = 0;
  const auto data = std::make_shared<const SizeRows>(size_rows(rows, options, sizes));
  FitProblem problem;
  problem.names = {"L0", "A", "alpha", "B", "beta", "C", "gamma", "lambda"};
  problem.free = {SizeAt::L0, SizeAt::A, SizeAt::alpha, SizeAt::B, SizeAt::beta, SizeAt::C, SizeAt::gamma};
  problem.identified = data->annealing.cwiseAbs().maxCoeff() > 0;
  if (!problem.identified)
    problem.warnings.emplace_back(
        "C and gamma are not identified, because no learning rate changes after the warm-up. Add a curve "
        "that anneals.");
  if (!data->beta_free) {
    std::erase(problem.free, SizeAt::beta);
    problem.warnings.emplace_back(
        fmt::format("beta is not identified by two model sizes; it is fixed at {}. Add a third size.",
                    beta_of_two_sizes));
  }
  problem.solve = [data, free = problem.free](const VectorXd& losses, const Estimate* near, const VectorXd&) {
    return solve(*data, free, losses, near);
  };
  return problem;
}

}  // namespace lehr::laws
