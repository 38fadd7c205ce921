#include "apps/lehr/sample/density_source.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/worker_pool.hpp"
#include "lehr/sample/model/model.hpp"
#include "lehr/study/toml_document.hpp"

namespace lehr::command {
namespace {

std::string density_problem(const Json& answer, bool gradient, Eigen::Index dimension) {
  const bool is_number =
      answer.contains("log_prob") && (answer["log_prob"].is_number() || answer["log_prob"] == "-inf");
  if (!is_number) return "the answer has no number \"log_prob\"";
  if (!gradient) return "";
  const bool fits =
      answer.contains("gradient") && answer["gradient"].is_array() &&
      static_cast<Eigen::Index>(answer["gradient"].size()) == dimension &&
      std::ranges::all_of(answer["gradient"], [](const Json& entry) { return entry.is_number(); });
  return fits ? "" : fmt::format("the answer has no \"gradient\" of {} numbers", dimension);
}

// log p(x), and its gradient where `gradient` is not null; -infinity where the call failed.
double ask_density(WorkerPool& workers, const Eigen::VectorXd& x, Eigen::VectorXd* gradient) {
  const WorkerAnswer answer = workers.ask(
      "log_prob", Json{{"x", std::vector<double>(x.begin(), x.end())}, {"gradient", gradient != nullptr}},
      [&](const Json& found) { return density_problem(found, gradient != nullptr, x.size()); });
  if (!answer.ok()) {
    if (gradient != nullptr) gradient->setZero();
    return -std::numeric_limits<double>::infinity();
  }
  if (gradient != nullptr)
    for (Eigen::Index i = 0; i < x.size(); ++i)
      (*gradient)(i) = answer.value["gradient"][static_cast<std::size_t>(i)].get<double>();
  return number_from(answer.value["log_prob"]);
}

DensitySource from_model(const DensityOptions& options, const TaskContext& context) {
  const std::filesystem::path path = context.resolve(options.model);
  const std::string text = read_file(path);
  const Json description =
      path.extension() == ".json" ? parse_json(text, path.string()) : study::TomlDocument(text, path).root();
  const sample::Model model(description, path.filename().string(), path.parent_path());
  DensitySource source;
  source.density = model.log_density();
  source.start = model.start();
  source.names = model.names();
  source.parameters = model.parameters();
  source.values = [model](const Eigen::VectorXd& u) { return model.values(u); };
  source.title = description.contains("title") && description["title"].is_string()
                     ? description["title"].get<std::string>()
                     : path.stem().string();
  source.identity = text;
  source.problems = [] { return std::vector<std::string>{}; };
  return source;
}

DensitySource from_worker(const DensityOptions& options, const TaskContext& context) {
  if (options.dimension < 1)
    throw InvalidInput("options.dimension: a worker's density needs its number of variables");
  const auto workers = std::make_shared<WorkerPool>(options.worker, context.base);
  DensitySource source;
  source.density = {
      .dimension = options.dimension,
      .value = [workers](const Eigen::VectorXd& x) { return ask_density(*workers, x, nullptr); },
      .with_gradient = [workers](const Eigen::VectorXd& x,
                                 Eigen::VectorXd& gradient) { return ask_density(*workers, x, &gradient); }};
  source.start = Eigen::VectorXd::Zero(options.dimension);
  for (std::int64_t i = 1; i <= options.dimension; ++i) source.names.push_back(fmt::format("x[{}]", i));
  source.parameters = options.dimension;
  source.values = [](const Eigen::VectorXd& x) { return x; };
  source.title = "The worker's density";
  source.identity = options.worker.command;
  source.problems = [workers]() -> std::vector<std::string> {
    const WorkerPool::Counts counts = workers->counts();
    if (counts.failures == 0) return {};
    return {fmt::format("{} of {} calls of the worker failed and counted as density 0; the last one: {}.",
                        counts.failures, counts.calls, counts.last_failure)};
  };
  return source;
}

}  // namespace

void DensityOptions::describe(OptionTable& table) {
  table.add("model", model, "model file (TOML or JSON): data, parameters with priors, formulas").positional();
  table.add("dimension", dimension, "variables of a worker's density").range(0, 1e6);
  table.group("worker", worker);
}

DensitySource density_source(const DensityOptions& options, const TaskContext& context) {
  if (options.model.empty() == options.worker.command.empty())
    throw InvalidInput("sample: give a model file or --worker.command, one of them");
  return options.model.empty() ? from_worker(options, context) : from_model(options, context);
}

}  // namespace lehr::command
