// The multi-power law: every drop of the learning rate earns a loss reduction that saturates as a power law.
//
//   L(t) = L0 + A S1(t)^-alpha - B sum_{k<=t} (eta_{k-1} - eta_k) G(eta_k^-gamma S_k(t))
//   G(x) = 1 - (1 + C x)^-beta,   S_k(t) = sum_{tau=k..t} eta_tau
//
// Gaps inside the warm-up are left out of the sum: counted, they would add a constant of about B * peak to
// every loss, which only shifts L0. `legacy_warmup_gaps` counts them, as the evaluation behind published
// parameters does. Cost: O(points * steps with a gap). Source: Luo et al., "A Multi-Power Law for Loss Curve
// Prediction Across Learning Rate Schedules", 2025.
#pragma once

#include <span>
#include <vector>

#include "lehr/schedule/laws/curve.hpp"

namespace lehr::laws {

inline constexpr double smallest_rate = 1e-300;  // stands for a rate of 0, whose drops are spent at once

struct MultiPowerLaw {
  double L0 = 0, A = 0, alpha = 0, B = 0, C = 0, beta = 0, gamma = 0;
  bool legacy_warmup_gaps = false;

  // The loss after each of `steps` (in [0, plan.steps())), by the exact sums; points run in parallel.
  std::vector<double> predict(const Plan& plan, std::span<const std::int64_t> steps) const;
  // The loss after the last step, and its gradient with respect to every rate: O(steps).
  double final_loss(const Plan& plan) const;
  double final_loss(const Plan& plan, std::vector<double>& gradient) const;
};

}  // namespace lehr::laws
