// Small spaces of sequences, enumerated: the exact target and the exact values by which guided sampling can be judged, or guided.
//
//   p*(x) = p(x) exp(r(x) / alpha) / Z,   v(x_t) = alpha ln sum_x p(x | x_t) exp(r(x) / alpha)
//
// Values of masked sequences are a table over (K + 1)^L states, filled one position after the other: a masked symbol sums over
// the K symbols that it may be. Values of uniformly noisy ones are a table over K^L states a level: a K x K matrix applied to one
// position after the other. Both cost O(L K) a state, once for each temperature (and level). p(x | x_t) is the true posterior, which
// the factorised steps follow in the limit of many of them.
#pragma once

#include <memory>
#include <vector>

#include "lehr/diffusion/guidance/masked_diffusion.hpp"
#include "lehr/diffusion/guidance/value_model.hpp"

namespace lehr::diffusion {

struct SequenceSpace {
  Index length = 0, symbols = 0;
  VectorXd log_prior;  // of the i-th sequence, the first symbol the most significant digit
  VectorXd rewards;    // NaN: infeasible

  Index size() const { return log_prior.size(); }
  VectorXd sequence(Index i) const;
};

// The largest space that is enumerated.
inline constexpr double most_sequences = 1e6;
double number_of_sequences(Index length, Index symbols);
// Throws InvalidInput for more than most_sequences.
SequenceSpace enumerate(const SequencePrior& prior, const DesignReward& reward);

// Rewards and how probable they are: under the prior and under the target.
struct RewardLaw {
  std::vector<double> levels;  // ascending, apart by more than 1e-9
  VectorXd prior, target;      // probabilities; sum 1
  double prior_mean = 0, target_mean = 0;
  double log_normaliser = 0;  // ln E[exp(r / alpha)] under the prior
};
// From levels and prior probabilities; alpha > 0, or 0: the target is the highest level.
RewardLaw reward_law(std::vector<double> levels, VectorXd prior, double alpha);
RewardLaw reward_law(const SequenceSpace& space, double alpha);
// Target probabilities of the first two symbols, K K of them.
VectorXd target_of_first_two(const SequenceSpace& space, double alpha);

// What a value table holds: the soft value, or the mean of the reward given the noisy state (which a regression on rewards tends to).
enum class ValueKind { soft, mean };

// The exact value of every noisy state of `model`, a masked or uniform process on this space.
ValueModel exact_value(std::shared_ptr<const SequenceSpace> space, const ReverseModel& model, ValueKind kind);

}  // namespace lehr::diffusion
