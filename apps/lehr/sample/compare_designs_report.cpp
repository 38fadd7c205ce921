// What `lehr sample compare-designs` shows: metrics of each kind and size, a table, and figures over the
// number of runs.
#include <algorithm>
#include <cmath>
#include <map>

#include "apps/lehr/figures.hpp"
#include "apps/lehr/sample/compare_designs.hpp"
#include "apps/lehr/sample/fit_report.hpp"
#include "lehr/stats/distributions.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace sample;
using Eigen::VectorXd;

namespace {

// The most standard errors by which the mean of a coefficient misses the best fit's.
double largest_bias(const DesignGroup& group, const VectorXd& best) {
  double largest = 0;
  for (Index j = 0; j < best.size(); ++j) {
    std::vector<double> values;
    for (const DesignOutcome& outcome : group.outcomes)
      if (outcome.coefficients.size() > j) values.push_back(outcome.coefficients(j));
    if (values.size() > 1)
      largest = std::max(largest, std::abs(stats::mean(values) - best(j)) / stats::standard_error(values));
  }
  return largest;
}

void add_group_metrics(const DesignGroup& group, const CompareDesignsOptions& options,
                       const std::optional<ReferenceProjection>& reference, Report& report) {
  const auto n = static_cast<double>(group.outcomes.size());
  const double share = static_cast<double>(group.unstable(options.delta)) / n;
  report.metric(group.metric("unstable"), share);
  report.metric(group.metric("lambda_min"), stats::median(group.of(&DesignOutcome::lambda_min)));
  const std::vector<double> traces = group.of(&DesignOutcome::inverse_trace);
  report.metric(group.metric("trace"), stats::mean(traces));
  report.metric(group.metric("trace_error"), stats::standard_error(traces));
  const std::vector<double> positions = group.of(&DesignOutcome::square_position);
  report.metric(group.metric("position"), stats::mean(positions));
  report.metric(group.metric("position_error"), stats::standard_error(positions));
  if (!reference) return;
  const std::vector<double> squares = group.of(&DesignOutcome::square_ratio);
  if (!std::ranges::all_of(squares, [](double s) { return std::isfinite(s); })) return;
  const RootMeanSquare ratio = root_mean_square(squares);
  report.metric(group.metric("error"), ratio.value);
  report.metric(group.metric("error_error"), ratio.error);
  report.metric(group.metric("square"), stats::mean(squares));
  report.metric(group.metric("square_error"), stats::standard_error(squares));
  report.metric(group.metric("bias"), largest_bias(group, reference->coefficients));
}

Table groups_table(const std::vector<DesignGroup>& groups, const CompareDesignsOptions& options,
                   bool fitted) {
  Table table{.title = "Designs",
              .columns = {"design", "runs", "median lambda_min", "5 %", "unstable", "95 % interval"},
              .rows = {},
              .formats = {"", "", ".3f", ".3f", ".3f", ""}};
  if (fitted) {
    table.columns.insert(table.columns.end(), {"median error / best", "root mean square", "its error"});
    table.formats.insert(table.formats.end(), {".4g", ".4g", ".2g"});
  }
  for (const DesignGroup& group : groups) {
    const auto n = static_cast<double>(group.outcomes.size()),
               bad = static_cast<double>(group.unstable(options.delta));
    const std::vector<double> lambdas = group.of(&DesignOutcome::lambda_min);
    // Jeffreys' interval of the share.
    const double low = bad == 0 ? 0 : stats::beta_quantile(0.025, bad + 0.5, n - bad + 0.5);
    const double high = bad == n ? 1 : stats::beta_quantile(0.975, bad + 0.5, n - bad + 0.5);
    table.rows.push_back({group.kind, group.runs, stats::median(lambdas), stats::quantile(lambdas, 0.05),
                          bad / n, fmt::format("{:.3f} to {:.3f}", low, high)});
    if (!fitted) continue;
    const std::vector<double> squares = group.of(&DesignOutcome::square_ratio);
    const RootMeanSquare ratio = root_mean_square(squares);
    std::vector<Json>& row = table.rows.back();
    row.insert(row.end(), {json_number(std::sqrt(stats::median(squares))), json_number(ratio.value),
                           json_number(ratio.error)});
  }
  return table;
}

// One curve for each kind: what `value` gives of each group, against runs.
std::vector<Series> curves(const std::vector<DesignGroup>& groups, const CompareDesignsOptions& options,
                           const std::function<RootMeanSquare(const DesignGroup&)>& value) {
  std::vector<Series> all;
  int color = 0;
  for (const std::string& kind : options.designs) {
    Series line = empty_series(kind, Series::Style::line, color),
           points = empty_series("", Series::Style::points, color);
    for (const DesignGroup& group : groups) {
      const RootMeanSquare at = value(group);
      if (group.kind != kind || !std::isfinite(at.value)) continue;
      line.x.push_back(static_cast<double>(group.runs)), line.y.push_back(at.value);
      points.low.push_back(std::max(at.value - 1.96 * at.error, 0.5 * at.value)),
          points.high.push_back(at.value + 1.96 * at.error);
    }
    points.x = line.x, points.y = line.y;
    if (line.x.empty()) continue;
    all.push_back(std::move(line)), all.push_back(std::move(points));
    ++color;
  }
  return all;
}

void add_comparison_figures(const std::vector<DesignGroup>& groups, const CompareDesignsOptions& options,
                            bool fitted, Report& report) {
  if (fitted)
    report.figures.push_back({.name = "error",
                              .title = "Error against runs",
                              .caption = fmt::format("Root mean square over {} designs of the fit's error, "
                                                     "in units of the best error there is in the "
                                                     "space; bars are 1.96 standard errors.",
                                                     options.repeats),
                              .x = {.label = "runs"},
                              .y = {.label = "error / best error", .log = true},
                              .series = curves(groups, options, [](const DesignGroup& group) {
                                return root_mean_square(group.of(&DesignOutcome::square_ratio));
                              })});
  report.figures.push_back(
      {.name = "unstable",
       .title = "Unstable designs",
       .caption = fmt::format("Share of designs with lambda_min below {:.3g}.", 1 - options.delta),
       .x = {.label = "runs"},
       .y = {.label = "share", .low = 0, .high = 1},
       .series = curves(groups, options, [&](const DesignGroup& group) {
         const auto n = static_cast<double>(group.outcomes.size());
         const double share = static_cast<double>(group.unstable(options.delta)) / n;
         return RootMeanSquare{share, std::sqrt(share * (1 - share) / n)};
       })});
  std::map<std::int64_t, std::size_t> kinds_at;
  for (const DesignGroup& group : groups) ++kinds_at[group.runs];
  std::int64_t common = 0;  // the largest size below 8 m that most kinds have
  for (const auto& [runs, kinds] : kinds_at)
    if (common == 0 || kinds >= kinds_at[common]) common = runs;
  Figure figure{.name = "lambda",
                .title = fmt::format("Least eigenvalue of G with {} runs", common),
                .caption = "Share of designs whose lambda_min is below x; further to the right is better.",
                .x = {.label = "lambda_min", .low = 0},
                .y = {.label = "share of designs", .low = 0, .high = 1},
                .series = {}};
  for (const DesignGroup& group : groups)
    if (group.runs == common)
      figure.series.push_back(distribution_series(group.kind, group.of(&DesignOutcome::lambda_min)));
  report.figures.push_back(std::move(figure));
}

// The least size from which on `certainty` of the designs are stable.
void add_least_runs(const std::vector<DesignGroup>& groups, const CompareDesignsOptions& options,
                    Report& report) {
  for (const std::string& kind : options.designs) {
    std::optional<std::int64_t> least;
    for (const DesignGroup& group : groups) {
      const double stable =
          1 - static_cast<double>(group.unstable(options.delta)) / static_cast<double>(group.outcomes.size());
      if (group.kind == kind && stable >= options.certainty && (!least || group.runs < *least))
        least = group.runs;
    }
    if (!least) continue;
    report.metric(fmt::format("{}_least_runs", kind), static_cast<double>(*least));
    report.notes.push_back(
        fmt::format("{}: {:.0f} % of the designs are stable (lambda_min of at least {:.3g}) with {} runs.",
                    kind, 100 * options.certainty, 1 - options.delta, *least));
  }
}

}  // namespace

Report compare_designs_report(const FunctionSpace& space, const CompareDesignsOptions& options,
                              const std::vector<DesignGroup>& groups,
                              const std::optional<ReferenceProjection>& reference) {
  Report report;
  report.title = fmt::format("Designs for {} functions", space.size);
  for (const DesignGroup& group : groups) add_group_metrics(group, options, reference, report);
  if (reference) {
    report.metric("best_error", reference->best_error);
    report.notes.push_back(fmt::format(
        "Best error in the space: {:.4g}{}.", reference->best_error,
        reference->best_error_error > 0 ? fmt::format(" ± {:.2g}", reference->best_error_error) : ""));
  }
  report.tables.push_back(groups_table(groups, options, reference.has_value()));
  add_comparison_figures(groups, options, reference.has_value(), report);
  add_least_runs(groups, options, report);
  return report;
}

}  // namespace lehr::command
