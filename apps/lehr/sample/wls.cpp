#include "apps/lehr/sample/wls.hpp"

#include <algorithm>
#include <cmath>

#include "apps/lehr/sample/design_source.hpp"
#include "apps/lehr/sample/fit_report.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::command {

using namespace sample;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

struct SampleWlsOptions {
  SpaceOptions space;
  std::string design, values, coefficients;
  std::vector<std::string> outputs;
  ModelRunOptions model;
  std::int64_t validate = 0;

  void describe(OptionTable& table) {
    table
        .add("design", design,
             "the design's file (CSV): coordinates, weight, and outputs unless `values` has them")
        .positional();
    space.describe(table);
    table.add("values", values, "file of the runs' values (CSV), a row for each row of the design");
    table.add("outputs", outputs, "columns to fit; default: all of `values`, or y of the design");
    table.add("coefficients", coefficients, "file for the coefficients (CSV)");
    model.describe(table);
    table
        .add("validate", validate,
             "runs of the model at this many points of the reference measure, which measure the fit's error")
        .range(0, 1e7);
  }
};

// The runs as files give them.
struct DesignRuns {
  MatrixXd points;  // d x n
  VectorXd weights;
  std::vector<std::string> outputs;
  MatrixXd values;  // outputs x n
};

MatrixXd rows_of(const CsvTable& table, const std::vector<std::string>& columns, const std::string& name,
                 MissingCells missing) {
  MatrixXd rows(static_cast<Index>(columns.size()), static_cast<Index>(table.rows));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!table.has_column(columns[i]))
      throw InvalidInput("{}: no column {}{}", name, quote(columns[i]), hint(columns[i], table.columns));
    const std::vector<double> column = table.number_column(columns[i], missing);
    rows.row(static_cast<Index>(i)) = Eigen::Map<const Eigen::RowVectorXd>(column.data(), rows.cols());
  }
  return rows;
}

DesignRuns read_runs(const SampleWlsOptions& options, const FunctionSpace& space,
                     const TaskContext& context) {
  if (options.design.empty()) throw InvalidInput("sample.wls: name the design's file");
  const std::filesystem::path path = context.resolve(options.design);
  const CsvTable table = read_csv(path);
  DesignRuns runs;
  runs.points = rows_of(table, coordinate_names(space), path.string(), MissingCells::refuse);
  runs.weights = rows_of(table, {"weight"}, path.string(), MissingCells::refuse).transpose();
  if (options.values.empty()) {
    runs.outputs = options.outputs.empty() ? std::vector<std::string>{"y"} : options.outputs;
    runs.values = rows_of(table, runs.outputs, path.string(), MissingCells::nan);
    return runs;
  }
  const std::filesystem::path values_path = context.resolve(options.values);
  const CsvTable values = read_csv(values_path);
  if (values.rows != table.rows)
    throw InvalidInput("{}: {} rows of values for {} rows of {}", values_path.string(), values.rows,
                       table.rows, options.design);
  runs.outputs = options.outputs.empty() ? values.columns : options.outputs;
  runs.values = rows_of(values, runs.outputs, values_path.string(), MissingCells::nan);
  return runs;
}

// The root of the mean square error at points of the reference measure, with its standard error.
void add_validation(const SampleWlsOptions& options, const FunctionSpace& space, const Fit& fit,
                    TaskContext& context, Report& report) {
  if (options.validate == 0) return;
  const ModelRuns model = load_model(options.model, space.dimension, context);
  Stream random(context.seed, lane("sample.wls.validate"));
  const MatrixXd points = space.draw_reference(random, options.validate);
  const VectorXd values = model.evaluate(points);
  for (const std::string& note : model.notes()) report.notes.push_back(note);
  const VectorXd fitted = evaluate_fit(space, fit.coefficients, points);
  std::vector<double> squares, good;
  for (Index i = 0; i < values.size(); ++i)
    if (std::isfinite(values(i)))
      squares.push_back(std::pow(values(i) - fitted(i), 2)), good.push_back(values(i));
  if (good.size() < 2) throw InvalidInput("sample.wls: fewer than two runs for validation have values");
  const RootMeanSquare error = root_mean_square(squares);
  const double deviation = stats::standard_deviation(good);
  report.metric("error", error.value);
  report.metric("error_error", error.error);
  if (deviation > 0) report.metric("relative_error", error.value / deviation);
  report.notes.push_back(fmt::format(
      "Error at {} fresh points: {:.3g} ± {:.2g} (root of the mean square), {:.3g} of the model's "
      "standard deviation.",
      good.size(), error.value, error.error, error.value / deviation));
}

Report run_sample_wls(const SampleWlsOptions& options, TaskContext& context) {
  const FunctionSpace space = load_space(options.space, context);
  const DesignRuns runs = read_runs(options, space, context);
  if (options.validate > 0 && runs.outputs.size() != 1)
    throw InvalidInput("sample.wls: validate takes one output, found {}", runs.outputs.size());
  const std::vector<Fit> fits =
      weighted_least_squares(space.features(runs.points), runs.weights, runs.values);
  Report report;
  report.title = fmt::format("Least squares with {} functions from {} runs", space.size, runs.points.cols());
  add_certificate(space, certify(space, runs.points, runs.weights), report);
  for (std::size_t k = 0; k < fits.size(); ++k) {
    const VectorXd values = runs.values.row(static_cast<Index>(k)).transpose();
    add_fit({space, runs.points, runs.weights, values, fits[k]}, fits.size() > 1 ? runs.outputs[k] : "",
            report);
  }
  add_validation(options, space, fits.front(), context, report);
  if (!options.coefficients.empty()) {
    if (fits.size() != 1)
      throw InvalidInput(
          "sample.wls: --coefficients takes one output, found {}; the artifacts have all of them",
          fits.size());
    write_file_atomically(context.resolve(options.coefficients), report.artifacts.front().content);
    report.notes.push_back(fmt::format("The coefficients are in {}.", options.coefficients));
  }
  return report;
}

}  // namespace

Task sample_wls_task() {
  return make_task<SampleWlsOptions>(
      "sample.wls", "", "weighted least squares from the runs of a design",
      "Fits the values of a design's runs in a space of functions by weighted least squares: coefficients, "
      "mean and deviation of "
      "the model, Sobol' indices, the leave-one-out error with its standard error, and the certificate of "
      "the design. The design "
      "is a CSV file as `lehr sample design` writes it; weights matter, so keep its column.",
      {"sample wls design.csv --basis legendre:d=2,total=8",
       "sample wls --design design.csv --values y.csv --basis legendre:d=2,total=8 --coefficients c.csv",
       "sample wls design.csv --features features.npy --outputs drag lift"},
      run_sample_wls);
}

}  // namespace lehr::command
