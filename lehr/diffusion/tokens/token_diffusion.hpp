// Autoregressive generation in which a diffusion head draws every token given the earlier ones, as a method under `drive`: one generation
// step (one token of every sequence, or a set of tokens in a masked model) per advance.
//
//   for i = 0 .. n-1:  x_P ~ p(. | x_K) for each of the drawn_i next positions P, by N_i denoising steps;  K grows by them
//
// The tokens of one step are independent given the earlier ones. N_i is step annealing (DiSA; see step_counts.hpp). Sequences do not know
// of each other: sequence i depends on (seed, i) alone, whatever the number of sequences or threads. A checkpoint holds the sequences;
// what the model remembers of them is found again from them, in the same steps, so a resumed run has the same bits.
// Cost: sum_i N_i drawn_i calls a sequence.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/diffusion/tokens/token_head.hpp"
#include "lehr/diffusion/tokens/token_model.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

struct TokenDiffusionOptions {
  std::int64_t count = 600;              // sequences
  std::vector<std::int64_t> counts;      // N_i of each generation step
  std::vector<std::int64_t> drawn = {};  // tokens of each generation step; empty: one
  std::string head = "ddpm";
  Schedule temperature = 1;  // over the generation
  double tolerance = 0;      // of the stopping controller, see token_draw.hpp
};

class TokenDiffusion {
 public:
  struct State {
    Eigen::MatrixXd sequences;  // D x count, in the order of positions
    std::int64_t step = 0;
    // Of each generation step done: calls a sequence, root mean conditional variance per number (where the model does not tell it: of the
    // tokens about what was expected of them), mean move of the clean token in the last denoising step.
    std::vector<double> calls, deviation, change;
    std::vector<TokenMemory> memories;  // of each block; not saved
  };

  // Throws InvalidInput for options that do not fit the model: the numbers drawn must add up to its tokens.
  TokenDiffusion(TokenModel model, TokenDiffusionOptions options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.step == steps(); }
  void measure(const State& state, Row& row) const;
  std::int64_t steps() const { return std::ssize(options_.counts); }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("sequences", state.sequences);
    visit("step", state.step);
    visit("calls", state.calls);
    visit("deviation", state.deviation);
    visit("change", state.change);
  }

 private:
  struct BlockSums {
    double variance = 0, change = 0;
    std::int64_t calls = 0;
  };
  BlockSums advance_block(State& state, std::int64_t block, Seed seed) const;
  void learn(const State& state, std::int64_t block, std::int64_t step, TokenMemory& memory) const;

  TokenModel model_;
  TokenDiffusionOptions options_;
  std::vector<Index> first_rank_;                        // of each generation step
  std::vector<std::shared_ptr<const TokenHead>> heads_;  // of each generation step
};

}  // namespace lehr::diffusion
