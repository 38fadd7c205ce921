// Multilevel splitting: the Rashomon ratio of any class, down to 1e-100, from a sampler of its prior and a loss.
//
// Particles are drawn from the prior. Each level lowers the threshold to a quantile of their losses,
// L_1 > L_2 > ... > L_m = target; those above it are replaced by copies of those below, and MCMC moves that leave
// the prior restricted to loss <= threshold invariant (propose reversibly, accept while the loss stays below)
// spread the copies out. The ratio is the product of the conditional shares. Independent populations give it a
// standard error: the spread of their products.
//
// The quantile is a schedule over the levels (progress = level / `levels`), the step size of the moves a schedule or
// a controller that observes the acceptance. Cost per level: populations x particles x moves evaluations.
//
// Sources: H. Kahn and T. E. Harris, "Estimation of particle transmission by random sampling", 1951; F. Cerou,
// P. Del Moral, T. Furon and A. Guyader, "Sequential Monte Carlo for rare event estimation", Statistics and
// Computing 22, 2012.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/control.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/stats/rashomon/hypothesis_class.hpp"
#include "lehr/stats/rashomon/rashomon_set.hpp"

namespace lehr::stats {

struct SplittingOptions {
  std::int64_t populations = 10, particles = 200, moves = 10, levels = 500;
  Schedule quantile = 0.25;
  Control step = Control::parse("acceptance_rate(target=0.3, start=0.3, decay=0.3)");

  void describe(OptionTable& table);
  // Throws InvalidInput for options out of range.
  void check() const;
  // The moment that schedules over levels see.
  Moment level(std::int64_t level, const Moment& now) const;
};

// One level of all populations that are not finished: `run` takes a population, the level's quantile and the step size of its moves
// and returns a result with a member `acceptance`. Sets the state's acceptance to their mean, tells it to the step's controller,
// spends the moves and counts the level. State has level, finished, step and acceptance.
template <class State, class Run>
auto advance_level(const SplittingOptions& options, State& state, const Moment& now, const Run& run) {
  const Moment level = options.level(state.level, now);
  const double quantile = std::clamp(options.quantile(level), 0.01, 0.9);
  const double step = std::clamp(state.step.value(level), 1e-6, 1.0);
  std::vector<std::int64_t> open;
  for (std::int64_t population = 0; population < options.populations; ++population)
    if (state.finished[static_cast<std::size_t>(population)] == 0) open.push_back(population);
  const auto results = parallel_map(static_cast<std::int64_t>(open.size()), [&](std::int64_t k) {
    return run(open[static_cast<std::size_t>(k)], quantile, step);
  });
  state.acceptance = 0;
  for (const auto& result : results)
    state.acceptance += result.acceptance / static_cast<double>(results.size());
  state.step.observe(state.acceptance);
  now.spend(static_cast<std::int64_t>(open.size()) * options.particles * options.moves);
  ++state.level;
  return results;
}

class MultilevelSplitting {
 public:
  struct State {
    std::int64_t level = 0;
    Eigen::MatrixXd points;              // dimension x (populations particles), population by population
    std::vector<double> losses;          // of the points
    std::vector<double> thresholds;      // of each population; infinity at first
    std::vector<double> log_ratios;      // natural logarithm, of each population
    std::vector<std::uint8_t> finished;  // 1: the target is reached, 2: no lower loss was found for 20 levels
    std::vector<std::int64_t> stalled;   // levels without a lower threshold
    Knob step;
    double acceptance = 0;
    double best_loss = 0;
    Eigen::VectorXd best;
  };

  // Estimates P(loss <= target). Throws InvalidInput for options out of range.
  MultilevelSplitting(HypothesisClass hypotheses, double target, SplittingOptions options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // one level
  bool finished(const State& state) const;
  // level, threshold (mean over populations), acceptance, log10_ratio and log10_error so far, best_loss
  void measure(const State& state, Row& row) const;

  // The ratio; populations that did not reach the target count as 0.
  RatioEstimate ratio(const State& state) const;
  double loss(HypothesisClass::ConstPoint point) const { return hypotheses_.loss(point); }
  // The points of populations that reached the target: members, several of them copies of one ancestor.
  std::vector<Eigen::VectorXd> members(const State& state, std::int64_t count) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit("level", state.level);
    visit("points", state.points);
    visit("losses", state.losses);
    visit("thresholds", state.thresholds);
    visit("log_ratios", state.log_ratios);
    visit("finished", state.finished);
    visit("stalled", state.stalled);
    state.step.fields(visit);
    visit("acceptance", state.acceptance);
    visit("best_loss", state.best_loss);
    visit("best", state.best);
  }

 private:
  struct Moved {
    double acceptance = 0;
  };
  // The threshold of the next level, at most the last one.
  double next_threshold(const std::vector<double>& losses, double quantile, double last) const;
  Moved split_and_move(State& state, std::int64_t population, double quantile, double step,
                       const Moment& now) const;

  HypothesisClass hypotheses_;
  double target_;
  SplittingOptions options_;
};

}  // namespace lehr::stats
