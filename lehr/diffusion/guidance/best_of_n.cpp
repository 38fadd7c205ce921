#include "lehr/diffusion/guidance/best_of_n.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/options.hpp"
#include "lehr/diffusion/guidance/svdd.hpp"

namespace lehr::diffusion {

void BestOfNOptions::describe(OptionTable& table) {
  table.add("count", count, "designs").range(1, 1e6);
  table.add("runs", runs, "complete runs a design").range(1, 1e6);
  table.add("temperature", temperature, "0: the best run is kept; above: one by exp(r / temperature)")
      .range(0, 1e300);
}

BestOfN::BestOfN(ReverseModel model, DesignReward reward, BestOfNOptions options)
    : model_(std::move(model)), reward_(std::move(reward)), options_(options) {
  read_options(options_, lehr::describe(options_).values(), "best_of_n");
}

BestOfN::State BestOfN::start(const Moment&) const {
  State state;
  state.x = MatrixXd::Zero(model_.rows, options_.count);
  state.rewards = VectorXd::Constant(options_.count, std::nan(""));
  state.keys = VectorXd::Constant(options_.count, -std::numeric_limits<double>::infinity());
  return state;
}

void BestOfN::advance(State& state, const Moment& now) const {
  const auto run = static_cast<std::uint64_t>(state.run);
  const auto designs = static_cast<std::uint64_t>(options_.count);
  MatrixXd x(model_.rows, options_.count);
  VectorXd log_ratios;
  for (Index i = 0; i < x.cols(); ++i) {
    Stream random(now.seed, lane("guidance.best_of_n.start"), run * designs + static_cast<std::uint64_t>(i));
    model_.start(random, x.col(i));
  }
  for (Index level = 0; level < model_.steps(); ++level) {
    // Level and run together are the step of the address.
    const auto step = run * static_cast<std::uint64_t>(model_.steps()) + static_cast<std::uint64_t>(level);
    x = draw_candidates(model_, x, model_.predict(x, level), level, 1, {now.seed, step, 0, designs},
                        log_ratios);
  }
  const MatrixXd clean = model_.finish(x);
  const VectorXd rewards = evaluate(reward_, clean);
  const double alpha = options_.temperature;
  for (Index i = 0; i < clean.cols(); ++i) {
    Stream random(now.seed, lane("guidance.best_of_n.choice"), run * designs + static_cast<std::uint64_t>(i));
    const double u = (static_cast<double>(random() >> 11) + 0.5) * 0x1.0p-53;
    const double key = alpha == 0 ? rewards[i] : rewards[i] / alpha - std::log(-std::log(u));
    if (state.run > 0 && !(key > state.keys[i])) continue;  // NaN is never greater
    state.x.col(i) = clean.col(i);
    state.rewards[i] = rewards[i];
    if (!std::isnan(key)) state.keys[i] = key;
  }
  const std::int64_t spent = options_.count * (model_.steps() * model_.calls + 1);
  state.run += 1;
  state.model_calls += spent;
  state.reward_calls += options_.count;
  now.spend(spent);
  double sum = 0, feasible = 0;
  for (const double r : state.rewards)
    if (!std::isnan(r)) sum += r, feasible += 1;
  state.trace.add({.time = model_.times.back(),
                   .temperature = alpha,
                   .mean_value = feasible > 0 ? sum / feasible : 0,
                   .best_value = feasible > 0 ? sum / feasible : 0,
                   .revealed = 1,
                   .infeasible = static_cast<double>(options_.count) - feasible,
                   .reward_calls = static_cast<double>(state.reward_calls),
                   .model_calls = static_cast<double>(state.model_calls)});
}

}  // namespace lehr::diffusion
