#include "lehr/sample/adaptive_least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/sample/projection_dpp.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index most_extra_rounds = 40;  // of half a space each, per step

double value_in(const Schedule& schedule, const Moment& now, const char* name, double low, double high) {
  const double value = schedule(now);
  if (!(value >= low && value <= high))
    throw InvalidInput("surrogate: {} must be in [{}, {}], found {} at step {}", name, low, high, value,
                       now.step);
  return value;
}

void append_columns(MatrixXd& matrix, const MatrixXd& more) {
  matrix.conservativeResize(Eigen::NoChange, matrix.cols() + more.cols());
  matrix.rightCols(more.cols()) = more;
}

// Standard deviation of the model under mu, from weighted values.
double weighted_deviation(const VectorXd& weights, const VectorXd& values) {
  const double total = weights.sum(), mean = weights.dot(values) / total;
  return std::sqrt(weights.dot((values.array() - mean).square().matrix()) / total);
}

}  // namespace

void AdaptiveLeastSquaresOptions::describe(OptionTable& table) {
  table.add("growth", growth, "share of the basis's nested spaces (degrees) in use, over the run");
  table.add("oversampling", oversampling, "runs for each function, at least 1");
  table.add("mixing", mixing, "share of the reference measure in the points' law");
  table.add("delta", delta, "points are added until lambda_min is at least 1 - delta, in [0, 1]");
  table
      .add(
          "tolerance", tolerance,
          "ends when the leave-one-out error is below this share of the model's standard deviation; 0: never")
      .at_least(0);
  table.add("runs", runs, "most runs of the model; 0: as many as the growth needs").range(0, 1e7);
}

AdaptiveLeastSquares::AdaptiveLeastSquares(FunctionSpace space, ScalarModel model,
                                           AdaptiveLeastSquaresOptions options)
    : space_(std::move(space)), model_(std::move(model)), options_(std::move(options)) {
  describe(options_).read(describe(options_).values(), "surrogate");
  if (!model_) throw InvalidInput("surrogate: there is no model");
}

AdaptiveLeastSquaresState AdaptiveLeastSquares::start(const Moment&) const {
  State state;
  state.points.resize(space_.dimension, 0);
  return state;
}

std::int64_t AdaptiveLeastSquares::level_at(const State& state, const Moment& now) const {
  // The last step of a run has the schedule's last value.
  const Schedule& growth = options_.growth;
  const double share = now.steps > 1    ? growth.at(now.step, now.steps - 1)
                       : now.steps == 1 ? growth.at(1, 1)
                                        : growth(now);
  if (!(share >= 0 && share <= 1))
    throw InvalidInput("surrogate: growth must be in [0, 1], found {} at step {}", share, now.step);
  return std::max(state.level,
                  static_cast<std::int64_t>(std::lround(share * static_cast<double>(last_level()))));
}

void AdaptiveLeastSquares::advance(State& state, const Moment& now) const {
  state.level = level_at(state, now);
  const Index before = state.points.cols();
  add_points(state, now);
  const Index added = state.points.cols() - before;
  if (added > 0) {
    const VectorXd values = model_(state.points.rightCols(added));
    if (values.size() != added)
      throw InvalidInput("surrogate: the model gave {} values for {} points", values.size(), added);
    now.spend(added);
    state.values.conservativeResize(before + added);
    state.values.tail(added) = values;
  }
  fit(state, value_in(options_.delta, now, "delta", 0, 1));
}

