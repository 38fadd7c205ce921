// The models that a diffusion task works on: exact mixtures, networks' files, the user's programs; their process, guidance.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/core/task.hpp"
#include "lehr/diffusion/residual_network.hpp"
#include "lehr/diffusion/score_model.hpp"
#include "lehr/diffusion/worker_score.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::command {

struct ModelOptions {
  std::vector<std::string> model;
  std::vector<double> weights;
  std::string process, prediction;
  std::optional<double> t0, end;
  diffusion::ScoreWorkerOptions worker;

  void describe(OptionTable& table);
};

// A model as it was given: its file read or its program started, its process not yet chosen.
struct GivenModel {
  std::string name;
  std::optional<stats::GaussianMixture> mixture;
  std::optional<diffusion::NetworkFile> network;
  std::shared_ptr<diffusion::ScoreWorker> worker;
  std::string process;   // what it says of it; empty: nothing
  std::string identity;  // text that changes where the model does
};
// `name`: a file (JSON with "tensors" is a network's manifest, other JSON a mixture, alone or under the key "mixture"), or
// "worker: COMMAND", which runs with the settings `workers`. Throws InvalidInput.
GivenModel given_model(const std::string& name, const diffusion::ScoreWorkerOptions& workers,
                       const TaskContext& context);
// A process by its text; a manifest's "VP linear, beta 0.1..20" and an empty text are the default process.
diffusion::Process process_of(const std::string& text, const TaskContext& context);
// The model on a process, which replaces its own; `prediction` replaces what a network's file says, unless empty.
diffusion::ScoreModel score_model_of(const GivenModel& given, const diffusion::Process& process,
                                     const std::string& prediction);
// The same, where a model that states another process is converted (on_process).
diffusion::ScoreModel converted_model_of(const GivenModel& given, const diffusion::Process& process,
                                         const std::string& prediction, const TaskContext& context);
// Sentences on lines that workers failed.
std::vector<std::string> worker_notes(const std::vector<GivenModel>& models);

struct ModelSource {
  diffusion::Process process;
  diffusion::ScoreModel model;
  std::optional<stats::GaussianMixture> mixture;  // where the model is one exact mixture
  std::string title;
  std::vector<GivenModel> given;
};
// Throws InvalidInput.
ModelSource load_model(const ModelOptions& options, const TaskContext& context);

}  // namespace lehr::command
