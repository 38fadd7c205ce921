#include "apps/lehr/diffusion/model_source.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/conv_network.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/sigma_coordinates.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

constexpr std::string_view worker_prefix = "worker:";

void read_file_model(const std::filesystem::path& path, GivenModel& given) {
  if (path.extension() == ".json") {
    const std::string text = read_file(path);
    const Json json = parse_json(text, path.string());
    given.identity = fmt::format("{:016x}", lane(text));
    if (!json.is_object() || !json.contains("tensors")) {
      const bool wrapped = json.is_object() && json.contains("mixture");
      given.mixture = mixture_from_json(wrapped ? json["mixture"] : json, path.string());
      return;
    }
  } else if (path.extension() != ".safetensors") {
    throw InvalidInput(
        "{}: a model is a mixture (.json), a network (.safetensors, or .json beside .f32), or 'worker: "
        "COMMAND'",
        path.string());
  }
  given.network = read_network(path);
  given.process = given.network->process;
  given.identity = path.string();
}

}  // namespace

GivenModel given_model(const std::string& name, const ScoreWorkerOptions& workers,
                       const TaskContext& context) {
  GivenModel given;
  if (name.starts_with(worker_prefix)) {
    ScoreWorkerOptions own = workers;
    const std::size_t begin = name.find_first_not_of(' ', worker_prefix.size());
    own.command = begin == std::string::npos ? "" : name.substr(begin);
    given.worker = std::make_shared<ScoreWorker>(own, context.base);
    given.process = given.worker->process();
    given.name = given.identity = own.command;
    return given;
  }
  const std::filesystem::path path = context.resolve(name);
  given.name = path.string();
  read_file_model(path, given);
  return given;
}

Process process_of(const std::string& text, const TaskContext& context) {
  return text.empty() || text.starts_with("VP") ? Process::vp_linear() : Process::parse(text, context.base);
}

ScoreModel score_model_of(const GivenModel& given, const Process& process, const std::string& prediction) {
  if (given.mixture) return mixture_score(*given.mixture, process);
  if (given.worker) return worker_score(given.worker, process);
  ScoreModel model = score_network(*given.network, given.name);
  if (!prediction.empty()) model.predicts = prediction_named(prediction);
  return model;
}

ScoreModel converted_model_of(const GivenModel& given, const Process& process, const std::string& prediction,
                              const TaskContext& context) {
  if (given.mixture || given.process.empty()) return score_model_of(given, process, prediction);
  const Process own = process_of(given.process, context);
  if (own.text() == process.text()) return score_model_of(given, process, prediction);
  return on_process(score_model_of(given, own, prediction), own, process);
}

std::vector<std::string> worker_notes(const std::vector<GivenModel>& models) {
  std::vector<std::string> notes;
  for (const GivenModel& model : models) {
    if (!model.worker) continue;
    const WorkerCounts counts = model.worker->counts();
    const std::int64_t failed = counts.timeouts + counts.ends + counts.violations + counts.refusals;
    if (failed > 0)
      notes.push_back(
          fmt::format("{} of {} lines to the worker {} failed and were asked again; the last one: {}.",
                      failed, counts.lines, quote(model.name, 60), model.worker->last_failure()));
  }
  return notes;
}

void ModelOptions::describe(OptionTable& table) {
  table
      .add(
          "model", model,
          "mixture (JSON), network (safetensors, or JSON manifest) or 'worker: COMMAND', a program of yours; "
          "several are added with weights")
      .positional();
  table.add("weights", weights, "of several models' noises: 3 -2 is guidance of strength 3");
  table.add("process", process,
            "vp-linear(beta0, beta1), vp-cosine, vp-table(file), sub-vp, ve(sigma_min, sigma_max), edm or "
            "flow; default: what the "
            "network's file says, else vp-linear");
  table.add("prediction", prediction,
            "what a network predicts: noise, data, score or velocity; default: what its file says");
  table.add("t0", t0, "time at which sampling ends; default: the process's");
  table.add("end", end, "time at which sampling begins; default: the process's");
  table.group("worker", worker);
}

ModelSource load_model(const ModelOptions& options, const TaskContext& context) {
  std::vector<std::string> names = options.model;
  if (!options.worker.command.empty())
    names.push_back(fmt::format("{} {}", worker_prefix, options.worker.command));
  if (names.empty())
    throw InvalidInput("diffusion: give a model: a mixture's JSON, a network's file or --worker.command");
  ModelSource source;
  for (const std::string& name : names) source.given.push_back(given_model(name, options.worker, context));
  std::string process_text = options.process;
  for (const GivenModel& given : source.given)
    if (process_text.empty()) process_text = given.process;
  source.process = process_of(process_text, context);
  if (options.t0 || options.end)
    source.process = source.process.between(options.t0.value_or(source.process.t0()),
                                            options.end.value_or(source.process.end()));
  // A process among the options is that of every model.
  std::vector<ScoreModel> models;
  for (const GivenModel& given : source.given)
    models.push_back(options.process.empty()
                         ? converted_model_of(given, source.process, options.prediction, context)
                         : score_model_of(given, source.process, options.prediction));
  const GivenModel& first = source.given.front();
  source.title = first.worker ? "a worker's model" : std::filesystem::path(first.name).filename().string();
  if (models.size() == 1 && options.weights.empty()) {
    source.model = models.front();
    source.mixture = first.mixture;
  } else {
    source.model = weighted_sum(std::move(models), options.weights, source.process);
    source.title += " and others";
  }
  return source;
}

}  // namespace lehr::command
