#include "lehr/schedule/laws/fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lehr/core/parallel.hpp"
#include "lehr/schedule/laws/drop_blocks.hpp"
#include "lehr/schedule/laws/fit_problem.hpp"
#include "lehr/schedule/laws/uncertainty.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::laws {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

const std::array<std::string, 4> law_names{"annealing", "multi_power", "power", "model_size"};
constexpr std::int64_t fewest_draws = 20;  // below, draws say too little about covariances

void check(const FitOptions& options) {
  if (std::find(law_names.begin(), law_names.end(), options.law) == law_names.end())
    throw InvalidInput("unknown law {}{}", quote(options.law), hint(options.law, law_names));
  if (!(options.huber_delta > 0))
    throw InvalidInput("huber_delta is {}, expected a number above 0", options.huber_delta);
  if (!(options.lambda > 0 && options.lambda < 1))
    throw InvalidInput("lambda is {}, expected a number between 0 and 1", options.lambda);
  if (!(options.prior_weight >= 0))
    throw InvalidInput("prior_weight is {}, expected a number >= 0", options.prior_weight);
  if (!(options.assumed_discrepancy >= 0))
    throw InvalidInput("assumed_discrepancy is {}, expected a number >= 0", options.assumed_discrepancy);
  if (options.draws < 0 || options.block < 0)
    throw InvalidInput("draws is {} and block {}, expected integers >= 0", options.draws, options.block);
}

// Covariance over all parameters from draws (one column each), around the fitted values.
MatrixXd covariance_of(const MatrixXd& draws, const VectorXd& center) {
  const MatrixXd deviations = draws.colwise() - center;
  return deviations * deviations.transpose() / static_cast<double>(draws.cols());
}

MatrixXd spread_out(const MatrixXd& free_covariance, const std::vector<Index>& free, Index count) {
  MatrixXd covariance = MatrixXd::Zero(count, count);
  covariance(free, free) = free_covariance;
  return covariance;
}

MatrixXd correlation_of(const MatrixXd& covariance) {
  const VectorXd deviation = covariance.diagonal().cwiseSqrt();
  MatrixXd correlation = MatrixXd::Zero(covariance.rows(), covariance.cols());
  for (Index i = 0; i < covariance.rows(); ++i)
    for (Index j = 0; j < covariance.cols(); ++j)
      if (deviation[i] > 0 && deviation[j] > 0)
        correlation(i, j) = covariance(i, j) / (deviation[i] * deviation[j]);
  return correlation;
}

std::vector<Parameter> describe_parameters(const FitProblem& problem, const VectorXd& values,
                                           const MatrixXd& covariance, double freedom) {
  const double reach = stats::student_t_quantile(0.975, freedom);
  std::vector<Parameter> list;
  for (Index i = 0; i < values.size(); ++i) {
    Parameter& parameter = list.emplace_back();
    parameter.name = problem.names[static_cast<std::size_t>(i)];
    parameter.value = parameter.low = parameter.high = values[i];
    parameter.fixed = std::find(problem.free.begin(), problem.free.end(), i) == problem.free.end();
    if (parameter.fixed) continue;
    parameter.standard_error = std::sqrt(covariance(i, i));
    parameter.low = std::max(parameter.value - reach * parameter.standard_error, 0.0);
    parameter.high = parameter.value + reach * parameter.standard_error;
  }
  return list;
}

}  // namespace

void FitOptions::describe(OptionTable& table) {
  table.add("law", law, "law to fit").choices({law_names.begin(), law_names.end()});
  table.add("huber_delta", huber_delta, "residual of log loss beyond which rows count linearly").above(0);
  table.add("warmup_area", warmup_area, "how the warm-up counts in the forward area")
      .choices({"ramp", "peak"});
  table.add("lambda", lambda, "memory of the annealing area").range(0.9, 0.99999);
  table.add("profile_lambda", profile_lambda, "choose lambda from a grid; needs two curves or more");
  table.add("legacy_warmup_gaps", legacy_warmup_gaps, "multi_power: count the warm-up's rise as drops");
  table.add("prior_weight", prior_weight, "multi_power: weight of the prior").at_least(0);
  table
      .add("assumed_discrepancy", assumed_discrepancy,
           "typical relative error of the law on unseen schedules")
      .range(0, 1);
  table.add("draws", draws, "bootstrap refits for the uncertainty; 0 uses the linearised covariance")
      .range(0, 1e5);
  table.add("block", block, "rows per bootstrap block; 0 chooses it from the autocorrelation").at_least(0);
}

std::vector<double> predict(const Law& law, const Plan& plan, std::span<const std::int64_t> steps) {
  return std::visit([&](const auto& l) { return l.predict(plan, steps); }, law);
}

