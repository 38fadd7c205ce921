#include "lehr/diffusion/guidance/value_regression.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/guidance/svdd.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/stats/stable_functions.hpp"

namespace lehr::diffusion {
namespace {

// Ridge regression of y on the columns of `features`, the first of which is constant and not shrunk. NaN targets are left out.
VectorXd least_squares(const MatrixXd& features, const VectorXd& y, double ridge) {
  const Index count = features.rows();
  MatrixXd gram = MatrixXd::Zero(count, count);
  VectorXd right = VectorXd::Zero(count);
  double used = 0;
  for (Index c = 0; c < y.size(); ++c) {
    if (!std::isfinite(y[c]) || !features.col(c).allFinite()) continue;
    gram.noalias() += features.col(c) * features.col(c).transpose();
    right += y[c] * features.col(c);
    used += 1;
  }
  if (used < static_cast<double>(count))
    throw InvalidInput("value: {:.0f} feasible rollouts are fewer than the {} features", used, count);
  for (Index f = 1; f < count; ++f) gram(f, f) += ridge * used;
  return linalg::solve_semidefinite(gram, right);
}

double share_explained(const VectorXd& fitted, const VectorXd& y) {
  double mean = 0, used = 0, total = 0, rest = 0;
  for (const double value : y)
    if (std::isfinite(value)) mean += value, used += 1;
  mean /= used;
  for (Index c = 0; c < y.size(); ++c) {
    if (!std::isfinite(y[c]) || !std::isfinite(fitted[c])) continue;
    total += (y[c] - mean) * (y[c] - mean);
    rest += (y[c] - fitted[c]) * (y[c] - fitted[c]);
  }
  return total > 0 ? 1 - rest / total : 0;
}

// Mean v, mean r, and both in the tenth of the states with the highest v.
Eigen::Vector4d calibration_of(const VectorXd& values, const VectorXd& rewards) {
  std::vector<Index> order;
  for (Index i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i]) && std::isfinite(rewards[i])) order.push_back(i);
  std::ranges::sort(order,
                    [&](Index a, Index b) { return std::pair(-values[a], a) < std::pair(-values[b], b); });
  Eigen::Vector4d sums = Eigen::Vector4d::Zero();
  const std::size_t tenth = std::max<std::size_t>(1, order.size() / 10);
  for (std::size_t i = 0; i < order.size(); ++i) {
    sums[0] += values[order[i]], sums[1] += rewards[order[i]];
    if (i < tenth) sums[2] += values[order[i]], sums[3] += rewards[order[i]];
  }
  sums.head(2) /= static_cast<double>(order.size());
  sums.tail(2) /= static_cast<double>(tenth);
  return sums;
}

}  // namespace

void RegressionOptions::describe(OptionTable& table) {
  table.add("rollouts", rollouts, "runs of the unguided model that values are learnt from").range(1, 1e6);
  table
      .add("form", form,
           "what is learnt: the mean reward, exp(reward / temperature), or soft values backwards in time")
      .choices({"mean", "soft", "bellman"});
  table.add("candidates", candidates, "bellman: draws of the next state for each state").range(1, 1e4);
  table.add("temperature", temperature, "soft and bellman: alpha").range(0, 1e300);
  table.add("ridge", ridge, "weight of the squared coefficients").range(0, 1e6);
}

VectorXd LinearValue::values(const MatrixXd& features, Index level) const {
  VectorXd f = features.transpose() * coefficients.col(level);
  if (form == "soft")
    for (double& value : f) value = top + temperature * std::log(std::max(value, floors[level]));
  return f;
}

ValueRegression::ValueRegression(ReverseModel model, DesignReward reward, FeatureMap features,
                                 RegressionOptions options)
    : model_(std::move(model)),
      reward_(std::move(reward)),
      features_(std::move(features)),
      options_(std::move(options)) {
  read_options(options_, lehr::describe(options_).values(), "value");
  if (options_.rollouts < static_cast<std::int64_t>(features_.names.size()))
    throw InvalidInput("rollouts: {} are fewer than the {} features of the value", options_.rollouts,
                       features_.names.size());
  if (options_.form == "soft" && options_.temperature == 0)
    throw InvalidInput("value: the form soft needs a temperature above 0");
}

ValueRegression::State ValueRegression::start(const Moment& now) const {
  State state;
  const Index levels = model_.steps() + 1;
  state.x = MatrixXd::Zero(model_.rows, options_.rollouts * levels);
  state.x.leftCols(options_.rollouts) =
      draw_starts(model_, options_.rollouts, now.seed, lane("guidance.rollout"));
  const auto count = static_cast<Index>(features_.names.size());
  state.value = {options_.form,
                 options_.temperature,
                 0,
                 MatrixXd::Zero(count, levels),
                 VectorXd::Zero(levels),
                 VectorXd::Zero(levels),
                 MatrixXd::Zero(4, levels),
                 model_.times};
  return state;
}

void ValueRegression::advance(State& state, const Moment& now) const {
  const auto step = static_cast<Index>(state.step), n = model_.steps();
  const std::int64_t before = state.model_calls;
  if (step < n)
    roll(state, now, step);
  else
    fit(state, now, 2 * n - 1 - step);
  if (step + 1 == n) score(state);
  state.step += 1;
  now.spend(state.model_calls - before);
}

