// The model that a diffusion task works on: an exact mixture or a network's file, its process, guidance.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/core/task.hpp"
#include "lehr/diffusion/score_model.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::command {

struct ModelOptions {
  std::vector<std::string> model;
  std::vector<double> weights;
  std::string process, prediction;
  std::optional<double> t0, end;

  void describe(OptionTable& table);
};

struct ModelSource {
  diffusion::Process process;
  diffusion::ScoreModel model;
  std::optional<stats::GaussianMixture> mixture;  // where the model is one exact mixture
  std::string title;
};
// Throws InvalidInput. A JSON file with "tensors" is a network's manifest, other JSON a mixture.
ModelSource load_model(const ModelOptions& options, const TaskContext& context);

}  // namespace lehr::command
