// The learning-rate schedule that a fitted law predicts to end at the lowest loss.
//
// After a fixed linear warm-up, the rates are non-increasing in [floor, peak]:
//   eta = floor + (peak - floor) exp(-(u_1 + ... + u_j)),  u >= 0,
// at knots that are dense towards the end (linear in between), minimised by L-BFGS-B with the law's adjoint
// gradient, O(steps) per evaluation. The best member of the family wsd(peak, to, start, shape=power, power)
// is its start and its text form.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lehr/schedule/laws/fit.hpp"

namespace lehr::laws {

struct DesignOptions {
  std::int64_t steps = 24000;  // length of the run
  std::int64_t warmup = 0;     // linear ramp from 0 to the peak
  double peak = 3e-4;
  double floor = 0;            // smallest learning rate allowed
  std::optional<double> area;  // fixed sum of the rates (S1): a compute or noise budget
  int knots = 400;             // free values of the schedule
  bool stairs = false;         // hold the rate between knots: large drops, which the multi-power law favours
  int iterations = 300;        // of the optimiser
  double model_size = 0;       // for the model-size law

  void describe(OptionTable& table);
};

// One iteration of the optimiser, for traces.
struct DesignStep {
  std::int64_t iteration;
  double loss, gradient_norm;
};

struct Design {
  Plan plan;             // the optimised schedule, a rate for every step
  double loss = 0;       // its predicted final loss
  std::string text;      // the best schedule that the schedule language expresses in a line
  Plan text_plan;        // the same, a rate for every step
  double text_loss = 0;  // its predicted final loss
  std::vector<DesignStep> trace;
  std::string stopped;  // why the optimiser stopped
  std::vector<std::string> notes;
};

// Throws InvalidInput for impossible options: warmup >= steps, floor outside [0, peak), an area that no
// schedule between floor and peak has.
Design optimize_schedule(const Law& law, const DesignOptions& options);
// Robust design: the lowest mean predicted loss over laws (bootstrap draws of a fit).
Design optimize_schedule(std::span<const Law> laws, const DesignOptions& options);

// warmup(W steps, wsd(peak, to, start, shape=power, power)) as rates and as text: constant at `peak` up to
// the share `start` of the span after the warm-up, then to + (peak - to) (1 - x)^power with x from 0 to 1.
struct PowerCooldown {
  double start = 0.8, power = 1, to = 0;
};
Plan cooldown_plan(const DesignOptions& options, const PowerCooldown& cooldown);
std::string cooldown_text(const DesignOptions& options, const PowerCooldown& cooldown);

}  // namespace lehr::laws
