// What a learning-rate law predicts from (the plan of a run) and what it is fitted to (a training curve).
//
// A plan states the learning rate of every step, because the laws sum over steps, not over logged rows;
// sparse logs are filled in by `fill_rates`. The loss logged at step s follows the update with rate s, so
// sums up to s include it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lehr::laws {

// A planned or finished run.
struct Plan {
  std::vector<double> rates;  // learning rate of step 0, 1, ...; finite and >= 0
  std::int64_t warmup = 0;    // number of steps at the start in which the rate rises to its peak
  double model_size = 0;      // number of model parameters; needed by the model-size law alone

  std::int64_t steps() const { return static_cast<std::int64_t>(rates.size()); }
  // The rate at the end of the warm-up.
  double peak() const;
};

// Longer runs are refused, so that a wrong step number in a log cannot exhaust the memory.
inline constexpr std::int64_t longest_run = 100'000'000;

// A plan with its logged losses.
struct Curve {
  std::string name;
  Plan plan;
  std::vector<std::int64_t> steps;  // logged steps, increasing, in [0, plan.steps())
  std::vector<double> losses;       // loss at these steps, > 0
};

// How rates between two logged rows are filled in: on the straight line, or as the earlier row's.
enum class Interpolation { linear, hold };
Interpolation interpolation(std::string_view name);

// The plan of a run of `length` steps from a sparse log of its rates. Steps before the first row get a ramp
// from 0 when they belong to the warm-up (rate = rate at the end of the ramp * step / length of the ramp),
// else the first row's rate; steps after the last row keep its rate. Throws InvalidInput for an empty log,
// steps that do not increase or lie outside [0, length), and rates that are negative or not finite.
Plan fill_rates(std::span<const std::int64_t> steps, std::span<const double> rates, std::int64_t length,
                std::int64_t warmup, Interpolation how = Interpolation::linear);

// A checked curve. Throws InvalidInput, naming curve and row, for fewer than 8 rows, steps that do not
// increase or lie at or beyond the plan's end, losses that are not finite or not positive, and, when
// `logged_rates` is given, a logged rate that differs from the plan's by more than 1e-6 of the plan's peak.
Curve make_curve(std::string name, Plan plan, std::vector<std::int64_t> steps, std::vector<double> losses,
                 std::span<const double> logged_rates = {});

// The running median over `width` rows (odd, shortened at the ends): a pre-filter for curves with spikes,
// never applied by default because the fits are robust already.
std::vector<double> median_filter(std::span<const double> losses, int width);

// `count` steps (at most) spread evenly over a plan from the end of its warm-up to its last step, for
// reporting a predicted curve.
std::vector<std::int64_t> report_steps(const Plan& plan, std::int64_t count = 500);

}  // namespace lehr::laws
