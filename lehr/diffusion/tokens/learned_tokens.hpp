// A learned sequence model as it stands in a file: what it can be asked, and how it becomes a TokenModel. Networks are read by
// lehr/neural; this struct is what the tasks know of them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lehr/diffusion/tokens/token_model.hpp"

namespace lehr::diffusion {

// How a learned model is used in one run.
struct LearnedTokensUse {
  std::vector<std::int64_t> order = {};  // position of each rank
  std::vector<std::int64_t> drawn = {};  // tokens of each generation step; empty: one
  std::int64_t label = -1;               // class that all sequences have; -1: none
  // Scale g of classifier-free guidance: x0hat = x0hat(none) + w (x0hat(label) - x0hat(none)), where w = 1 + (g - 1) k / L grows with the
  // number k of tokens known after the generation step. 1: no guidance.
  double guidance = 1;
};

struct LearnedTokens {
  Index tokens = 0, token_dim = 0;
  std::int64_t classes = 0;         // labels it was trained with; 0: none
  std::vector<std::int64_t> order;  // in which it was trained; empty: any
  bool masked = false;              // also trained for tokens that are not the next one
  std::string content;              // a digest of the file's bytes, which tells models apart
  // Throws InvalidInput for a label or a guidance that the model does not have.
  std::function<TokenModel(const LearnedTokensUse& use)> model;
};

using ReadLearnedTokens = std::function<LearnedTokens(const std::filesystem::path&)>;

}  // namespace lehr::diffusion
