// `lehr sample expect --table`: a saved sample, weighted anew to other laws.
#include <algorithm>
#include <cmath>

#include "apps/lehr/sample/expect.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/sample/reweight.hpp"

namespace lehr::command {

using namespace sample;

namespace {

constexpr double alarming_share = 0.1;  // of one point in the sum of weights

struct SavedSample {
  Eigen::MatrixXd points, outputs;
  Eigen::VectorXd log_density;
  std::vector<std::string> output_names;
};

bool is_bookkeeping(const std::string& column) {
  return column == "log_density" || column == "log_final_density" || column == "density" || column == "final";
}

// The column with the draws' density, as a logarithm.
std::vector<double> log_densities(const SampleExpectOptions& options, const CsvTable& table) {
  std::string column = options.density;
  if (column.empty())
    column = options.rows == "final"           ? "log_final_density"
             : table.has_column("log_density") ? "log_density"
                                               : "density";
  std::vector<double> values = table.number_column(column, MissingCells::refuse);
  if (column.starts_with("log")) return values;
  for (double& value : values) {
    if (!(value > 0))
      throw InvalidInput("density: column {} holds {}, a density above 0 is needed", quote(column), value);
    value = std::log(value);
  }
  return values;
}

SavedSample read_sample(const SampleExpectOptions& options, const std::vector<std::string>& variables,
                        const TaskContext& context) {
  const CsvTable table = read_csv(context.resolve(options.table));
  SavedSample sample;
  sample.output_names = options.problem.outputs;
  if (sample.output_names.empty())
    for (const std::string& column : table.columns)
      if (std::ranges::find(variables, column) == variables.end() && !is_bookkeeping(column) &&
          column != options.density)
        sample.output_names.push_back(column);
  if (sample.output_names.empty())
    throw InvalidInput("table: {} has no column of outputs", quote(options.table));

  std::vector<std::size_t> kept;
  const std::vector<double> last = options.rows == "final"
                                       ? table.number_column("final", MissingCells::refuse)
                                       : std::vector<double>(table.rows, 1);
  for (std::size_t i = 0; i < last.size(); ++i)
    if (last[i] == 1) kept.push_back(i);
  const auto fill = [&](const std::vector<double>& column, auto row) {
    for (std::size_t i = 0; i < kept.size(); ++i) row[static_cast<Index>(i)] = column[kept[i]];
  };
  const auto n = static_cast<Index>(kept.size());
  sample.points.resize(static_cast<Index>(variables.size()), n);
  sample.outputs.resize(static_cast<Index>(sample.output_names.size()), n);
  sample.log_density.resize(n);
  for (std::size_t k = 0; k < variables.size(); ++k)
    fill(table.number_column(variables[k], MissingCells::refuse), sample.points.row(static_cast<Index>(k)));
  for (std::size_t k = 0; k < sample.output_names.size(); ++k)
    fill(table.number_column(sample.output_names[k], MissingCells::refuse),
         sample.outputs.row(static_cast<Index>(k)));
  fill(log_densities(options, table), Eigen::Ref<Eigen::VectorXd>(sample.log_density));
  return sample;
}

Table reweighted_table(const std::vector<Reweighted>& results) {
  Table table{.title = "Expectations",
              .columns = {"law", "name", "estimate", "standard error", "95 % low", "95 % high"},
              .rows = {},
              .formats = {"", "", ".6g", ".2g", ".6g", ".6g"}};
  for (std::size_t l = 0; l < results.size(); ++l) {
    const ExpectationEstimate& estimate = results[l].estimate;
    const Eigen::VectorXd errors = estimate.standard_errors();
    for (Index j = 0; j < errors.size(); ++j) {
      const stats::Interval interval = estimate.interval(j);
      table.rows.push_back({l + 1, estimate.names[static_cast<std::size_t>(j)], estimate.values[j], errors[j],
                            interval.low, interval.high});
    }
  }
  return table;
}

Table coverage_table(const std::vector<Reweighted>& results) {
  Table table{.title = "How the sample covers the laws",
              .columns = {"law", "effective points", "largest share of one point", "mass", "its error"},
              .rows = {},
              .formats = {"", ".4g", ".3g", ".4f", ".2g"}};
  for (std::size_t l = 0; l < results.size(); ++l)
    table.rows.push_back({l + 1, results[l].effective_sample_size, results[l].largest_share,
                          json_number(results[l].mass), json_number(results[l].mass_error)});
  return table;
}

void add_reweighted(Report& report, const std::vector<Reweighted>& results) {
  Json list = Json::array();
  for (std::size_t l = 0; l < results.size(); ++l) {
    const std::string suffix = results.size() > 1 ? fmt::format("_{}", l + 1) : "";
    const ExpectationEstimate& estimate = results[l].estimate;
    const Eigen::VectorXd errors = estimate.standard_errors();
    for (Index j = 0; j < errors.size(); ++j) {
      const std::string& name = estimate.names[static_cast<std::size_t>(j)];
      report.metric(name + suffix, estimate.values[j]);
      report.metric(name + suffix + "_error", errors[j]);
      list.push_back(
          {{"law", l + 1}, {"name", name}, {"value", estimate.values[j]}, {"standard_error", errors[j]}});
    }
    report.metric("effective_points" + suffix, results[l].effective_sample_size);
  }
  report.json["expectations"] = std::move(list);
}

std::string coverage_note(const Reweighted& result, std::size_t law, bool self_normalised) {
  if (result.largest_share > alarming_share)
    return fmt::format(
        "Law {}: one point has {:.0f} % of the weight: the sample hardly covers this law, and the "
        "errors are not to be trusted.",
        law, 100 * result.largest_share);
  if (!self_normalised && std::abs(result.mass - 1) > 4 * result.mass_error + 1e-9)
    return fmt::format(
        "Law {}: the weights' mean is {:.4g}, not 1: the sample misses a part of this law, or the "
        "density column is off by a factor (--self-normalised).",
        law, result.mass);
  return "";
}

}  // namespace

Report reweight_table(const SampleExpectOptions& options, TaskContext& context) {
  if (!options.problem.model.empty() || !options.problem.worker.command.empty())
    throw InvalidInput("table: a saved sample needs no model");
  if (options.problem.law.empty())
    throw InvalidInput("law: give the file of the law that the sample is weighted to");
  const LawDesign design = load_laws(options.problem, context);
  const SavedSample sample = read_sample(options, design.laws.front().names(), context);
  std::vector<Reweighted> results;
  for (const Law& law : design.laws)
    results.push_back(reweight(sample.points, sample.outputs, sample.log_density, law.density(),
                               sample.output_names,
                               options.self_normalised ? Normalisation::self : Normalisation::plain));
  Report report;
  report.title = "Expectations of " + options.table + " under another law";
  report.tables = {reweighted_table(results), coverage_table(results)};
  add_reweighted(report, results);
  for (std::size_t l = 0; l < results.size(); ++l)
    if (std::string note = coverage_note(results[l], l + 1, options.self_normalised); !note.empty())
      report.notes.push_back(std::move(note));
  report.json["points"] = sample.points.cols();
  report.json["notes"] = report.notes;
  return report;
}

}  // namespace lehr::command
