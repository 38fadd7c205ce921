// Draws one of M candidates with probabilities proportional to w_m = exp(v_m / alpha) p_m / q_m, for each of n designs, while the
// candidates stream by: memory does not grow with M.
//
//   keep the candidate with the largest  v_m / alpha + ln p_m/q_m + G_m,   G_m standard Gumbel       (alpha > 0)
//   keep the first with the largest      v_m                                                         (alpha = 0)
//
// Candidates whose value is NaN or -inf have the weight 0; where all have it, candidate 0 is kept and counted. Source: Maddison,
// Tarlow and Minka, "A* sampling", 2014.
#pragma once

#include "lehr/diffusion/guidance/value_model.hpp"

namespace lehr::diffusion {

class StreamingChoice {
 public:
  // Throws InvalidInput for alpha that is below 0 or not finite.
  StreamingChoice(Index rows, Index designs, double alpha);

  // A block of candidates for all designs, laid out as `address` says; `log_ratios` may be empty (all 0).
  void offer(const MatrixXd& candidates, const VectorXd& values, const VectorXd& log_ratios,
             const BatchAddress& address);

  const MatrixXd& chosen() const { return chosen_; }  // rows x designs
  const VectorXd& values() const { return value_; }   // of the chosen; NaN: infeasible
  std::int64_t infeasible_designs() const;            // designs without a feasible candidate
  // Averages over the designs that have feasible candidates; 0 where there is none.
  double mean_value() const;   // of the candidates
  double best_value() const;   // the best candidate of a design
  double mean_spread() const;  // standard deviation of a design's candidates
  double mean_ess() const;     // 1 / sum p_m^2; at alpha = 0 the number of candidates that share the maximum

 private:
  void take(Index design, const Eigen::Ref<const VectorXd>& candidate, double value, double key);
  double average(const std::function<double(Index)>& of) const;

  double alpha_;
  MatrixXd chosen_;
  VectorXd value_, key_;
  // Of each design's candidates so far: number that are feasible, mean, sum of squared deviations, largest value, largest
  // log weight, sums of the weights and of their squares relative to it.
  VectorXd feasible_, mean_, deviation_, best_, top_, weights_, squares_;
};

}  // namespace lehr::diffusion
