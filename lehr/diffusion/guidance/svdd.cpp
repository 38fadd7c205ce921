#include "lehr/diffusion/guidance/svdd.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::diffusion {
namespace {

constexpr std::int64_t most_candidates = std::int64_t{1} << 20, most_designs = std::int64_t{1} << 20;
constexpr std::int64_t columns_of_a_block = 8192;

}  // namespace

void SvddOptions::describe(OptionTable& table) {
  table.add("count", count, "designs").range(1, most_designs - 1);
  table.add("candidates", candidates, "candidates M that each design has to choose from in a step");
  table.add("temperature", temperature, "temperature alpha of the choice; 0: the best candidate");
  table
      .add("rule", rule,
           "schedule: M as given; spread: as many in the whole run, but more where the values of a design's "
           "candidates differ more")
      .choices({"schedule", "spread"});
}

Svdd::Svdd(ReverseModel model, DesignReward reward, ValueModel value, SvddOptions options)
    : model_(std::move(model)),
      reward_(std::move(reward)),
      value_(std::move(value)),
      options_(std::move(options)) {
  read_options(options_, lehr::describe(options_).values(), "svdd");  // ranges
}

std::int64_t Svdd::scheduled_candidates(double value) const {
  if (!value_) return 1;
  const double rounded = std::round(value);
  if (!(rounded >= 1) || rounded > static_cast<double>(most_candidates))
    throw InvalidInput("candidates: {} is not in [1, {}]", value, most_candidates);
  return static_cast<std::int64_t>(rounded);
}

Svdd::State Svdd::start(const Moment& now) const {
  State state;
  state.x = draw_starts(model_, options_.count, now.seed, lane("guidance.start"));
  for (Index l = 0; l < steps(); ++l)
    state.left += static_cast<double>(scheduled_candidates(options_.candidates.at(l, steps())));
  return state;
}

// With `spread`: the mean share of what is left, scaled by the last step's spread over the mean spread so far.
std::int64_t Svdd::candidates(State& state, const Moment& now) const {
  std::int64_t count = scheduled_candidates(options_.candidates(now));
  if (options_.rule == "spread" && value_) {
    const auto steps_left = static_cast<double>(steps() - state.level);
    const double mean = state.spreads / std::max<double>(1, static_cast<double>(state.level));
    const double wanted = state.left / steps_left * (mean > 0 ? state.spread / mean : 1);
    const double most = state.left - (steps_left - 1);
    count = steps_left == 1 ? std::llround(state.left) : std::llround(std::clamp(wanted, 1.0, most));
  }
  state.left -= static_cast<double>(count);
  return count;
}

MatrixXd draw_candidates(const ReverseModel& model, const MatrixXd& x, const MatrixXd& prediction,
                         Index level, std::int64_t block, const BatchAddress& address, VectorXd& log_ratios) {
  MatrixXd candidates(x.rows(), x.cols() * block);
  log_ratios.resize(candidates.cols());
  parallel_for(
      candidates.cols(),
      [&](std::int64_t c) {
        Stream random = address.stream(lane("guidance.candidate"), static_cast<std::uint64_t>(c));
        const Index design = c % x.cols();
        log_ratios[c] =
            model.propose(x.col(design), prediction.col(design), level, random, candidates.col(c));
      },
      256);
  return candidates;
}

void Svdd::advance(State& state, const Moment& now) const {
  const auto level = static_cast<Index>(state.level);
  const bool last = level + 1 == steps();
  const Index designs = state.x.cols();
  const std::int64_t count = candidates(state, now);
  const double alpha = options_.temperature(now);
  const MatrixXd prediction = model_.predict(state.x, level);
  std::int64_t spent = designs * model_.calls;
  StreamingChoice choice(model_.rows, designs, alpha);
  const std::int64_t block = std::max<std::int64_t>(1, columns_of_a_block / designs);
  for (std::int64_t first = 0; first < count; first += block) {
    const BatchAddress address{now.seed, static_cast<std::uint64_t>(now.step),
                               static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(designs)};
    VectorXd log_ratios;
    MatrixXd candidates = draw_candidates(model_, state.x, prediction, level, std::min(block, count - first),
                                          address, log_ratios);
    ValueBatch batch;
    if (last) {  // v_0 = r
      candidates = model_.finish(candidates);
      batch = {evaluate(reward_, candidates), candidates.cols(), candidates.cols()};
    } else if (value_) {
      batch = value_(candidates, level + 1, alpha, address);
    } else {
      batch.values = VectorXd::Zero(candidates.cols());
    }
    choice.offer(candidates, batch.values, log_ratios, address);
    state.reward_calls += batch.reward_calls;
    spent += batch.model_calls;
  }
  state.model_calls += spent;
  now.spend(spent);
  state.x = choice.chosen();
  state.level += 1;
  state.infeasible += choice.infeasible_designs();
  state.spread = choice.mean_spread();
  state.spreads += state.spread;
  state.trace.add({.time = model_.times[static_cast<std::size_t>(level) + 1],
                   .temperature = alpha,
                   .candidates = static_cast<double>(count),
                   .mean_value = choice.mean_value(),
                   .best_value = choice.best_value(),
                   .spread = state.spread,
                   .ess = choice.mean_ess(),
                   .revealed = model_.revealed_share(state.x, level + 1),
                   .infeasible = static_cast<double>(choice.infeasible_designs()),
                   .reward_calls = static_cast<double>(state.reward_calls),
                   .model_calls = static_cast<double>(state.model_calls)});
  if (!last) return;
  state.rewards = choice.values();
  if (2 * state.infeasible > designs * steps())
    throw NumericalFailure("step {}: {} of {} choices had no candidate that the reward could score", now.step,
                           state.infeasible, designs * steps());
}

}  // namespace lehr::diffusion
