// The scaling law with learning-rate annealing: the loss at every step of any learning-rate schedule.
//
//   L(s) = L0 + A S1(s)^-alpha - C S2(s)
//   S1(s) = sum_{i<=s} eta_i                                            forward area
//   m_i = lambda m_{i-1} + (eta_{i-1} - eta_i),  m = 0 in the warm-up;  S2(s) = sum_{i<=s} m_i    annealing
//   area
//
// A rate that rises after the warm-up makes m negative: the law then predicts a bump of the loss. S2 never
// counts the warm-up's own rise. Cost: O(steps) for a whole curve. Source: Tissue, Wang and Wang, "Scaling
// Law with Learning Rate Annealing", 2024. With C = 0 it is the plain power law, the baseline.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "lehr/schedule/laws/curve.hpp"

namespace lehr::laws {

// How the warm-up counts in S1: with its true rates, or as if it ran at the peak.
enum class WarmupArea { ramp, peak };
WarmupArea warmup_area(std::string_view name);

// S1 and S2 after every step of a plan.
struct Areas {
  std::vector<double> forward, annealing;
};
Areas areas(const Plan& plan, double lambda, WarmupArea warmup = WarmupArea::ramp);

struct AnnealingLaw {
  double L0 = 0, A = 0, alpha = 0, C = 0;
  double lambda = 0.999;
  WarmupArea warmup = WarmupArea::ramp;

  // The loss after each of `steps` (in [0, plan.steps())).
  std::vector<double> predict(const Plan& plan, std::span<const std::int64_t> steps) const;
  // The loss after the last step, and its gradient with respect to every rate (by one backward sweep).
  double final_loss(const Plan& plan) const;
  double final_loss(const Plan& plan, std::vector<double>& gradient) const;
};

// The best non-increasing schedule under this law in closed form: the predicted loss is convex in the rates,
// and for a fixed S1 the credit w(n) = (1 - lambda^n) / (1 - lambda) of a drop n steps before the end is
// concave in n, so a single drop from the peak P to the floor m is optimal, n* steps before the end, where
//   A alpha S1^(-alpha-1) = C lambda^n* (-ln lambda) / (1 - lambda),  S1 = a0 + P (T - W - n*) + m n*.
struct SingleDrop {
  double steps_before_end;  // n*, real-valued; clipped to [0, T - W]
  std::int64_t drop_steps;  // the best whole number of steps at the floor
  double loss;              // the predicted final loss with drop_steps
  Plan plan;
};
// `length` steps of which the first `warmup` ramp from 0 to `peak`; 0 <= floor < peak, warmup < length.
SingleDrop best_single_drop(const AnnealingLaw& law, std::int64_t length, std::int64_t warmup, double peak,
                            double floor = 0);

}  // namespace lehr::laws
