// What `lehr diffusion tokens` draws from: its options, and the mixture over whole sequences or the network that they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lehr/core/options.hpp"
#include "lehr/core/task.hpp"
#include "lehr/diffusion/tokens/learned_tokens.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::command {

struct TokensOptions {
  std::string model, sequences, generate, steps = "linear(from=50, to=5)", head = "ddpm", order, require,
                                          save, save_model;
  std::int64_t tokens = 0, token_dim = 4, count = 600, components = 8, iterations = 0, reference = 2000,
               floors = 4, budget = 0, label = -1;
  double noise = 0.1, tolerance = 0, guidance = 1;
  Schedule temperature = 1;
  bool constraint = true, compare = false;

  void describe(OptionTable& table);
};

// Draws from the exact law, or from a network; sequences are those that the law was fitted to, or that a network is compared with.
struct TokenSource {
  std::optional<stats::GaussianMixture> law;
  std::optional<Eigen::MatrixXd> sequences;
  std::optional<diffusion::LearnedTokens> learned;
  Eigen::Index tokens = 0, token_dim = 0;
  std::string title;

  // Position of each rank: as the options say, else as the network was trained, else raster. Throws InvalidInput.
  std::vector<std::int64_t> order(const TokensOptions& options, Seed seed) const;
  diffusion::TokenModel model(const TokensOptions& options, const std::vector<std::int64_t>& order,
                              const std::vector<std::int64_t>& drawn) const;
  // A digest of what the files hold, which tells runs apart.
  std::string content() const;
};

// Reads, fits or makes up the model. `read_learned` is empty in a program without networks. Throws InvalidInput unless exactly one source is
// given; beside a network, `sequences` or `generate` name what to compare with.
TokenSource token_source(const TokensOptions& options, TaskContext& context,
                         const diffusion::ReadLearnedTokens& read_learned);

}  // namespace lehr::command
