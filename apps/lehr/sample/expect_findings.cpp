#include "apps/lehr/sample/expect_findings.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/stats/rank_tests.hpp"

namespace lehr::command {

using namespace sample;

namespace {

Table sobol_table(const SobolIndices& indices) {
  const std::vector<SobolIndex>& any = indices.first.empty() ? indices.total : indices.first;
  Table table{.title = "Sobol' indices", .columns = {"input"}, .rows = {}, .formats = {""}};
  if (!indices.first.empty()) table.columns.insert(table.columns.end(), {"first order", "its error"});
  if (!indices.total.empty()) table.columns.insert(table.columns.end(), {"total", "its error"});
  for (std::size_t k = 1; k < table.columns.size(); ++k) table.formats.push_back(k % 2 == 1 ? ".4f" : ".2g");
  for (std::size_t i = 0; i < any.size(); ++i) {
    table.rows.push_back({any[i].input});
    for (const auto* list : {&indices.first, &indices.total})
      if (!list->empty())
        table.rows.back().insert(table.rows.back().end(), {(*list)[i].value, (*list)[i].standard_error});
  }
  return table;
}

Figure sobol_figure(const SobolIndices& indices, const std::string& output) {
  Figure figure{
      .name = "sobol",
      .title = "Share of the variance of " + output + " that each input explains",
      .caption = "Alone (first order) and with all its interactions (total); bars are 95 % intervals.",
      .x = {.label = "input, in the order of the table"},
      .y = {.label = "Sobol' index", .low = 0.0},
      .series = {}};
  double offset = indices.total.empty() || indices.first.empty() ? 0 : -0.12;
  for (const auto& [label, list] :
       {std::pair("first order", &indices.first), std::pair("total", &indices.total)}) {
    if (list->empty()) continue;
    Series series{.label = label, .style = Series::Style::points};
    for (std::size_t i = 0; i < list->size(); ++i) {
      const SobolIndex& index = (*list)[i];
      series.x.push_back(static_cast<double>(i + 1) + offset), series.y.push_back(index.value);
      series.low.push_back(index.value - 1.96 * index.standard_error);
      series.high.push_back(index.value + 1.96 * index.standard_error);
    }
    figure.series.push_back(std::move(series));
    offset = -offset;
  }
  return figure;
}

// Spearman's rank correlation.
double rank_correlation(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  const auto centered_ranks = [](const Eigen::VectorXd& values) {
    const std::vector<double> ranks =
        stats::midranks({values.data(), static_cast<std::size_t>(values.size())});
    const Eigen::Map<const Eigen::VectorXd> list(ranks.data(), values.size());
    return Eigen::VectorXd(list.array() - list.mean());
  };
  const Eigen::VectorXd x = centered_ranks(a), y = centered_ranks(b);
  return x.dot(y) / std::sqrt(x.squaredNorm() * y.squaredNorm());
}

// The estimates of output k under all laws.
Eigen::VectorXd over_laws(const Eigen::VectorXd& values, Index outputs, Index k) {
  Eigen::VectorXd own(values.size() / outputs);
  for (Index l = 0; l < own.size(); ++l) own[l] = values[l * outputs + k];
  return own;
}

Figure influence_figure(const ExpectSetup& setup, const ExpectOutcome& outcome, Index parameter) {
  const auto outputs = static_cast<Index>(setup.model.outputs.size());
  const Eigen::VectorXd values = over_laws(outcome.estimate.values, outputs, 0),
                        errors = 1.96 * over_laws(outcome.estimate.standard_errors(), outputs, 0);
  Series points{.label = "", .style = Series::Style::points};
  for (Index l = 0; l < values.size(); ++l) {
    points.x.push_back(setup.design.values(parameter, l)), points.y.push_back(values[l]);
    points.low.push_back(values[l] - errors[l]), points.high.push_back(values[l] + errors[l]);
  }
  return {.name = "influence",
          .title = fmt::format("Mean of {} under each law", setup.model.outputs.front()),
          .caption =
              "Against the parameter of the law with the largest rank correlation; bars are 95 % intervals.",
          .x = {.label = setup.design.parameters[static_cast<std::size_t>(parameter)]},
          .y = {.label = "mean of " + setup.model.outputs.front()},
          .series = {std::move(points)}};
}

}  // namespace

void add_sobol_indices(Report& report, const SampleExpectOptions& options, const ExpectSetup& setup,
                       const ExpectOutcome& outcome) {
  const SobolIndices indices =
      sobol_indices(outcome.estimate, setup.design.laws.front(), *setup.sobol, options.problem.shift);
  Json list = Json::array();
  double squared_error = 0, variance = 0;
  std::size_t k = 0;
  for (const auto& [order, values] : {std::pair("first", &indices.first), std::pair("total", &indices.total)})
    for (const SobolIndex& index : *values) {
      report.metric(fmt::format("{}_{}", order, index.input), index.value);
      report.metric(fmt::format("{}_{}_error", order, index.input), index.standard_error);
      variance += index.standard_error * index.standard_error;
      if (!options.truth.empty()) squared_error += std::pow(index.value - options.truth[k++], 2);
      list.push_back({{"order", order},
                      {"input", index.input},
                      {"value", index.value},
                      {"standard_error", index.standard_error}});
    }
  report.metric("indices_variance", variance);
  if (!options.truth.empty()) report.metric("squared_error", squared_error);
  report.metric("output_mean", indices.mean);
  report.metric("output_variance", indices.variance);
  report.json["sobol"] = std::move(list);
  report.tables.push_back(sobol_table(indices));
  report.figures.push_back(sobol_figure(indices, setup.sobol_output));
}

void add_law_influence(Report& report, const ExpectSetup& setup, const ExpectOutcome& outcome) {
  const LawDesign& design = setup.design;
  if (design.parameters.empty() || design.laws.size() < 3) return;
  const auto outputs = static_cast<Index>(setup.model.outputs.size());
  Table table{.title = "What of the law matters: rank correlation with each output's mean",
              .columns = {"parameter", "low", "high"},
              .rows = {},
              .formats = {"", ".4g", ".4g"}};
  for (const std::string& output : setup.model.outputs) {
    table.columns.push_back(output);
    table.formats.push_back("+.2f");
  }
  Index strongest = 0;
  double most = -1;
  for (Index p = 0; p < design.values.rows(); ++p) {
    const Eigen::VectorXd values = design.values.row(p).transpose();
    table.rows.push_back(
        {design.parameters[static_cast<std::size_t>(p)], values.minCoeff(), values.maxCoeff()});
    for (Index k = 0; k < outputs; ++k) {
      const double r = rank_correlation(values, over_laws(outcome.estimate.values, outputs, k));
      table.rows.back().push_back(json_number(r));
      if (k == 0 && std::abs(r) > most) most = std::abs(r), strongest = p;
    }
  }
  report.tables.push_back(std::move(table));
  report.figures.push_back(influence_figure(setup, outcome, strongest));
}

}  // namespace lehr::command
