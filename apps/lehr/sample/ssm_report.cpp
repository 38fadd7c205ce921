// What `lehr sample ssm` shows: the likelihood with its error, filtered states, effective particles over the steps.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "apps/lehr/figures.hpp"
#include "apps/lehr/sample/ssm.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/sample/log_weights.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace sample;

namespace {

constexpr Eigen::Index shown_quantities = 4;

// The estimate of ln Z with its standard error.
LogMean likelihood_of(const SsmResult& result) {
  LogMean estimate = log_mean_exp(result.log_likelihoods);
  if (result.log_likelihoods.size() == 1) estimate.standard_error = result.single_error;
  return estimate;
}

// The largest deviation of a filtered mean from the exact one, in exact standard deviations.
double worst_mean(const SsmResult& result) {
  const Eigen::Index steps = result.means.cols();
  const Eigen::ArrayXXd deviations = result.exact_variances.leftCols(steps).array().max(1e-12).sqrt();
  return ((result.means - result.exact_means.leftCols(steps)).array().abs() / deviations).maxCoeff();
}

// The largest standard error of a filtered mean, in filtered standard deviations; nan where none is known.
double worst_mean_error(const SsmResult& result) {
  if (result.mean_errors.size() == 0) return std::numeric_limits<double>::quiet_NaN();
  return (result.mean_errors.array() / result.variances.array().max(1e-12).sqrt()).maxCoeff();
}

Figure states_figure(const SsmModel& model, const SsmResult& result) {
  const bool hmm = model.kind == "hmm";
  Figure figure;
  figure.name = "states", figure.title = "Filtered states";
  figure.caption =
      hmm ? "Probabilities of the states given the observations so far; dashed: exact."
          : "Means given the observations so far, bands of two standard deviations; dashed: exact.";
  figure.x.label = "step", figure.y.label = hmm ? "probability" : "state";
  const std::vector<std::string> names = model.quantities();
  for (Eigen::Index k = 0; k < std::min(shown_quantities, result.means.rows()); ++k) {
    const int color = static_cast<int>(k);
    Series mean = empty_series(names[static_cast<std::size_t>(k)], Series::Style::line, color),
           band = empty_series("", Series::Style::band, color),
           exact = empty_series("", Series::Style::dashed, color);
    for (Eigen::Index t = 0; t < result.means.cols(); ++t) {
      const double deviation = std::sqrt(result.variances(k, t));
      for (Series* series : {&mean, &band}) {
        series->x.push_back(static_cast<double>(t + 1));
        series->y.push_back(result.means(k, t));
      }
      band.low.push_back(result.means(k, t) - 2 * deviation);
      band.high.push_back(result.means(k, t) + 2 * deviation);
      if (result.exact_means.size() > 0)
        exact.x.push_back(mean.x.back()), exact.y.push_back(result.exact_means(k, t));
    }
    if (!hmm) figure.series.push_back(std::move(band));
    figure.series.push_back(std::move(mean));
    if (!exact.x.empty()) figure.series.push_back(std::move(exact));
  }
  return figure;
}

Figure effective_figure(const SsmResult& result) {
  Figure figure;
  figure.name = "ess", figure.title = "Effective particles";
  figure.caption =
      "ESS / N before resampling, mean over the runs: where it is low, an observation surprised the filter.";
  figure.x.label = "step", figure.y.label = "share of the particles";
  figure.y.low = 0, figure.y.high = 1;
  Series line = empty_series("ESS / N", Series::Style::line, 0);
  for (const double ess : result.ess)
    line.x.push_back(static_cast<double>(line.x.size() + 1)), line.y.push_back(ess);
  figure.series.push_back(std::move(line));
  return figure;
}

Table ssm_table(const SsmResult& result, const LogMean& estimate) {
  Table table{.title = "Likelihood",
              .columns = {"quantity", "value", "standard error"},
              .rows = {},
              .formats = {"", ".8g", ".2g"}};
  table.rows.push_back({"ln Z", estimate.value, json_number(estimate.standard_error)});
  if (std::isfinite(worst_mean_error(result)))
    table.rows.push_back(
        {"largest error of a filtered mean, in standard deviations", worst_mean_error(result), Json()});
  if (result.exact_log_likelihood) {
    table.rows.push_back({"exact", *result.exact_log_likelihood, Json()});
    table.rows.push_back({"worst filtered mean, in standard deviations", worst_mean(result), Json()});
  }
  if (result.log_likelihoods.size() > 1)
    table.rows.push_back(
        {"standard deviation of ln Z of one run", stats::standard_deviation(result.log_likelihoods), Json()});
  table.rows.push_back({"least effective share", *std::ranges::min_element(result.ess), Json()});
  return table;
}

}  // namespace