void ValueRegression::roll(State& state, const Moment& now, Index level) const {
  const auto rollouts = static_cast<Index>(options_.rollouts);
  const MatrixXd x = state.x.middleCols(level * rollouts, rollouts);
  // Streams of their own: the seed is shared with the guided run, whose steps are below 2^40.
  const BatchAddress address{now.seed, (std::uint64_t{1} << 41) + static_cast<std::uint64_t>(level), 0,
                             static_cast<std::uint64_t>(rollouts)};
  VectorXd log_ratios;
  state.x.middleCols((level + 1) * rollouts, rollouts) =
      draw_candidates(model_, x, model_.predict(x, level), level, 1, address, log_ratios);
  state.model_calls += rollouts;
}

void ValueRegression::score(State& state) const {
  state.rewards = evaluate(reward_, model_.finish(state.x.rightCols(options_.rollouts)));
  state.reward_calls += options_.rollouts;
  state.model_calls += options_.rollouts;
  double top = -std::numeric_limits<double>::infinity();
  for (const double r : state.rewards)
    if (!std::isnan(r)) top = std::max(top, r);
  if (std::isinf(top)) throw InvalidInput("value: none of {} rollouts is feasible", options_.rollouts);
  state.value.top = top;
}

void ValueRegression::fit(State& state, const Moment& now, Index level) const {
  const auto rollouts = static_cast<Index>(options_.rollouts);
  const MatrixXd features = features_.features(state.x.middleCols(level * rollouts, rollouts), level);
  state.model_calls += rollouts;
  state.reward_calls += rollouts * features_.reward_calls_per_column;
  VectorXd targets = state.rewards;
  if (options_.form == "soft")
    for (double& y : targets) y = std::exp((y - state.value.top) / options_.temperature);
  if (options_.form == "bellman") targets = bellman_targets(state, now, level);
  state.value.coefficients.col(level) = least_squares(features, targets, options_.ridge);
  const VectorXd fitted = features.transpose() * state.value.coefficients.col(level);
  state.value.r_squared[level] = share_explained(fitted, targets);
  double least = std::numeric_limits<double>::infinity();
  for (const double y : targets)
    if (y > 0) least = std::min(least, y);
  state.value.floors[level] = std::isfinite(least) ? 1e-3 * least : 1e-300;
  state.value.calibration.col(level) = calibration_of(state.value.values(features, level), state.rewards);
}

// alpha ln mean_m exp(v(x^(m)) / alpha); alpha = 0: the largest v.
VectorXd ValueRegression::bellman_targets(State& state, const Moment& now, Index level) const {
  const auto rollouts = static_cast<Index>(options_.rollouts),
             draws = static_cast<Index>(options_.candidates);
  const MatrixXd x = state.x.middleCols(level * rollouts, rollouts);
  const BatchAddress address{now.seed, (std::uint64_t{1} << 42) + static_cast<std::uint64_t>(level), 0,
                             static_cast<std::uint64_t>(rollouts)};
  VectorXd log_ratios;
  const MatrixXd next =
      draw_candidates(model_, x, model_.predict(x, level), level, draws, address, log_ratios);
  state.model_calls += rollouts + next.cols();
  VectorXd values;
  if (level + 1 == model_.steps()) {
    values = evaluate(reward_, model_.finish(next));
    state.reward_calls += next.cols();
  } else {
    values = state.value.values(features_.features(next, level + 1), level + 1);
    state.reward_calls += next.cols() * features_.reward_calls_per_column;
  }
  const double alpha = options_.temperature;
  VectorXd targets(rollouts);
  std::vector<double> terms(static_cast<std::size_t>(draws));
  for (Index i = 0; i < rollouts; ++i) {
    for (Index m = 0; m < draws; ++m) {
      const double v = values[m * rollouts + i];
      terms[static_cast<std::size_t>(m)] =
          std::isnan(v) ? -std::numeric_limits<double>::infinity() : v / (alpha > 0 ? alpha : 1);
    }
    targets[i] = alpha > 0 ? alpha * (stats::log_sum_exp(terms) - std::log(static_cast<double>(draws)))
                           : *std::ranges::max_element(terms);
  }
  return targets;
}

void ValueRegression::measure(const State& state, Row& row) const {
  row.add("reward_calls", static_cast<double>(state.reward_calls));
  row.add("nfe", static_cast<double>(state.model_calls));
}

ValueModel regression_value(LinearValue value, FeatureMap features, const ReverseModel& model) {
  if (value.times != model.times)
    throw InvalidInput("value: it was fitted for a grid of {} steps, this one has {} (or other times)",
                       static_cast<std::int64_t>(value.times.size()) - 1, model.steps());
  if (value.coefficients.rows() != static_cast<Index>(features.names.size()))
    throw InvalidInput("value: it was fitted to {} features, here are {}", value.coefficients.rows(),
                       features.names.size());
  return [value = std::move(value), features = std::move(features)](const MatrixXd& x, Index level, double,
                                                                    const BatchAddress&) {
    return ValueBatch{value.values(features.features(x, level), level),
                      x.cols() * features.reward_calls_per_column, x.cols()};
  };
}

}  // namespace lehr::diffusion
