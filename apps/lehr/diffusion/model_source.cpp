#include "apps/lehr/diffusion/model_source.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/conv_network.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

struct LoadedFile {
  std::optional<stats::GaussianMixture> mixture;
  std::optional<NetworkFile> network;
  std::string name;
};

LoadedFile load_file(const std::filesystem::path& path) {
  LoadedFile file;
  file.name = path.string();
  if (path.extension() == ".json") {
    const Json json = parse_json(read_file(path), path.string());
    if (!json.is_object() || !json.contains("tensors")) {
      file.mixture = mixture_from_json(json, path.string());
      return file;
    }
  } else if (path.extension() != ".safetensors") {
    throw InvalidInput("{}: a model is a mixture (.json) or a network (.safetensors, or .json beside .f32)",
                       path.string());
  }
  file.network = read_network(path);
  return file;
}

}  // namespace

void ModelOptions::describe(OptionTable& table) {
  table
      .add("model", model,
           "mixture (JSON) or network (safetensors, or JSON manifest); several are added with weights")
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
}

ModelSource load_model(const ModelOptions& options, const TaskContext& context) {
  if (options.model.empty())
    throw InvalidInput("diffusion: give a model, a mixture's JSON or a network's file");
  std::vector<LoadedFile> files;
  for (const std::string& name : options.model) files.push_back(load_file(context.resolve(name)));
  std::string process_text = options.process;
  for (const LoadedFile& file : files)
    if (process_text.empty() && file.network) process_text = file.network->process;
  // Manifests say "VP linear, beta 0.1..20": the default process.
  const auto recognised = [](const std::string& text) { return text.empty() || text.starts_with("VP"); };
  ModelSource source;
  source.process =
      recognised(process_text) ? Process::vp_linear() : Process::parse(process_text, context.base);
  if (options.t0 || options.end)
    source.process = source.process.between(options.t0.value_or(source.process.t0()),
                                            options.end.value_or(source.process.end()));
  std::vector<ScoreModel> models;
  for (const LoadedFile& file : files) {
    models.push_back(file.mixture ? mixture_score(*file.mixture, source.process)
                                  : score_network(*file.network, file.name));
    if (file.network && !options.prediction.empty())
      models.back().predicts = prediction_named(options.prediction);
  }
  source.title = std::filesystem::path(options.model.front()).filename().string();
  if (models.size() == 1 && options.weights.empty()) {
    source.model = models.front();
    source.mixture = files.front().mixture;
  } else {
    source.model = weighted_sum(std::move(models), options.weights, source.process);
    source.title += " and others";
  }
  return source;
}

}  // namespace lehr::command
