// What `lehr sample expect` shows: estimates with intervals, and how the proposal was found.
#include <algorithm>
#include <cmath>

#include "apps/lehr/sample/expect.hpp"
#include "apps/lehr/sample/expect_findings.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace sample;

namespace {

constexpr std::size_t most_rows = 300, most_metrics = 200;
constexpr Index most_points = 500;       // of a cloud in a figure
constexpr double few_points = 10;        // per dimension: below it a fit rests on too few
constexpr double many_inside_error = 2;  // standard errors within which an expectation is 0

Index index_of(std::size_t i) { return static_cast<Index>(i); }

// ---- estimates

Table estimates_table(const ExpectSetup& setup, const ExpectOutcome& outcome,
                      const std::vector<double>& truth) {
  Table table{.title = setup.sobol ? "Expectations behind the indices" : "Expectations",
              .columns = {"name", "estimate", "standard error", "relative", "95 % low", "95 % high"},
              .rows = {},
              .formats = {"", ".6g", ".2g", ".2g", ".6g", ".6g"}};
  const bool known = !truth.empty() && !setup.sobol;
  if (known) {
    table.columns.insert(table.columns.end(), {"truth", "errors off"});
    table.formats.insert(table.formats.end(), {".6g", ".2f"});
  }
  const ExpectationEstimate& estimate = outcome.estimate;
  const Eigen::VectorXd errors = estimate.standard_errors();
  for (std::size_t j = 0; j < std::min(estimate.names.size(), most_rows); ++j) {
    const double value = estimate.values[index_of(j)], error = errors[index_of(j)];
    const stats::Interval interval = estimate.interval(index_of(j));
    table.rows.push_back({estimate.names[j], value, error, json_number(error / std::abs(value)),
                          json_number(interval.low), json_number(interval.high)});
    if (known)
      table.rows.back().insert(table.rows.back().end(), {truth[j], json_number((value - truth[j]) / error)});
  }
  return table;
}

Figure estimates_figure(const ExpectOutcome& outcome) {
  const ExpectationEstimate& estimate = outcome.estimate;
  const Eigen::VectorXd errors = estimate.standard_errors();
  Figure figure{
      .name = "errors",
      .title = "Relative standard errors",
      .caption = "Standard error over the absolute value of each expectation, in the order of the table.",
      .x = {.label = "expectation"},
      .y = {.label = "relative standard error", .low = 0.0},
      .series = {}};
  Series with{.label = "as estimated", .style = Series::Style::bars};
  for (Index j = 0; j < estimate.values.size(); ++j) {
    with.x.push_back(static_cast<double>(j + 1));
    with.y.push_back(errors[j] / std::abs(estimate.values[j]));
  }
  figure.series.push_back(std::move(with));
  if (!outcome.without_control_variates) return figure;
  Series without{.label = "without control variates", .style = Series::Style::points};
  const Eigen::VectorXd plain = outcome.without_control_variates->standard_errors();
  for (Index j = 0; j < plain.size(); ++j) {
    without.x.push_back(static_cast<double>(j + 1));
    without.y.push_back(plain[j] / std::abs(estimate.values[j]));
  }
  figure.series.push_back(std::move(without));
  return figure;
}

// ---- the run

Table run_table(const SampleExpectOptions& options, const ExpectSetup& setup, const ExpectOutcome& outcome) {
  Table table{.title = "Run", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".6g"}};
  const auto row = [&](std::string name, Json value) {
    table.rows.push_back({std::move(name), std::move(value)});
  };
  row("method", options.method);
  row("calls of the model", outcome.calls);
  if (setup.problem.calls_per_point > 1)
    row("points", fmt::format("{} of {} calls", outcome.points.cols(), setup.problem.calls_per_point));
  if (!outcome.batches.empty()) {
    row("batches of the adaptation", outcome.batches.size());
    row("proposal kept",
        outcome.chosen == 0 ? "the start law" : fmt::format("that of batch {}", outcome.chosen + 1));
  }
  row("points behind the estimates", outcome.estimate.points);
  row("weighted variance", json_number(outcome.estimate.weighted_variance(outcome.weights)));
  if (outcome.without_control_variates)
    row("without control variates",
        json_number(outcome.without_control_variates->weighted_variance(outcome.weights)));
  if (outcome.outside > 0) row("points outside every law", outcome.outside);
  row("time", fmt::format("{:.3g} s", outcome.seconds));
  return table;
}

