#include "lehr/diffusion/guidance/twisted_smc.hpp"
#include "lehr/diffusion/guidance/minus_infinity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/guidance/svdd.hpp"
#include "lehr/sample/log_weights.hpp"

namespace lehr::diffusion {
namespace {

bool any_feasible(const VectorXd& values) {
  return std::ranges::any_of(values, [](double v) { return !std::isnan(v) && v > minus_infinity; });
}

void reweigh(TwistedSmc::State& state, const VectorXd& values, const VectorXd& log_ratios,
             double temperature) {
  for (Index i = 0; i < values.size(); ++i) {
    const bool feasible = !std::isnan(values[i]) && values[i] > minus_infinity;
    const double potential = feasible ? values[i] / temperature : minus_infinity;
    state.log_weights[i] += feasible ? potential - state.potentials[i] + log_ratios[i] : minus_infinity;
    state.potentials[i] = potential;
  }
}

}  // namespace

void TwistedSmcOptions::describe(OptionTable& table) {
  table.add("count", count, "designs").range(1, (1 << 20) - 1);
  table.add("temperature", temperature, "temperature alpha of the target; above 0");
  table.add("resampling", resampling, "scheme of resampling").choices(sample::resampling_schemes());
  table
      .add("threshold", threshold,
           "resample where the effective sample size is at most this share of the designs")
      .range(0, 1);
}

TwistedSmc::TwistedSmc(ReverseModel model, DesignReward reward, ValueModel value, TwistedSmcOptions options)
    : model_(std::move(model)),
      reward_(std::move(reward)),
      value_(std::move(value)),
      options_(std::move(options)) {
  read_options(options_, lehr::describe(options_).values(), "twisted_smc");
}

double TwistedSmc::alpha(const Moment& now) const {
  const double alpha = options_.temperature(now);
  if (!(alpha > 0)) throw InvalidInput("temperature: twisted_smc needs one above 0, found {}", alpha);
  return alpha;
}

TwistedSmc::State TwistedSmc::start(const Moment& now) const {
  State state;
  state.x = draw_starts(model_, options_.count, now.seed, lane("guidance.start"));
  const double temperature = alpha(now);
  const ValueBatch batch =
      value_(state.x, 0, temperature,
             {now.seed, std::uint64_t{1} << 40, 0, static_cast<std::uint64_t>(options_.count)});
  // A start that cannot be scored weighs like the others: only gains count.
  state.potentials = batch.values.unaryExpr(
      [&](double v) { return std::isnan(v) || v == minus_infinity ? 0.0 : v / temperature; });
  state.log_weights = VectorXd::Zero(options_.count);
  state.founder.resize(static_cast<std::size_t>(options_.count));
  std::iota(state.founder.begin(), state.founder.end(), std::int64_t{0});
  state.reward_calls = batch.reward_calls;
  state.model_calls = batch.model_calls;
  return state;
}

void TwistedSmc::advance(State& state, const Moment& now) const {
  const auto level = static_cast<Index>(state.level);
  const bool last = level + 1 == steps();
  const double temperature = alpha(now);
  const BatchAddress address{now.seed, static_cast<std::uint64_t>(now.step), 0,
                             static_cast<std::uint64_t>(options_.count)};
  VectorXd log_ratios;
  state.x = draw_candidates(model_, state.x, model_.predict(state.x, level), level, 1, address, log_ratios);
  ValueBatch batch;
  if (last) {
    state.x = model_.finish(state.x);
    state.rewards = evaluate(reward_, state.x);
    batch = {state.rewards, state.x.cols(), state.x.cols()};
  } else {
    batch = value_(state.x, level + 1, temperature, address);
  }
  const std::int64_t spent = options_.count * model_.calls + batch.model_calls;
  state.reward_calls += batch.reward_calls;
  state.model_calls += spent;
  now.spend(spent);
  if (last || any_feasible(batch.values)) reweigh(state, batch.values, log_ratios, temperature);
  const double ess = resample(state, now, last);
  state.level += 1;
  double sum = 0, squares = 0, best = minus_infinity, feasible = 0;
  for (const double v : batch.values)
    if (std::isfinite(v)) sum += v, squares += v * v, best = std::max(best, v), feasible += 1;
  const double mean = feasible > 0 ? sum / feasible : 0;
  state.trace.add({.time = model_.times[static_cast<std::size_t>(level) + 1],
                   .temperature = temperature,
                   .mean_value = mean,
                   .best_value = feasible > 0 ? best : 0,
                   .spread = feasible > 1 ? std::sqrt(std::max(0.0, squares / feasible - mean * mean)) : 0,
                   .ess = ess,
                   .revealed = model_.revealed_share(state.x, level + 1),
                   .infeasible = static_cast<double>(options_.count) - feasible,
                   .reward_calls = static_cast<double>(state.reward_calls),
                   .model_calls = static_cast<double>(state.model_calls)});
}

double TwistedSmc::resample(State& state, const Moment& now, bool last) const {
  const auto count = static_cast<std::size_t>(options_.count);
  if (!(state.log_weights.maxCoeff() > minus_infinity))
    throw NumericalFailure("step {}: none of {} designs could be scored", now.step, options_.count);
  std::vector<double> shares(count);
  sample::softmax({state.log_weights.data(), count}, 1, shares);
  const double ess = sample::effective_sample_size(shares);
  const bool even = state.log_weights.maxCoeff() == state.log_weights.minCoeff();
  if (even || (!last && ess > options_.threshold * static_cast<double>(count))) return ess;
  Stream random = now.random(lane("guidance.twisted_smc.resampling"));
  const auto copies =
      sample::resampled_copies(sample::resampling_named(options_.resampling), shares, options_.count, random);
  const auto ancestors = sample::ancestors_in_place(copies);
  const State before = state;
  for (std::size_t i = 0; i < count; ++i) {
    const auto from = static_cast<Index>(ancestors[i]);
    const auto to = static_cast<Index>(i);
    state.x.col(to) = before.x.col(from);
    state.potentials[to] = before.potentials[from];
    state.founder[i] = before.founder[static_cast<std::size_t>(from)];
    if (last) state.rewards[to] = before.rewards[from];
  }
  state.log_weights.setZero();
  state.resamplings += 1;
  return ess;
}

}  // namespace lehr::diffusion
