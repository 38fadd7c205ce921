#include "lehr/diffusion/tokens/token_diffusion.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_draw.hpp"

namespace lehr::diffusion {

TokenDiffusion::TokenDiffusion(TokenModel model, TokenDiffusionOptions options)
    : model_(std::move(model)), options_(std::move(options)) {
  if (options_.count < 1) throw InvalidInput("count: must be at least 1, found {}", options_.count);
  if (!(options_.tolerance >= 0))
    throw InvalidInput("tolerance: must be at least 0, found {:g}", options_.tolerance);
  if (options_.drawn.empty()) options_.drawn.assign(options_.counts.size(), 1);
  if (options_.counts.empty() || options_.drawn.size() != options_.counts.size())
    throw InvalidInput("steps: {} step counts for {} generation steps", options_.counts.size(),
                       options_.drawn.size());
  Index rank = 0;
  std::map<std::pair<std::int64_t, double>, std::shared_ptr<const TokenHead>> known;
  for (std::int64_t i = 0; i < steps(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (options_.drawn[at] < 1)
      throw InvalidInput("generation step {} draws {} tokens", i, options_.drawn[at]);
    first_rank_.push_back(rank);
    rank += options_.drawn[at];
    const double temperature =
        steps() > 1 ? options_.temperature.at(i, steps() - 1) : options_.temperature.at(0, 1);
    auto& head = known[{options_.counts[at], temperature}];
    if (head == nullptr)
      head = std::make_shared<const TokenHead>(token_head(options_.head, options_.counts[at], temperature));
    heads_.push_back(head);
  }
  if (rank != model_.tokens)
    throw InvalidInput("the generation steps draw {} tokens, the model's sequences have {}", rank,
                       model_.tokens);
}

TokenDiffusion::State TokenDiffusion::start(const Moment&) const {
  State state;
  state.sequences = Eigen::MatrixXd::Zero(model_.tokens * model_.token_dim, options_.count);
  state.memories.resize(static_cast<std::size_t>((options_.count + model_.rows - 1) / model_.rows));
  return state;
}

// Takes in the tokens of generation step `step`, as the sequences hold them.
void TokenDiffusion::learn(const State& state, std::int64_t block, std::int64_t step,
                           TokenMemory& memory) const {
  const Index first = block * model_.rows, count = std::min<Index>(model_.rows, options_.count - first),
              dim = model_.token_dim;
  const std::int64_t drawn = options_.drawn[static_cast<std::size_t>(step)];
  Lanes values = Lanes::Zero(model_.rows, drawn * dim);
  for (Index t = 0; t < drawn; ++t) {
    const Index position = model_.order[static_cast<std::size_t>(memory.known + t)];
    values.block(0, t * dim, count, dim) =
        state.sequences.block(position * dim, first, dim, count).transpose().array();
  }
  model_.learn(memory, values);
}

TokenDiffusion::BlockSums TokenDiffusion::advance_block(State& state, std::int64_t block, Seed seed) const {
  TokenMemory& memory = state.memories[static_cast<std::size_t>(block)];
  if (memory.arrays.empty()) memory = model_.begin();
  // A step behind is the last one's tokens; a resumed run has all of them to take in.
  for (std::int64_t i = 0; i < state.step; ++i)
    if (memory.known == first_rank_[static_cast<std::size_t>(i)]) learn(state, block, i, memory);
  const auto at = static_cast<std::size_t>(state.step);
  const Index first = block * model_.rows, count = std::min<Index>(model_.rows, options_.count - first),
              dim = model_.token_dim;
  BlockSums sums;
  Lanes values(model_.rows, dim);
  for (Index rank = first_rank_[at]; rank < first_rank_[at] + options_.drawn[at]; ++rank) {
    TokenConditional conditional = model_.given(memory, rank);
    const bool tells = static_cast<bool>(conditional.variance);
    if (tells) sums.variance += conditional.variance().head(count).sum();
    const TokenUsage usage = draw_token(*heads_[at], conditional,
                                        {.seed = seed,
                                         .rank = rank,
                                         .first_sequence = first,
                                         .count = count,
                                         .tolerance = options_.tolerance},
                                        values);
    sums.calls += usage.calls, sums.change += usage.change;
    if (!tells) sums.variance += usage.spread;
    const Index position = model_.order[static_cast<std::size_t>(rank)];
    state.sequences.block(position * dim, first, dim, count) = values.topRows(count).transpose().matrix();
  }
  return sums;
}

void TokenDiffusion::advance(State& state, const Moment& now) const {
  if (finished(state)) return;
  const std::vector<BlockSums> parts = parallel_map(
      std::ssize(state.memories), [&](std::int64_t block) { return advance_block(state, block, now.seed); });
  BlockSums total;
  for (const BlockSums& part : parts)
    total.variance += part.variance, total.change += part.change, total.calls += part.calls;
  const auto sequences = static_cast<double>(options_.count);
  const double tokens = sequences * static_cast<double>(options_.drawn[static_cast<std::size_t>(state.step)]);
  state.calls.push_back(static_cast<double>(total.calls) / sequences);
  state.deviation.push_back(std::sqrt(total.variance / (tokens * static_cast<double>(model_.token_dim))));
  state.change.push_back(total.change / tokens);
  now.spend(total.calls);
  ++state.step;
}

void TokenDiffusion::measure(const State& state, Row& row) const {
  double calls = 0;
  for (const double of_step : state.calls) calls += of_step;
  const bool begun = state.step > 0;
  const std::size_t last = begun ? static_cast<std::size_t>(state.step) - 1 : 0;
  row.add("generation_step", static_cast<double>(state.step));
  row.add("tokens", begun ? static_cast<double>(first_rank_[last] + options_.drawn[last]) : 0);
  row.add("steps", begun ? static_cast<double>(options_.counts[last]) : 0);
  row.add("calls", calls);
  row.add("deviation", begun ? state.deviation[last] : 0);
  row.add("change", begun ? state.change[last] : 0);
}

}  // namespace lehr::diffusion
