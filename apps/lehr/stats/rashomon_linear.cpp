// Linear classifiers and ridge regression of `lehr stats rashomon`.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>

#include "apps/lehr/stats/rashomon.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/rashomon/classifier.hpp"
#include "lehr/stats/rashomon/cross_validation.hpp"
#include "lehr/stats/rashomon/linear_class.hpp"
#include "lehr/stats/rashomon/logistic_regression.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace stats;

namespace {

constexpr std::int64_t descent_steps = 300, thinning = 10;

// The best linear classifier known: line searches from logistic regression.
Eigen::VectorXd best_direction(const LinearClass& linear, const LabelledTable& table, Seed seed) {
  return descend(linear, linear.direction_of(fit_logistic(table).col(0)), descent_steps, seed);
}

void cross_validate_linear(const RashomonOptions& options, TaskContext& context, const LabelledTable& table,
                           ClassResult& linear) {
  const std::vector<int> fold_of = stratified_folds(table, options.folds, context.seed);
  const std::vector<double> losses = parallel_map(options.folds, [&](std::int64_t k) {
    const Fold fold = fold_records(fold_of, static_cast<int>(k));
    const LabelledTable training = select_records(table, fold.training),
                        test = select_records(table, fold.test);
    const LinearClass own(training);
    const Eigen::VectorXd weights = own.in_table_units(best_direction(own, training, context.seed));
    const Eigen::Index p = test.values.cols();
    std::int64_t errors = 0;
    for (Eigen::Index i = 0; i < test.records(); ++i)
      errors += (test.values.row(i).dot(weights.head(p)) + weights(p) > 0) !=
                (test.labels[static_cast<std::size_t>(i)] == 1);
    return static_cast<double>(errors) / static_cast<double>(test.records());
  });
  linear.test_loss = mean(losses);
  linear.test_error = fold_error(losses);
}

void split_linear(const RashomonOptions& options, TaskContext& context, const LinearClass& linear,
                  ClassResult& result) {
  const double n = static_cast<double>(linear.records());
  const MultilevelSplitting method(linear_hypotheses(linear), (static_cast<double>(result.limit) + 0.5) / n,
                                   options.splitting);
  const Observers observers = observers_for(options, "splitting-linear", context);
  const auto run = drive(method, {}, context.seed, observers);
  if (run.why == Stop::interrupted) return;
  std::filesystem::remove(observers.checkpoints.path);
  result.ratio = method.ratio(run.state);
  result.method = "splitting";
  result.by_theta.clear();
}

}  // namespace

void study_linear(const RashomonOptions& options, TaskContext& context, RashomonResult& result) {
  if (is_interrupted(context)) return;
  if (options.method == "exact" || options.method == "importance")
    result.notes.push_back(
        fmt::format("Linear classifiers have no {} ratio: great circles were drawn.", options.method));
  const LinearClass linear(result.table);
  const std::int64_t n = linear.records();
  Eigen::VectorXd best = best_direction(linear, result.table, context.seed);
  ClassResult found;
  found.name = "linear";
  found.best_from = "logistic regression, descent";
  set_reference(options, static_cast<double>(linear.errors(best)), std::nullopt, found, n);
  const std::int64_t widest = std::max<std::int64_t>(found.limit, 0);
  const bool naive = options.method == "naive";
  const LinearSampling method(
      linear, widest,
      {.samples = naive ? options.samples : std::max<std::int64_t>(100, options.samples / 10),
       .estimator = naive ? LinearEstimator::naive : LinearEstimator::rao_blackwell});
  const Observers observers = observers_for(options, "circles", context);
  const auto run = drive(method, {}, context.seed, observers);
  if (run.why != Stop::interrupted) std::filesystem::remove(observers.checkpoints.path);
  if (run.state.best_errors < found.best_errors) {
    best = run.state.best;
    found.best_from = "sampling";
    set_reference(options, static_cast<double>(run.state.best_errors), std::nullopt, found, n);
  }
  found.method = naive ? "naive" : "rao-blackwell";
  found.ratio = run.state.errors.estimate(found.limit);
  Tolerance tolerance = options.tolerance();
  for (const double theta : shown_thetas(options)) {
    tolerance.theta = theta;
    found.by_theta.push_back(
        {theta, run.state.errors.estimate(tolerance.error_limit(found.reference_errors, n))});
  }
  const bool uncertain_ratio = !std::isfinite(found.ratio.log10_ratio) || found.ratio.log10_error > 0.15;
  if (!is_interrupted(context) && found.limit >= 0 &&
      (options.method == "splitting" || (options.method == "auto" && uncertain_ratio)))
    split_linear(options, context, linear, found);
  if (options.folds > 1 && !is_interrupted(context))
    cross_validate_linear(options, context, result.table, found);
  if (result.members.empty() && options.members > 0 && linear.errors(best) <= found.limit) {
    result.members_of = "linear classifiers";
    for (const Eigen::VectorXd& w :
         hit_and_run(linear, best, found.limit, options.members, thinning, context.seed))
      result.members.push_back({.errors = linear.errors(w), .tree = {}, .weights = linear.in_table_units(w)});
  }
  result.classes.push_back(std::move(found));
}

void study_ridge(const RashomonOptions& options, const ModelClass& model, TaskContext& context,
                 RashomonResult& result) {
  if (is_interrupted(context)) return;
  const LabelledTable& table = result.table;
  Eigen::VectorXd response = table.response;
  if (!table.labels.empty()) {
    if (table.classes.size() > 2)
      throw InvalidInput("ridge: target {} has {} classes; positive = \"CLASS\" takes one against the rest",
                         quote(table.target), table.classes.size());
    response.resize(table.records());
    for (Eigen::Index i = 0; i < response.size(); ++i)
      response(i) = table.labels[static_cast<std::size_t>(i)] == 1 ? 1 : -1;
  }
  response.array() -= response.mean();  // the intercept
  const double deviation = std::sqrt(response.squaredNorm() / static_cast<double>(response.size()));
  if (table.labels.empty() && deviation > 0) response /= deviation;
  const Eigen::MatrixXd design = Standardisation(table.values)(table.values);
  RidgeResult ridge{
      .model = model, .set = ridge_set(design, response, model.C, 1), .log10_prior = {}, .sticks_out = false};
  const double theta = options.theta_kind == "absolute" ? options.theta : options.theta * ridge.set.loss;
  ridge.set = ridge_set(design, response, model.C, theta);
  const Eigen::Index p = design.cols();
  if (model.radius) {
    ridge.log10_prior = log_ball_volume(p, *model.radius) / std::numbers::ln10;
    ridge.sticks_out = ridge.set.center.norm() + ridge.set.longest_semi_axis() > *model.radius;
  } else if (model.box) {
    ridge.log10_prior = log_box_volume(p, *model.box) / std::numbers::ln10;
    ridge.sticks_out = ((ridge.set.center.cwiseAbs() + ridge.set.half_widths()).array() > *model.box).any();
  }
  result.ridges.push_back(std::move(ridge));
}

}  // namespace lehr::command