Table adaptation_table(const ExpectOutcome& outcome) {
  Table table{.title = "Adaptation: it stops when 'before' is not above 'now'",
              .columns = {"points", "draw's variance", "before", "now", "least ESS", "active", "KKT gap"},
              .rows = {},
              .formats = {"", ".4g", ".3g", ".3g", ".4g", "", ".1e"}};
  for (std::size_t s = 0; s < outcome.steps.size(); ++s) {
    const Row& row = outcome.steps[s];
    Json active = 0;
    for (const std::string& name : outcome.components)
      if (row.find("alpha_" + name).value_or(0) > 1e-3) active = active.get<int>() + 1;
    table.rows.push_back({row.find("points").value_or(0), json_number(row.find("variance_now").value_or(0)),
                          s == 0 ? Json("") : json_number(row.find("stop_left").value_or(0)),
                          s == 0 ? Json("") : json_number(row.find("stop_right").value_or(0)),
                          row.find("ess_min").value_or(0), s == 0 ? Json("") : active,
                          s == 0 ? Json("") : json_number(row.find("kkt_gap").value_or(0))});
  }
  return table;
}

Figure adaptation_figure(const ExpectOutcome& outcome) {
  Series line{.label = "", .style = Series::Style::line, .color = 0};
  Series points{.label = "", .style = Series::Style::points, .color = 0};
  for (const Row& row : outcome.steps) {
    const double variance = row.find("variance_now").value_or(0);
    if (!(variance > 0)) continue;
    line.x.push_back(row.find("points").value_or(0)), line.y.push_back(variance);
  }
  points.x = line.x, points.y = line.y;
  return {.name = "adaptation",
          .title = "Weighted variance of one draw",
          .caption =
              "Under the proposal of each batch: the start law first. The last stage's estimates have this "
              "variance divided by its points.",
          .x = {.label = "points used"},
          .y = {.label = "sum of w x variance", .log = true},
          .series = {std::move(line), std::move(points)}};
}

// The first batch and the last stage in the two coordinates whose law the proposal changes most.
Figure points_figure(const ExpectSetup& setup, const ExpectOutcome& outcome) {
  const Index start = outcome.batches.front(), last = outcome.final_points;
  const auto thinned = [&](Index from, Index count) {
    std::vector<Index> columns;
    for (Index k = 0; k < std::min(count, most_points); ++k)
      columns.push_back(from + k * count / std::min(count, most_points));
    return setup.problem.to_physical(outcome.points(Eigen::all, columns));
  };
  const Eigen::MatrixXd before = thinned(0, start), after = thinned(outcome.points.cols() - last, last);
  const Eigen::VectorXd shift = after.rowwise().mean() - before.rowwise().mean();
  Eigen::VectorXd change(shift.size());
  for (Index k = 0; k < shift.size(); ++k) {
    const double old_variance = column_variances(before.row(k).transpose())[0];
    const double new_variance = column_variances(after.row(k).transpose())[0];
    change[k] = shift[k] * shift[k] / old_variance + std::abs(std::log(new_variance / old_variance));
  }
  Index first = 0;
  change.maxCoeff(&first);
  Index second = first == 0 ? 1 : 0;
  for (Index k = 0; k < change.size(); ++k)
    if (k != first && change[k] > change[second]) second = k;
  const auto& names = setup.problem.point_names;
  Figure figure{
      .name = "points",
      .title = "Where the points went",
      .caption =
          "The first batch (the start law) and the last stage (the proposal), in the two inputs that the "
          "proposal changes most.",
      .x = {.label = names[static_cast<std::size_t>(first)]},
      .y = {.label = names[static_cast<std::size_t>(second)]},
      .series = {}};
  for (const auto& [label, cloud] : {std::pair("first batch", &before), std::pair("last stage", &after)}) {
    Series series{.label = label, .style = Series::Style::points};
    for (Index i = 0; i < cloud->cols(); ++i)
      series.x.push_back((*cloud)(first, i)), series.y.push_back((*cloud)(second, i));
    figure.series.push_back(std::move(series));
  }
  return figure;
}

