#include "apps/lehr/sample/design_source.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/npy.hpp"
#include "lehr/sample/basis_text.hpp"
#include "lehr/sample/expression_model.hpp"
#include "lehr/sample/finite_space.hpp"
#include "lehr/sample/shared_object_model.hpp"

namespace lehr::command {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd table_of_functions(const std::filesystem::path& path) {
  if (path.extension() == ".npy") {
    const Tensor tensor = read_npy(path);
    if (tensor.shape.size() != 2)
      throw InvalidInput("{}: a table of functions has two axes, found shape {}", path.string(),
                         to_string(tensor.shape));
    return points_of(tensor.view()).transpose();
  }
  const CsvTable table = read_csv(path);
  MatrixXd values(static_cast<Index>(table.rows), static_cast<Index>(table.columns.size()));
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    const std::vector<double> column = table.number_column(table.columns[j], MissingCells::refuse);
    values.col(static_cast<Index>(j)) = Eigen::Map<const VectorXd>(column.data(), values.rows());
  }
  return values;
}

std::vector<std::string> input_names(Index dimension) {
  std::vector<std::string> names;
  for (Index i = 1; i <= dimension; ++i) names.push_back(fmt::format("x{}", i));
  return names;
}

// A formula of x1, x2, ..., of x too where there is one coordinate, or a compiled model (.so).
sample::ScalarModel local_model(const std::string& text, Index dimension, const TaskContext& context) {
  const std::vector<std::string> inputs = input_names(dimension);
  sample::ForwardModel model;
  if (text.ends_with(".so")) {
    model = sample::shared_object_model(context.resolve(text), inputs);
    if (model.outputs.size() != 1)
      throw InvalidInput("model: {} has {} outputs, one is needed", quote(text), model.outputs.size());
  } else {
    std::vector<sample::Formula> names;
    if (dimension == 1) names.push_back({"x", "x1"});
    model = sample::expression_model(inputs, names, {{"model", text}});
  }
  return
      [model](const sample::Points& points) -> VectorXd { return model.evaluate(points).row(0).transpose(); };
}

std::string answer_problem(const Json& answer) {
  const bool number = answer.contains("y") &&
                      (answer["y"].is_number() ||
                       (answer["y"].is_array() && answer["y"].size() == 1 && answer["y"][0].is_number()));
  return number ? "" : "the answer has no number \"y\"";
}

sample::ScalarModel worker_runs(const std::shared_ptr<Worker>& worker) {
  return [worker](const sample::Points& points) {
    std::vector<Json> items;
    for (Index i = 0; i < points.cols(); ++i)
      items.push_back({{"x", std::vector<double>(points.col(i).begin(), points.col(i).end())}});
    const std::vector<WorkerAnswer> answers = worker->ask("model", items, answer_problem);
    VectorXd values(points.cols());
    for (Index i = 0; i < points.cols(); ++i) {
      const WorkerAnswer& answer = answers[static_cast<std::size_t>(i)];
      const Json y = answer.ok() ? answer.value["y"] : Json();
      values(i) = !answer.ok()   ? std::numeric_limits<double>::quiet_NaN()
                  : y.is_array() ? y[0].get<double>()
                                 : y.get<double>();
    }
    return values;
  };
}

}  // namespace

void SpaceOptions::describe(OptionTable& table) {
  table.add("basis", basis,
            "space of functions, such as legendre:d=2,total=8 or hermite*legendre(from=0, to=2):total=3");
  table.add("features", features,
            "in place of a basis: a table of functions (CSV or .npy), a row for each candidate run");
}

sample::FunctionSpace load_space(const SpaceOptions& options, const TaskContext& context) {
  if (options.basis.empty() == options.features.empty())
    throw InvalidInput("sample: give --basis or --features, one of them");
  if (!options.basis.empty()) return sample::parse_basis(options.basis);
  const std::filesystem::path path = context.resolve(options.features);
  sample::FunctionSpace space = sample::finite_space(table_of_functions(path));
  space.name = path.filename().string();
  return space;
}

std::vector<std::string> coordinate_names(const sample::FunctionSpace& space) {
  const bool table = space.finite && space.to_user.size() != 0 && space.degrees.size() == 0;
  if (table) return {"row"};
  std::vector<std::string> names;
  for (Index i = 1; i <= space.dimension; ++i) names.push_back(fmt::format("x_{}", i));
  return names;
}

void ModelRunOptions::describe(OptionTable& table) {
  table.add("model", model, "model to run: a formula of x1, x2, ..., such as \"exp(x1) * cos(6 * x2)\"");
  table.group("worker", worker);
}

std::vector<std::string> ModelRuns::notes() const {
  if (!worker || worker->counts().failures == 0) return {};
  return {fmt::format("{} of {} runs of the model failed; the last one: {}.", worker->counts().failures,
                      worker->counts().items, worker->last_failure())};
}

ModelRuns load_model(const ModelRunOptions& options, Index dimension, const TaskContext& context) {
  if (!options.model.empty() && !options.worker.command.empty())
    throw InvalidInput("sample: give --model or --worker.command, not both");
  if (!options.given()) throw InvalidInput("sample: give a --model or a --worker.command");
  ModelRuns runs;
  runs.cheap = !options.model.empty();
  if (runs.cheap) {
    runs.evaluate = local_model(options.model, dimension, context);
  } else {
    runs.worker = std::make_shared<Worker>(options.worker, context.base);
    runs.evaluate = worker_runs(runs.worker);
  }
  return runs;
}

}  // namespace lehr::command
