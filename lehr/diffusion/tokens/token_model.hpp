// What a sequence model says to a diffusion head: the clean token that it expects, given a noisy one and the tokens before it. Sequences
// stand side by side in blocks (Lanes: a row per sequence), tokens in the order in which they are generated (`rank` 0 comes first).
//
// A model of one's own fills the three functions; mixture_tokens is the exact one.
#pragma once

#include <functional>
#include <vector>

#include "lehr/diffusion/score_model.hpp"

namespace lehr::diffusion {

using Eigen::Index;

// What a block of sequences remembers of its known tokens: plain arrays with a row per sequence, whose meaning is the model's.
struct TokenMemory {
  Index known = 0;  // tokens taken in: ranks [0, known)
  std::vector<Lanes> arrays;
};

// One token of one block, made ready: what does not depend on the noise level is computed once.
struct TokenConditional {
  // E[x_clean | a x_clean + s xi = x, known tokens] of rows [0, n); x and clean are rows x dim. Of x_clean alone where a = 0.
  std::function<void(double a, double s, const Lanes& x, Index n, Lanes& clean)> predict;
  // Goes on with these rows alone, which become the rows 0, 1, ...; their numbers rise.
  std::function<void(const std::vector<Index>& rows)> keep;
  // The trace of the token's covariance given the known tokens, a number per row. Empty where the model does not know.
  std::function<Eigen::ArrayXd()> variance = {};
};

struct TokenModel {
  Index tokens = 0, token_dim = 0;
  std::vector<std::int64_t> order;  // position of each rank
  Index rows = 64;                  // sequences a block, a multiple of 8

  // Nothing is known of the sequences of a block.
  std::function<TokenMemory()> begin;
  // Takes in the tokens of ranks [memory.known, memory.known + values.cols() / token_dim), rank after rank.
  std::function<void(TokenMemory& memory, const Lanes& values)> learn;
  // The token of this rank >= memory.known, the ranks between being unknown. Called from several threads at once.
  std::function<TokenConditional(const TokenMemory& memory, Index rank)> given;
};

}  // namespace lehr::diffusion
