#include "lehr/stats/rashomon/multilevel_splitting.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::stats {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

constexpr double no_limit = std::numeric_limits<double>::infinity();
constexpr std::int64_t levels_of_patience =
    20;  // levels without a lower loss after which a population gives up
constexpr std::uint8_t reached_target = 1, gave_up = 2;

// A loss that is not a number is worse than any other.
double loss_at(const HypothesisClass& hypotheses, HypothesisClass::ConstPoint point) {
  const double loss = hypotheses.loss(point);
  return std::isnan(loss) ? no_limit : loss;
}

// The stream of one population in this step.
Stream population_stream(const Moment& now, std::string_view purpose, std::int64_t population) {
  return now.random(lane(purpose)).at_block(static_cast<std::uint64_t>(population) << 40);
}

}  // namespace

void SplittingOptions::describe(OptionTable& table) {
  table.add("populations", populations, "independent populations, which give the standard error")
      .range(2, 1e4);
  table.add("particles", particles, "models in each population").range(10, 1e6);
  table.add("quantile", quantile,
            "share of the particles below the next threshold, by level: in [0.01, 0.9]");
  table.add("moves", moves, "MCMC moves of each particle at a level").range(1, 1e5);
  table.add("step", step, "how bold a move is, in (0, 1]: a schedule, or a controller of the acceptance");
  table.add("levels", levels, "levels at most").range(1, 1e6);
}

void SplittingOptions::check() const {
  if (populations < 2 || particles < 10 || moves < 1 || levels < 1)
    throw InvalidInput(
        "splitting: needs 2 populations, 10 particles, 1 move and 1 level, found {}, {}, {}, {}", populations,
        particles, moves, levels);
  step.require(Signal::acceptance, "splitting.step");
}

Moment SplittingOptions::level(std::int64_t level, const Moment& now) const {
  Moment moment = now;
  moment.step = level, moment.steps = levels;
  moment.progress = static_cast<double>(level) / static_cast<double>(levels);
  return moment;
}

MultilevelSplitting::MultilevelSplitting(HypothesisClass hypotheses, double target, SplittingOptions options)
    : hypotheses_(std::move(hypotheses)), target_(target), options_(std::move(options)) {
  options_.check();
  if (hypotheses_.dimension < 1 || !hypotheses_.draw || !hypotheses_.loss || !hypotheses_.propose)
    throw InvalidInput("multilevel splitting: the class needs a dimension, draw, loss and propose");
  if (!std::isfinite(target_))
    throw InvalidInput("multilevel splitting: the target must be finite, found {}", target_);
}

MultilevelSplitting::State MultilevelSplitting::start(const Moment& now) const {
  const std::int64_t all = options_.populations * options_.particles;
  const auto populations = static_cast<std::size_t>(options_.populations);
  State state;
  state.points.resize(hypotheses_.dimension, all);
  state.losses.resize(static_cast<std::size_t>(all));
  state.thresholds.assign(populations, no_limit);
  state.log_ratios.assign(populations, 0);
  state.finished.assign(populations, 0);
  state.stalled.assign(populations, 0);
  state.step = options_.step.start("step");
  parallel_for(options_.populations, [&](std::int64_t population) {
    Stream random = population_stream(now, "splitting.draw", population);
    for (std::int64_t k = population * options_.particles; k < (population + 1) * options_.particles; ++k) {
      hypotheses_.draw(state.points.col(k), random);
      state.losses[static_cast<std::size_t>(k)] = loss_at(hypotheses_, state.points.col(k));
    }
  });
  now.spend(all);
  const auto best = std::ranges::min_element(state.losses);
  state.best_loss = *best;
  state.best = state.points.col(best - state.losses.begin());
  return state;
}

double MultilevelSplitting::next_threshold(const std::vector<double>& losses, double quantile,
                                           double last) const {
  std::vector<double> sorted = losses;
  std::ranges::sort(sorted);
  const auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(sorted.size())));
  double threshold = sorted[std::max<std::size_t>(rank, 1) - 1];
  if (threshold >= last) {  // ties: the next lower loss, where there is one
    const auto lower = std::ranges::lower_bound(sorted, last);
    threshold = lower == sorted.begin() ? last : *(lower - 1);
  }
  return std::max(threshold, target_);
}

