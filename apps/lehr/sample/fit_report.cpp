#include "apps/lehr/sample/fit_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/lehr/sample/design_source.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/sample/tensor_space.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr std::size_t shown_coefficients = 12;

// Coefficients of the functions as the user gave them.
VectorXd user_coefficients(const sample::FunctionSpace& space, const VectorXd& coefficients) {
  if (space.to_user.size() == 0) return coefficients;
  return space.to_user.topLeftCorner(coefficients.size(), coefficients.size()) * coefficients;
}

// "P(1, 0, 2)": the function's degrees, or its number.
std::string function_name(const sample::FunctionSpace& space, Index f) {
  if (space.degrees.size() == 0) return fmt::format("{}", f + 1);
  const Eigen::VectorXi degrees = space.degrees.col(f);
  return fmt::format("({})", fmt::join(degrees.begin(), degrees.end(), ", "));
}

Table coefficient_table(const sample::FunctionSpace& space, const VectorXd& coefficients,
                        const std::string& prefix) {
  std::vector<Index> order(static_cast<std::size_t>(coefficients.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](Index f) { return std::abs(coefficients(f)); });
  Table table{.title = prefix + (order.size() > shown_coefficients ? "Largest coefficients" : "Coefficients"),
              .columns = {space.degrees.size() == 0 ? "function" : "degrees", "coefficient"},
              .rows = {},
              .formats = {"", ".6g"}};
  for (std::size_t k = 0; k < std::min(order.size(), shown_coefficients); ++k)
    table.rows.push_back({function_name(space, order[k]), coefficients(order[k])});
  return table;
}

// Sobol' indices, where the functions are products whose first one is 1.
void add_variances(const sample::FunctionSpace& space, const VectorXd& coefficients,
                   const std::string& prefix, Report& report) {
  const bool products = space.degrees.size() != 0 && !space.quadrature.empty() && !space.finite &&
                        space.name.find("indicator") == std::string::npos;
  if (!products) return;
  const sample::VarianceShares shares =
      sample::variance_shares(space.degrees.leftCols(coefficients.size()), coefficients);
  report.metric(prefix + "mean", shares.mean);
  report.metric(prefix + "deviation", std::sqrt(shares.variance));
  if (space.dimension < 2 || !(shares.variance > 0)) return;
  Table table{.title = prefix + "Sobol' indices of the fit",
              .columns = {"coordinate", "first order", "total"},
              .rows = {},
              .formats = {"", ".4f", ".4f"}};
  for (std::size_t i = 0; i < shares.first_order.size(); ++i) {
    table.rows.push_back({fmt::format("x_{}", i + 1), shares.first_order[i], shares.total[i]});
    report.metric(fmt::format("{}sobol_{}", prefix, i + 1), shares.first_order[i]);
    report.metric(fmt::format("{}sobol_total_{}", prefix, i + 1), shares.total[i]);
  }
  report.tables.push_back(std::move(table));
}

Figure fit_figure(const FittedRuns& runs, const std::string& prefix) {
  Figure figure{.name = prefix + "fit",
                .title = "The fit against the runs",
                .caption = "Each point is a run; on the line the fit meets it.",
                .x = {.label = "value of the run"},
                .y = {.label = "value of the fit"},
                .series = {}};
  const VectorXd fitted = sample::evaluate_fit(runs.space, runs.fit.coefficients, runs.points);
  Series line{.label = "", .style = Series::Style::dashed};
  line.x = line.y = {runs.values.minCoeff(), runs.values.maxCoeff()};
  Series points{.label = "runs", .style = Series::Style::points};
  points.x.assign(runs.values.begin(), runs.values.end());
  points.y.assign(fitted.begin(), fitted.end());
  figure.series = {std::move(line), std::move(points)};
  return figure;
}

Figure decay_figure(const VectorXd& coefficients, const std::string& prefix) {
  Figure figure{.name = prefix + "coefficients",
                .title = "Size of the coefficients",
                .caption =
                    "In the order of the basis, lower degrees first. Where they do not fall, a higher degree "
                    "or more runs may pay.",
                .x = {.label = "function"},
                .y = {.label = "|coefficient|", .log = true},
                .series = {}};
  Series points{.label = "coefficients", .style = Series::Style::points};
  for (Index f = 0; f < coefficients.size(); ++f)
    if (coefficients(f) != 0) {
      points.x.push_back(static_cast<double>(f + 1));
      points.y.push_back(std::abs(coefficients(f)));
    }
  figure.series.push_back(std::move(points));
  return figure;
}

}  // namespace

