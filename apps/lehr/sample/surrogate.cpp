#include "apps/lehr/sample/surrogate.hpp"

#include <cmath>

#include "apps/lehr/sample/design_source.hpp"
#include "apps/lehr/sample/fit_report.hpp"
#include "lehr/core/csv.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/sample/reference_projection.hpp"

namespace lehr::command {

using namespace sample;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

struct SampleSurrogateOptions {
  SpaceOptions space;
  ModelRunOptions model;
  AdaptiveLeastSquaresOptions growth;
  std::int64_t steps = 0;
  std::string coefficients, output;

  void describe(OptionTable& table) {
    space.describe(table);
    model.describe(table);
    growth.describe(table);
    table.add("steps", steps, "steps of the growth; 0: one for each nested space (degree) of the basis")
        .range(0, 1e6);
    table.add("output", output, "file for the runs (CSV): coordinates, weight, y");
    table.add("coefficients", coefficients, "file for the coefficients (CSV)");
  }
};

// What the run had after each step.
struct GrowthRow {
  double runs, functions, leave_one_out, lambda_min;
};

std::string checkpoint_name(const SampleSurrogateOptions& options) {
  SampleSurrogateOptions copy = options;
  return fmt::format("surrogate-{:016x}.safetensors", lane(describe(copy).values().dump()));
}

Table growth_table(const std::vector<GrowthRow>& rows) {
  Table table{.title = "Growth",
              .columns = {"runs", "functions", "leave-one-out error", "lambda_min"},
              .rows = {},
              .formats = {"", "", ".3g", ".3f"}};
  for (const GrowthRow& row : rows)
    table.rows.push_back(
        {row.runs, row.functions, json_number(row.leave_one_out), json_number(row.lambda_min)});
  return table;
}

Figure growth_figure(const std::vector<GrowthRow>& rows) {
  Figure figure{.name = "growth",
                .title = "Error against runs",
                .caption = "Leave-one-out error of the fit after each step; every run is kept.",
                .x = {.label = "runs of the model"},
                .y = {.label = "leave-one-out error", .log = true},
                .series = {}};
  Series line{.label = "error"};
  for (const GrowthRow& row : rows)
    if (std::isfinite(row.leave_one_out) && row.leave_one_out > 0) {
      line.x.push_back(row.runs);
      line.y.push_back(row.leave_one_out);
    }
  figure.series.push_back(std::move(line));
  return figure;
}

std::string runs_csv(const FunctionSpace& space, const AdaptiveLeastSquaresState& state,
                     const VectorXd& weights) {
  std::vector<CsvColumn> columns;
  const std::vector<std::string> names = coordinate_names(space);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const VectorXd row = state.points.row(static_cast<Index>(i)).transpose();
    columns.push_back({names[i], std::vector<double>(row.begin(), row.end())});
  }
  columns.push_back({"weight", std::vector<double>(weights.begin(), weights.end())});
  columns.push_back({"y", std::vector<double>(state.values.begin(), state.values.end())});
  return csv_text(columns);
}

// The fit's own space, and the runs that have a value.
void add_surrogate(const FunctionSpace& space, const AdaptiveLeastSquaresState& state,
                   const VectorXd& weights, Report& report) {
  std::vector<Index> good;
  for (Index i = 0; i < state.values.size(); ++i)
    if (std::isfinite(state.values(i))) good.push_back(i);
  const MatrixXd points = state.points(Eigen::all, good);
  const VectorXd good_weights = weights(good), values = state.values(good);
  FunctionSpace fitted = space;
  fitted.size = state.coefficients.size();
  fitted.features = [features = space.features, size = fitted.size](const Points& x) -> MatrixXd {
    return features(x).topRows(size);
  };
  if (space.degrees.size() != 0) fitted.degrees = space.degrees.leftCols(fitted.size);
  add_certificate(fitted, certify(fitted, points, good_weights), report);
  const Fit fit = weighted_least_squares(fitted.features(points), good_weights, values.transpose()).front();
  add_fit({fitted, points, good_weights, values, fit}, "", report);
}

