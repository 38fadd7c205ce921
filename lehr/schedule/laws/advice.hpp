// Answers that a fitted law gives about schedules: cosine or WSD, how long a cooldown, which final rate, when
// to decay.
//
// Each comparison carries the spread of the difference over the fit's bootstrap draws (the same draw on both
// sides, so shared errors cancel) and the law's discrepancy. The discrepancies of two schedules are taken to
// be correlated by the share of learning-rate area that they have in common (0 for none, 1 for equal
// schedules). Differences inside the interval are "not distinguishable".
#pragma once

#include <string>
#include <vector>

#include "lehr/schedule/laws/optimize_schedule.hpp"

namespace lehr::laws {

// The predicted difference of final losses, first minus second, with its 95 % interval.
struct Comparison {
  double first = 0, second = 0;
  double difference = 0, low = 0, high = 0;
  bool distinguishable = false;  // 0 lies outside the interval
};
Comparison compare(const Fit& fit, const Plan& first, const Plan& second);

// The cosine from the peak to `to` after a linear warm-up, and the constant schedule.
Plan cosine_plan(const DesignOptions& options, double to);
Plan constant_plan(const DesignOptions& options);

// WSD with a linear cooldown to `to` over the last `cooldown` share of the span after the warm-up, against
// the cosine to `to`.
Comparison wsd_against_cosine(const Fit& fit, const DesignOptions& options, double to, double cooldown);

// A knob's value with the lowest predicted loss, and the values that are not distinguishable from it.
struct BestValue {
  double value = 0, loss = 0;
  double low = 0, high = 0;
  std::vector<double> values, losses;  // the scan
};
// The share of the span after the warm-up that a linear cooldown to `to` should take.
BestValue best_cooldown_share(const Fit& fit, const DesignOptions& options, double to);
// The final rate of a cooldown (linear) over the share `cooldown`, or of the cosine when `cooldown` is 0.
BestValue best_final_rate(const Fit& fit, const DesignOptions& options, double cooldown);

// The first step from which a cosine over options.steps stays below the constant schedule's loss; -1 when
// never.
std::int64_t cosine_crossover(const Fit& fit, const DesignOptions& options, double to);

// Continues a finished plan: re-warms linearly over `rewarm` steps to `peak`, then decays to `to` over
// `steps` more steps on a cosine.
struct Rewarm {
  std::int64_t rewarm = 0, steps = 0;
  double peak = 0, to = 0;
};
Plan rewarmed_plan(const Plan& finished, const Rewarm& rewarm);
struct RewarmForecast {
  Plan plan;
  double before = 0;  // predicted loss at the end of the finished plan
  double bump = 0;    // highest predicted loss after it, minus `before`
  double after = 0;   // predicted loss at the end of the continued plan
};
RewarmForecast rewarm_forecast(const Fit& fit, const Plan& finished, const Rewarm& rewarm);

// "Decay now": the loss at the end of a linear cooldown to `to` over `cooldown` steps that starts at step
// `now` of a running plan (its first `now` rates are kept), with its 95 % band. Refit on the curve so far and
// ask at any step.
struct DecayForecast {
  std::int64_t start = 0, end = 0;
  double loss = 0, low = 0, high = 0;
};
DecayForecast decay_now(const Fit& fit, const Plan& running, std::int64_t now, std::int64_t cooldown,
                        double to);

}  // namespace lehr::laws