// ---- metrics and notes

void add_metrics(Report& report, const SampleExpectOptions& options, const ExpectSetup& setup,
                 const ExpectOutcome& outcome) {
  const ExpectationEstimate& estimate = outcome.estimate;
  const Eigen::VectorXd errors = estimate.standard_errors();
  report.metric("calls", static_cast<double>(outcome.calls));
  report.metric("points", static_cast<double>(outcome.points.cols()));
  report.metric("weighted_variance", estimate.weighted_variance(outcome.weights));
  if (outcome.without_control_variates)
    report.metric("weighted_variance_without",
                  outcome.without_control_variates->weighted_variance(outcome.weights));
  if (!outcome.batches.empty()) {
    report.metric("batches", static_cast<double>(outcome.batches.size()));
    report.metric("ess_min", outcome.ess.minCoeff());
  }
  if (!options.truth.empty() && !setup.sobol) {
    double squares = 0, worst = 0;
    for (Index j = 0; j < estimate.values.size(); ++j) {
      const double error = estimate.values[j] - options.truth[static_cast<std::size_t>(j)];
      squares += outcome.weights[j] * error * error;
      worst = std::max(worst, std::abs(error) / errors[j]);
    }
    report.metric("weighted_squared_error", squares);
    if (std::isfinite(worst)) report.metric("worst_errors_off", worst);
  }
  for (std::size_t j = 0; j < std::min(estimate.names.size(), most_metrics); ++j) {
    report.metric(estimate.names[j], estimate.values[index_of(j)]);
    report.metric(estimate.names[j] + "_error", errors[index_of(j)]);
  }
}

void add_notes(Report& report, const SampleExpectOptions& options, const ExpectSetup& setup,
               const ExpectOutcome& outcome) {
  auto& notes = report.notes;
  const ExpectationEstimate& estimate = outcome.estimate;
  if (outcome.interrupted)
    notes.push_back(
        outcome.final_points > 1
            ? "The run was stopped early: fewer points stand behind the estimates than planned."
            : "The run was stopped in its adaptation: these are weighted means of its points, with a bias "
              "of order 1 / n.");
  if (options.adaptive.beta == "final" && options.method == "aiscv")
    notes.push_back(
        "Coefficients of the control variates come from the last stage itself (beta = final): the estimates "
        "have a bias of order 1 / n.");
  if (!outcome.batches.empty() &&
      outcome.ess.minCoeff() < few_points * static_cast<double>(setup.problem.dimension)) {
    Index worst = 0;
    outcome.ess.minCoeff(&worst);
    notes.push_back(fmt::format(
        "The fit for {} rests on weights worth {:.3g} points: a larger budget, or a start law that "
        "reaches where it matters, would make it surer.",
        outcome.components[static_cast<std::size_t>(worst)], outcome.ess[worst]));
  }
  if (options.weights == "rel" && options.method != "mc" && options.method != "mc_mixture")
    for (Index j = 0; j < estimate.values.size(); ++j)
      if (std::abs(estimate.values[j]) < many_inside_error * estimate.standard_errors()[j]) {
        notes.push_back(
            fmt::format("{} is 0 within its error: it has no relative precision, and --weights abs or a file "
                        "would share the points better.",
                        estimate.names[static_cast<std::size_t>(j)]));
        break;
      }
  if (outcome.outside > 0)
    notes.push_back(fmt::format(
        "{} points fell outside every law's support: they count as 0 and the model was not asked.",
        outcome.outside));
  if (estimate.names.size() > most_rows)
    notes.push_back(fmt::format("The table shows {} of {} expectations; --json has all.", most_rows,
                                estimate.names.size()));
  if (setup.worker && !setup.worker->last_failure().empty())
    notes.push_back("The worker failed now and then, and answered when asked again; the last time: " +
                    setup.worker->last_failure() + ".");
}