Report run_sample_surrogate(const SampleSurrogateOptions& options, TaskContext& context) {
  const FunctionSpace space = load_space(options.space, context);
  const ModelRuns model = load_model(options.model, space.dimension, context);
  const AdaptiveLeastSquares method(space, model.evaluate, options.growth);
  std::vector<GrowthRow> rows;
  Observers observers = context.observers;
  if (!context.directory.empty()) {
    std::filesystem::create_directories(context.directory);
    observers.checkpoints.path = context.directory / checkpoint_name(options);
    observers.checkpoints.every_steps = 1;  // a step is runs of the model
  }
  observers.list.push_back(
      {.see =
           [&](const Moment& now, const Row& row) {
             const double nan = std::numeric_limits<double>::quiet_NaN();
             rows.push_back({row.find("runs").value_or(0), row.find("functions").value_or(0),
                             row.find("leave_one_out").value_or(nan), row.find("lambda_min").value_or(nan)});
             return now.step + 1;
           },
       .end = {}});
  const std::int64_t steps =
      options.steps > 0 ? options.steps : static_cast<std::int64_t>(space.nested.size());
  const auto run = drive(method, Budget::steps(steps), context.seed, observers);
  const AdaptiveLeastSquaresState& state = run.state;
  Report report;
  report.notes = model.notes();
  if (state.fitted_level < 0) {
    const std::string failures = report.notes.empty() ? "" : " " + report.notes.front();
    throw InvalidInput("sample.surrogate: no space was fitted: {} runs are too few for a stable fit.{}",
                       state.points.cols(), failures);
  }
  if (run.why == Stop::interrupted)
    report.notes.push_back("Interrupted: this is the surrogate of the runs made by then; --resume goes on.");
  else if (!observers.checkpoints.path.empty())
    std::filesystem::remove(observers.checkpoints.path);
  report.title =
      fmt::format("A surrogate of {} functions from {} runs", state.coefficients.size(), state.points.cols());
  const VectorXd weights = method.weights(state);
  add_surrogate(space, state, weights, report);
  report.metric("degree", static_cast<double>(state.fitted_level));
  report.metric("relative_leave_one_out", state.deviation > 0 ? state.leave_one_out / state.deviation : 0);
  report.tables.push_back(growth_table(rows));
  if (rows.size() > 1) report.figures.insert(report.figures.begin(), growth_figure(rows));
  if (model.cheap) {
    const ReferenceProjection reference = reference_projection(space, model.evaluate, context.seed);
    report.metric("error", reference.error_of(state.coefficients));
    report.notes.push_back(fmt::format(
        "Error against the formula, by integration: {:.3g}; the best fit in the whole space has {:.3g}.",
        reference.error_of(state.coefficients), reference.best_error));
  }
  const std::string csv = runs_csv(space, state, weights);
  if (!options.output.empty()) write_file_atomically(context.resolve(options.output), csv);
  if (!options.coefficients.empty())
    write_file_atomically(context.resolve(options.coefficients), report.artifacts.front().content);
  report.artifacts.push_back({.name = "runs", .extension = "csv", .content = csv, .path = {}});
  return report;
}

}  // namespace

Task sample_surrogate_task() {
  return make_task<SampleSurrogateOptions>(
      "sample.surrogate", "", "a surrogate that grows with the runs of its model",
      "Runs a model and fits it by weighted least squares in spaces of rising degree. Points are "
      "determinantal point processes of the "
      "space in use; every run is kept, with weights for the pool of all points; points are added until the "
      "fit is stable, and "
      "the degree is chosen by the leave-one-out error. The run ends at the tolerance, at the last degree, "
      "or at the last run "
      "that was granted. Ctrl-C ends it with what there is, --resume goes on.",
      {"sample surrogate --basis legendre:d=2,total=12 --model \"exp(x1 + x2 / 2) / (1.5 + x2)\" --tolerance "
       "1e-3",
       "sample surrogate --basis hermite:d=4,total=6 --worker.command \"python3 model.py\" --runs 200 "
       "--output runs.csv"},
      run_sample_surrogate);
}

}  // namespace lehr::command
