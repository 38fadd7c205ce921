// Draws one token of a block of sequences by its head. The numbers of sequence i and rank r depend on (seed, r, i) alone.
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/diffusion/tokens/token_head.hpp"
#include "lehr/diffusion/tokens/token_model.hpp"

namespace lehr::diffusion {

struct TokenDraw {
  Seed seed;
  Index rank = 0;
  std::int64_t first_sequence = 0;  // number of the block's first sequence
  Index count = 0;                  // sequences in the block
  // A stopping controller: once the signal is above the noise (a >= s), a sequence whose clean token moved by less than this (root mean
  // square per number) from one step to the next is done, and its token is the clean one. The others go on in fewer lanes. 0: never.
  double tolerance = 0;
};

struct TokenUsage {
  std::int64_t calls = 0;  // of the model, one per sequence and step
  // Sums over sequences: the move of the clean token in the last step, root mean square per number; |token - first clean token|^2, where
  // the first clean token, at the level of pure noise, is what the model expects given the earlier ones.
  double change = 0, spread = 0;
};

// Fills rows [0, count) of `values` (rows x dim). Throws NumericalFailure that names rank, step and sequence where the model's answer
// is not finite.
TokenUsage draw_token(const TokenHead& head, TokenConditional& conditional, const TokenDraw& draw,
                      Lanes& values);

}  // namespace lehr::diffusion