void add_certificate(const sample::FunctionSpace& space, const sample::Certificate& certificate,
                     Report& report) {
  Table table{.title = "Certificate", .columns = {"quantity", "value"}, .rows = {}, .formats = {"", ".4g"}};
  const auto row = [&](const char* metric, const char* text, double value) {
    report.metric(metric, value);
    table.rows.push_back({text, json_number(value)});
  };
  table.rows.push_back({"space", space.name});
  row("functions", "functions m", static_cast<double>(certificate.functions));
  row("runs", "runs n", static_cast<double>(certificate.runs));
  row("lambda_min", "least eigenvalue of the Gram matrix G", certificate.lambda_min);
  if (std::isfinite(certificate.condition()))
    row("condition", "condition number of G", certificate.condition());
  row("christoffel_max", "largest Christoffel function k(x)", certificate.christoffel_max);
  row("weight_max", "largest weight", certificate.weight_max);
  if (std::isfinite(certificate.sup_factor))
    row("factor_sup", "error over the best uniform error, at most", certificate.sup_factor);
  if (certificate.kernel_factor && std::isfinite(*certificate.kernel_factor))
    row("factor_kernel", "error over the best error in the kernel's norm, at most",
        *certificate.kernel_factor);
  report.tables.push_back(std::move(table));
}

void add_fit(const FittedRuns& runs, const std::string& output, Report& report) {
  const std::string prefix = output.empty() ? "" : output + "_";
  const VectorXd coefficients = user_coefficients(runs.space, runs.fit.coefficients);
  add_variances(runs.space, runs.fit.coefficients, prefix, report);
  report.metric(prefix + "residual", runs.fit.residual);
  if (std::isfinite(runs.fit.leave_one_out)) {
    report.metric(prefix + "leave_one_out", runs.fit.leave_one_out);
    report.metric(prefix + "leave_one_out_error", runs.fit.leave_one_out_error);
    report.notes.push_back(fmt::format(
        "{}Error of the fit, by leaving out one run at a time: {:.3g} ± {:.2g} (root of the mean "
        "square under the reference measure).",
        output.empty() ? "" : output + ": ", runs.fit.leave_one_out, runs.fit.leave_one_out_error));
  } else {
    report.notes.push_back(
        "As many runs as functions: the fit meets every run, and says nothing of its error.");
  }
  report.tables.push_back(coefficient_table(runs.space, coefficients, output.empty() ? "" : output + ": "));
  report.figures.push_back(fit_figure(runs, prefix));
  if (runs.space.to_user.size() == 0 && coefficients.size() > 2)
    report.figures.push_back(decay_figure(coefficients, prefix));
  report.artifacts.push_back({.name = prefix + "coefficients",
                              .extension = "csv",
                              .content = coefficients_csv(runs.space, coefficients),
                              .path = {}});
}

std::string coefficients_csv(const sample::FunctionSpace& space, const VectorXd& coefficients) {
  std::vector<CsvColumn> columns;
  const auto count = static_cast<std::size_t>(coefficients.size());
  if (space.degrees.size() == 0) {
    std::vector<double> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 1.0);
    columns.push_back({"function", std::move(numbers)});
  }
  for (Index i = 0; i < space.degrees.rows(); ++i) {
    const Eigen::VectorXd degrees = space.degrees.row(i).head(coefficients.size()).cast<double>();
    columns.push_back({fmt::format("degree_{}", i + 1), std::vector<double>(degrees.begin(), degrees.end())});
  }
  columns.push_back({"coefficient", std::vector<double>(coefficients.begin(), coefficients.end())});
  return csv_text(columns);
}

Series distribution_series(std::string label, std::vector<double> sample) {
  std::ranges::sort(sample);
  Series series{.label = std::move(label), .style = Series::Style::line};
  series.x.push_back(sample.front()), series.y.push_back(0);
  for (std::size_t i = 0; i < sample.size(); ++i) {
    series.x.push_back(sample[i]);
    series.y.push_back(static_cast<double>(i + 1) / static_cast<double>(sample.size()));
  }
  return series;
}

}  // namespace lehr::command