Report ssm_report(const SsmOptions& options, const SsmModel& model, const Eigen::MatrixXd& observations,
                  const SsmResult& result) {
  Report report;
  report.title =
      fmt::format("{} by {}: {} observations", std::filesystem::path(options.model).stem().string(),
                  options.method, observations.cols());
  const LogMean estimate = likelihood_of(result);
  report.metric("log_likelihood", estimate.value);
  if (std::isfinite(estimate.standard_error)) report.metric("log_likelihood_error", estimate.standard_error);
  if (result.log_likelihoods.size() > 1)
    report.metric("log_likelihood_deviation", stats::standard_deviation(result.log_likelihoods));
  if (result.exact_log_likelihood && !result.interrupted) {
    report.metric("exact_log_likelihood", *result.exact_log_likelihood);
    report.metric("worst_mean", worst_mean(result));
    std::vector<double> ratios;
    for (const double l : result.log_likelihoods)
      ratios.push_back(std::exp(l - *result.exact_log_likelihood));
    report.metric("evidence_ratio", stats::mean(ratios));
    if (ratios.size() > 1) report.metric("evidence_ratio_error", stats::standard_error(ratios));
  }
  if (std::isfinite(worst_mean_error(result))) report.metric("largest_mean_error", worst_mean_error(result));
  report.metric("least_ess", *std::ranges::min_element(result.ess));
  report.tables.push_back(ssm_table(result, estimate));
  report.figures = {states_figure(model, result), effective_figure(result)};
  report.artifacts.push_back(
      {.name = "filtered", .extension = "csv", .content = ssm_csv(model, observations, result), .path = {}});
  if (result.log_likelihoods.size() == 1 && !std::isfinite(estimate.standard_error))
    report.notes.push_back(
        "One run of which few ancestors are left does not tell the error of ln Z: --runs 10 does.");
  if (result.interrupted) report.notes.push_back("Interrupted: this is what had been filtered by then.");
  report.notes.push_back(fmt::format("{} runs, {:.3g} particle steps in {:.3g} s ({:.3g} a second).",
                                     result.log_likelihoods.size(), result.particle_steps, result.seconds,
                                     result.particle_steps / result.seconds));
  report.json = Json::object();
  for (const auto& [name, value] : report.metrics) report.json[name] = json_number(value);
  report.json["runs"] = result.log_likelihoods.size();
  report.json["seconds"] = result.seconds;
  report.json["particle_steps"] = result.particle_steps;
  return report;
}

std::string ssm_csv(const SsmModel& model, const Eigen::MatrixXd& observations, const SsmResult& result) {
  std::vector<CsvColumn> columns{{"step", std::vector<double>{}}};
  const Eigen::Index steps = result.means.cols();
  for (Eigen::Index t = 0; t < steps; ++t)
    std::get<0>(columns[0].cells).push_back(static_cast<double>(t + 1));
  const auto add = [&](const std::string& name, const Eigen::MatrixXd& values, Eigen::Index row) {
    std::vector<double> cells;
    for (Eigen::Index t = 0; t < steps; ++t) cells.push_back(values(row, t));
    columns.push_back({name, std::move(cells)});
  };
  for (Eigen::Index i = 0; i < observations.rows(); ++i)
    add(model.columns.empty() ? fmt::format("y{}", i + 1) : model.columns[static_cast<std::size_t>(i)],
        observations, i);
  const std::vector<std::string> names = model.quantities();
  const Eigen::MatrixXd deviations = result.variances.cwiseSqrt();
  for (Eigen::Index k = 0; k < result.means.rows(); ++k) {
    const std::string& name = names[static_cast<std::size_t>(k)];
    add(name + " mean", result.means, k);
    if (result.mean_errors.size() > 0) add(name + " mean error", result.mean_errors, k);
    add(name + " deviation", deviations, k);
    if (result.exact_means.size() > 0) add(name + " exact mean", result.exact_means, k);
  }
  columns.push_back({"effective share", result.ess});
  return csv_text(columns);
}

}  // namespace lehr::command