double final_loss(const Law& law, const Plan& plan) {
  if (plan.steps() == 0) throw InvalidInput("final loss: the schedule has no steps");
  return std::visit([&](const auto& l) { return l.final_loss(plan); }, law);
}

double final_loss(const Law& law, const Plan& plan, std::vector<double>& gradient) {
  if (plan.steps() == 0) throw InvalidInput("final loss: the schedule has no steps");
  return std::visit([&](const auto& l) { return l.final_loss(plan, gradient); }, law);
}

VectorXd predict_fast(const Law& law, const Plan& plan, std::span<const std::int64_t> steps) {
  VectorXd losses(static_cast<Index>(steps.size()));
  if (const auto* multi_power = std::get_if<MultiPowerLaw>(&law)) {
    predict_blocks(*multi_power, gather_drops(plan, steps, multi_power->legacy_warmup_gaps), 0, losses);
  } else {
    const std::vector<double> exact = predict(law, plan, steps);
    std::copy(exact.begin(), exact.end(), losses.begin());
  }
  return losses;
}

Law law_from(const FitOptions& options, const VectorXd& p) {
  const WarmupArea area = warmup_area(options.warmup_area);
  if (options.law == "power") return AnnealingLaw{p[0], p[1], p[2], 0, options.lambda, area};
  if (options.law == "annealing") return AnnealingLaw{p[0], p[1], p[2], p[3], p[4], area};
  if (options.law == "model_size") return ModelSizeLaw{p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], area};
  return MultiPowerLaw{p[0], p[1], p[2], p[3], p[4], p[5], p[6], options.legacy_warmup_gaps};
}

FitProblem make_problem(const Rows& rows, const FitOptions& options) {
  if (options.law == "multi_power") return multi_power_problem(rows, options);
  if (options.law == "model_size") return model_size_problem(rows, options);
  return annealing_problem(rows, options);
}

CurveQuality quality(const Law& law, const Curve& curve) {
  const std::vector<double> predicted = predict(law, curve.plan, curve.steps);
  const double n = static_cast<double>(predicted.size());
  double mean = 0, total = 0, squares = 0;
  for (const double loss : curve.losses) mean += loss / n;
  CurveQuality q;
  q.name = curve.name;
  q.points = static_cast<std::int64_t>(predicted.size());
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const double error = std::abs(predicted[i] - curve.losses[i]), relative = error / curve.losses[i];
    q.mae += error / n;
    q.mean_relative_error += relative / n;
    q.worst_relative_error = std::max(q.worst_relative_error, relative);
    q.final_relative_error = relative;
    squares += error * error;
    total += (curve.losses[i] - mean) * (curve.losses[i] - mean);
  }
  q.rmse = std::sqrt(squares / n);
  q.r2 = total > 0 ? 1 - squares / total : 0;
  return q;
}

Fit fit(std::span<const Curve> curves, const FitOptions& options) {
  check(options);
  Fit result;
  result.options = options;
  result.law_name = options.law;
  const Rows rows = gather_rows(curves, result.warnings);
  const FitProblem problem = make_problem(rows, options);
  result.warnings.insert(result.warnings.end(), problem.warnings.begin(), problem.warnings.end());
  const Estimate estimate = problem.solve(rows.losses, nullptr, {});
  result.law = law_from(options, estimate.parameters);
  result.objective = estimate.objective;
  result.condition_number = estimate.condition_number;
  result.iterations = estimate.iterations;

  result.errors = estimate_errors(rows, estimate);
  estimate_discrepancy(result.errors, problem, rows, estimate, options);
  if (result.errors.folds == 0 && options.assumed_discrepancy > 0) {
    result.errors.discrepancy = options.assumed_discrepancy;
    result.warnings.emplace_back(
        fmt::format("The curves do not show how far the law is off on other schedules; bands assume {} of "
                    "the loss. Fit two or more "
                    "curves that anneal differently.",
                    options.assumed_discrepancy));
  }
  MatrixXd draws(estimate.parameters.size(), 0);
  if (options.draws > 0) draws = bootstrap(problem, rows, estimate, result.errors, options);
  for (Index d = 0; d < draws.cols(); ++d) result.draws.push_back(law_from(options, draws.col(d)));
  result.covariance = draws.cols() >= fewest_draws
                          ? covariance_of(draws, estimate.parameters)
                          : spread_out(linear_covariance(rows, estimate, result.errors, options.prior_weight),
                                       problem.free, estimate.parameters.size());
  result.correlation = correlation_of(result.covariance);
  result.parameters =
      describe_parameters(problem, estimate.parameters, result.covariance, result.errors.degrees_of_freedom);
  for (const Curve& curve : rows.curves) result.curves.push_back(quality(result.law, curve));
  return result;
}

}  // namespace lehr::laws
