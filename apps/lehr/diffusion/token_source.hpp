// What `lehr diffusion tokens` draws from: its options, and the mixture over whole sequences that they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lehr/core/options.hpp"
#include "lehr/core/task.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::command {

struct TokensOptions {
  std::string model, sequences, generate, steps = "linear(from=50, to=5)", head = "ddpm", order = "raster",
                                          require, save, save_model;
  std::int64_t tokens = 0, token_dim = 4, count = 600, components = 8, iterations = 0, reference = 2000,
               floors = 4, budget = 0;
  double noise = 0.1, tolerance = 0;
  Schedule temperature = 1;
  bool constraint = true, compare = false;

  void describe(OptionTable& table);
};

// The mixture, and the sequences it was fitted to, if it was.
struct TokenSource {
  stats::GaussianMixture mixture;
  std::optional<Eigen::MatrixXd> sequences;
  std::string title;
};

// Reads, fits or makes up the model. Throws InvalidInput unless exactly one source is given.
TokenSource token_source(const TokensOptions& options, TaskContext& context);

}  // namespace lehr::command