// One level of one population; the share of accepted moves.
MultilevelSplitting::Moved MultilevelSplitting::split_and_move(State& state, std::int64_t population,
                                                               double quantile, double step,
                                                               const Moment& now) const {
  const std::int64_t first = population * options_.particles, count = options_.particles;
  const auto at = static_cast<std::size_t>(population);
  double* const losses = state.losses.data() + first;
  const double threshold = next_threshold({losses, losses + count}, quantile, state.thresholds[at]);
  std::vector<std::int64_t> kept, lost;
  for (std::int64_t k = 0; k < count; ++k) (losses[k] <= threshold ? kept : lost).push_back(k);
  state.stalled[at] = threshold < state.thresholds[at] ? 0 : state.stalled[at] + 1;
  if (state.stalled[at] >= levels_of_patience || kept.empty()) {
    state.finished[at] = gave_up;
    return {};
  }
  state.log_ratios[at] += std::log(static_cast<double>(kept.size()) / static_cast<double>(count));
  state.thresholds[at] = threshold;
  if (threshold <= target_) state.finished[at] = reached_target;

  Stream random = population_stream(now, "splitting.copies", population);
  for (const std::int64_t k : lost) {
    const std::int64_t from =
        kept[static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(kept.size())))];
    state.points.col(first + k) = state.points.col(first + from);
    losses[k] = losses[from];
  }
  Stream moves = population_stream(now, "splitting.moves", population);
  VectorXd proposal(hypotheses_.dimension);
  std::int64_t accepted = 0;
  for (std::int64_t k = 0; k < count; ++k)
    for (std::int64_t move = 0; move < options_.moves; ++move) {
      hypotheses_.propose(state.points.col(first + k), step, proposal, moves);
      const double loss = loss_at(hypotheses_, proposal);
      if (!(loss <= threshold)) continue;
      state.points.col(first + k) = proposal;
      losses[k] = loss;
      ++accepted;
    }
  return {static_cast<double>(accepted) / static_cast<double>(count * options_.moves)};
}

void MultilevelSplitting::advance(State& state, const Moment& now) const {
  advance_level(options_, state, now, [&](std::int64_t population, double quantile, double step) {
    return split_and_move(state, population, quantile, step, now);
  });
  const auto best = std::ranges::min_element(state.losses);
  if (*best < state.best_loss)
    state.best_loss = *best, state.best = state.points.col(best - state.losses.begin());
}

bool MultilevelSplitting::finished(const State& state) const {
  return state.level >= options_.levels ||
         std::ranges::all_of(state.finished, [](auto done) { return done != 0; });
}

void MultilevelSplitting::measure(const State& state, Row& row) const {
  double threshold = 0;
  for (const double t : state.thresholds) threshold += t / static_cast<double>(state.thresholds.size());
  row.add("level", static_cast<double>(state.level));
  if (std::isfinite(threshold)) row.add("threshold", threshold);
  row.add("acceptance", state.acceptance);
  const RatioEstimate so_far = mean_of_logs(state.log_ratios);
  row.add("log10_ratio", so_far.log10_ratio);
  row.add("log10_error", so_far.log10_error);
  if (std::isfinite(state.best_loss)) row.add("best_loss", state.best_loss);
}

RatioEstimate MultilevelSplitting::ratio(const State& state) const {
  std::vector<double> logs;
  for (std::size_t population = 0; population < state.log_ratios.size(); ++population)
    logs.push_back(state.finished[population] == reached_target ? state.log_ratios[population] : -no_limit);
  RatioEstimate estimate = mean_of_logs(logs);
  if (std::isfinite(estimate.log10_ratio)) return estimate;
  // Nobody arrived: the ratio is at most what they had come to.
  estimate.log10_upper = mean_of_logs(state.log_ratios).log10_upper;
  return estimate;
}

std::vector<VectorXd> MultilevelSplitting::members(const State& state, std::int64_t count) const {
  std::vector<VectorXd> found;
  // Round robin over the populations, so that few members come from many ancestors.
  for (std::int64_t k = 0; k < options_.particles; ++k)
    for (std::int64_t population = 0; population < options_.populations; ++population) {
      if (static_cast<std::int64_t>(found.size()) >= count) return found;
      if (state.finished[static_cast<std::size_t>(population)] == reached_target)
        found.emplace_back(state.points.col(population * options_.particles + k));
    }
  return found;
}

}  // namespace lehr::stats
