// A trained token network as a file and as a sequence model for token_diffusion.
//
// The network lives on numbers of mean 0 and size about 1, u = (x - shift) / scale with a shift per number of a sequence and one scale. The model
// answers in the user's numbers: x = a x0 + s xi there is the level (a, s / scale) here, whose angle is atan2(s / scale, a). So every head works on
// the network, at whatever levels it uses.
//
// The file is safetensors: the network's tensors, "shift" [tokens, dim] and "scale" [1]; metadata "kind" = "token network", "architecture" (JSON
// of the sizes), "order" (positions separated by commas, or any) and "masked" (true or false).
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <memory>
#include <vector>

#include "lehr/diffusion/tokens/learned_tokens.hpp"
#include "lehr/neural/token_net.hpp"

namespace lehr::neural {

struct TokenNetModel {
  TokenNetSize size;
  std::vector<float> parameters;
  Eigen::VectorXd shift;  // tokens * dim
  double scale = 1;
  std::vector<std::int64_t> order;  // empty: any
  bool masked = false;
};

// Mean of each number of the sequences (D x n), and the root mean square of what is left. Throws InvalidInput where nothing is left.
void standardize_by(const Eigen::MatrixXd& sequences, TokenNetModel& model);
Eigen::MatrixXd standardized(const Eigen::MatrixXd& sequences, const TokenNetModel& model);

void write_token_net(const std::filesystem::path& path, const TokenNetModel& model);
// Throws InvalidInput that names the file and what is missing or does not fit.
TokenNetModel read_token_net(const std::filesystem::path& path);

// The network as a sequence model. Every block is computed with all of its rows, so a sequence's bits do not depend on its neighbours.
// Throws InvalidInput for an order that it was not trained for, several tokens a step where it was not trained masked, or a label or guidance
// without classes. A token costs the backbone once over the known tokens, and the head once a denoising step (twice under guidance).
diffusion::TokenModel net_tokens(const std::shared_ptr<const TokenNetModel>& model,
                                 const diffusion::LearnedTokensUse& use);

diffusion::LearnedTokens read_learned_tokens(const std::filesystem::path& path);

}  // namespace lehr::neural