Json estimate_json(const ExpectationEstimate& estimate) {
  Json list = Json::array();
  const Eigen::VectorXd errors = estimate.standard_errors();
  for (std::size_t j = 0; j < estimate.names.size(); ++j)
    list.push_back({{"name", estimate.names[j]},
                    {"value", json_number(estimate.values[index_of(j)])},
                    {"standard_error", json_number(errors[index_of(j)])}});
  return list;
}

Json covariance_json(const ExpectationEstimate& estimate) {
  Json rows = Json::array();
  for (const auto& row : estimate.covariance.rowwise())
    rows.push_back(std::vector<double>(row.begin(), row.end()));
  return rows;
}

}  // namespace

Report expect_report(const SampleExpectOptions& options, const ExpectSetup& setup,
                     const ExpectOutcome& outcome) {
  Report report;
  report.title =
      setup.sobol ? fmt::format("Sobol' indices of {}", setup.title) : "Expectations of " + setup.title;
  report.json = {{"method", options.method},
                 {"calls", outcome.calls},
                 {"points", outcome.estimate.points},
                 {"expectations", estimate_json(outcome.estimate)},
                 {"covariance", covariance_json(outcome.estimate)}};
  if (setup.sobol) add_sobol_indices(report, options, setup, outcome);
  add_metrics(report, options, setup, outcome);
  report.tables.push_back(estimates_table(setup, outcome, options.truth));
  if (!setup.sobol) add_law_influence(report, setup, outcome);
  report.tables.push_back(run_table(options, setup, outcome));
  if (outcome.estimate.values.size() > 1) report.figures.push_back(estimates_figure(outcome));
  if (outcome.steps.size() > 1) {
    report.tables.push_back(adaptation_table(outcome));
    report.figures.push_back(adaptation_figure(outcome));
  }
  if (!outcome.batches.empty() && outcome.final_points > 1 && outcome.chosen > 0 &&
      setup.problem.point_names.size() > 1)
    report.figures.push_back(points_figure(setup, outcome));
  add_notes(report, options, setup, outcome);
  report.json["notes"] = report.notes;
  return report;
}

std::string sample_csv(const ExpectSetup& setup, const ExpectOutcome& outcome) {
  const Eigen::MatrixXd points = setup.problem.to_physical(outcome.points);
  const Eigen::VectorXd jacobian = setup.problem.log_jacobian(outcome.points);
  std::vector<CsvColumn> columns;
  const auto add = [&](std::string name, const Eigen::VectorXd& values) {
    columns.push_back({std::move(name), std::vector<double>(values.begin(), values.end())});
  };
  for (std::size_t k = 0; k < setup.problem.point_names.size(); ++k)
    add(setup.problem.point_names[k], points.row(index_of(k)).transpose());
  for (std::size_t k = 0; k < setup.problem.output_names.size(); ++k)
    add(setup.problem.output_names[k], outcome.outputs.row(index_of(k)).transpose());
  add("log_density", outcome.log_density + jacobian);
  add("log_final_density", outcome.log_final_density + jacobian);
  Eigen::VectorXd last = Eigen::VectorXd::Zero(points.cols());
  last.tail(outcome.final_points).setOnes();
  add("final", last);
  return csv_text(columns);
}

}  // namespace lehr::command
