// Exact values and the exact target of sequences of any length, where the prior is a (hidden) Markov chain and the reward the
// built-in score: both know the past by a few numbers, so that
//
//   E[exp(r / alpha) | evidence] = sum over paths of (hidden state h, part of the motif matched q, occurrences c <= cap)
//
// is a forward pass over L positions. q moves as in Knuth, Morris and Pratt's string search. Cost O(L H (H + K) |motif| (cap + 1)).
#pragma once

#include <memory>

#include "lehr/diffusion/guidance/sequence_space.hpp"

namespace lehr::diffusion {

class ChainScore {
 public:
  // Throws InvalidInput for a prior that is a table.
  ChainScore(std::shared_ptr<const SequencePrior> prior, SequenceScore score);

  // alpha ln E[exp(r / alpha) | evidence], evidence K x L; alpha = 0: the highest reward that is possible. Throws InvalidInput for a
  // temperature so low that exp(r / alpha) leaves double precision.
  double value(const Eigen::Ref<const MatrixXd>& evidence, double alpha) const;
  // The law of the reward under prior and target.
  RewardLaw law(double alpha) const;

 private:
  struct Move {
    Index to;
    bool hit;
  };
  Move move(Index matched, Index symbol) const {
    return moves_[static_cast<std::size_t>(matched * symbols_ + symbol)];
  }
  // ln of the total weight of all paths, each symbol weighing `by_symbol[k]`, each counted occurrence `by_hit`.
  double log_total(const Eigen::Ref<const MatrixXd>& evidence, const VectorXd& by_symbol,
                   double by_hit) const;
  double highest(const Eigen::Ref<const MatrixXd>& evidence) const;

  std::shared_ptr<const SequencePrior> prior_;
  SequenceScore score_;
  Index symbols_, parts_, counts_;
  std::vector<Move> moves_;
  VectorXd favoured_;  // times that each symbol is in `favoured`
};

// For masked and uniform processes on the chain.
ValueModel chain_value(std::shared_ptr<const ChainScore> chain, const ReverseModel& model);

}  // namespace lehr::diffusion