// Points for the current space: as many as the oversampling asks for, then until G is stable.
void AdaptiveLeastSquares::add_points(State& state, const Moment& now) const {
  const Index m = functions(state.level);
  const double oversampling = value_in(options_.oversampling, now, "oversampling", 1, 1e6);
  const double least = 1 - value_in(options_.delta, now, "delta", 0, 1);
  std::uint64_t batch = 0;
  const auto wanted = static_cast<Index>(std::ceil(oversampling * static_cast<double>(m)));
  draw_points(state, wanted - state.points.cols(), now, batch);
  state.grown = false;
  for (Index round = 0; round < most_extra_rounds && !state.grown; ++round) {
    const MatrixXd features = space_.features(state.points);
    const VectorXd weights = state.pool.weights(features);
    const bool stable =
        state.points.cols() >= m && least_eigenvalue(empirical_gram(features, weights, m)) >= least;
    state.grown = stable && state.level == last_level();
    if (stable || state.exhausted) return;
    draw_points(state, std::max<Index>(1, m / 2), now, batch);
  }
}

// Adds `count` points (fewer where the runs end) of the law of this moment, DPP after DPP.
void AdaptiveLeastSquares::draw_points(State& state, Index count, const Moment& now,
                                       std::uint64_t& batch) const {
  const Index m = functions(state.level);
  const double mixing = value_in(options_.mixing, now, "mixing", 0, 1);
  if (options_.runs > 0) {
    count = std::min<Index>(count, options_.runs - state.points.cols());
    state.exhausted = state.points.cols() + std::max<Index>(count, 0) >= options_.runs;
  }
  while (count > 0) {
    const Index part = std::min(count, m);
    const auto step = static_cast<std::uint64_t>(now.step) << 24 | batch++;
    MatrixXd points = projection_dpp(space_, m, {now.seed, lane("sample.surrogate.dpp"), step}, part).points;
    Stream random(now.seed, lane("sample.surrogate.mixing"), step);
    for (Index i = 0; i < part; ++i)
      if (mixing > 0 && uniform(random) < mixing) points.col(i) = space_.draw_reference(random, 1);
    append_columns(state.points, points);
    state.pool.add(m, static_cast<double>(part), mixing);
    count -= part;
  }
}

VectorXd AdaptiveLeastSquares::weights(const State& state) const {
  return state.pool.weights(space_.features(state.points));
}

void AdaptiveLeastSquares::fit(State& state, double delta) const {
  std::vector<Index> good;
  for (Index i = 0; i < state.values.size(); ++i)
    if (std::isfinite(state.values(i))) good.push_back(i);
  const MatrixXd all_features = space_.features(state.points);
  const VectorXd weights = state.pool.weights(all_features)(good);
  const MatrixXd features = all_features(Eigen::all, good);
  const VectorXd values = state.values(good);
  state.fitted_level = -1;
  state.leave_one_out = std::numeric_limits<double>::infinity();
  for (std::int64_t level = 0; level <= state.level; ++level) {
    const Index m = functions(level);
    if (m < 1 || m >= static_cast<Index>(good.size())) continue;
    const double lambda_min = least_eigenvalue(empirical_gram(features, weights, m));
    if (lambda_min < std::max(1 - delta, 1e-10)) continue;
    Fit fit = weighted_least_squares(features.topRows(m), weights, values.transpose()).front();
    if (!(fit.leave_one_out < state.leave_one_out)) continue;
    state.fitted_level = level;
    state.coefficients = std::move(fit.coefficients);
    state.leave_one_out = fit.leave_one_out;
    state.leave_one_out_error = fit.leave_one_out_error;
    state.lambda_min = lambda_min;
  }
  if (!good.empty()) state.deviation = weighted_deviation(weights, values);
}

bool AdaptiveLeastSquares::finished(const State& state) const {
  return state.grown || state.exhausted ||
         (state.fitted_level >= 0 && state.leave_one_out <= options_.tolerance * state.deviation);
}

void AdaptiveLeastSquares::measure(const State& state, Row& row) const {
  row.add("runs", static_cast<double>(state.points.cols()));
  if (state.fitted_level < 0) return;
  row.add("degree", static_cast<double>(state.fitted_level));
  row.add("functions", static_cast<double>(state.coefficients.size()));
  row.add("leave_one_out", state.leave_one_out);
  row.add("lambda_min", state.lambda_min);
}

}  // namespace lehr::sample
