#include "lehr/diffusion/bridge/light_sb.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/bridge/fit_points.hpp"
#include "lehr/diffusion/bridge/weight_balance.hpp"
#include "lehr/optimize/adam.hpp"
#include "lehr/optimize/lbfgs.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index most_weighing_points = 10000, look_numbers = 11, looks = 50;
constexpr int lbfgs_iterations = 20;
constexpr double least_log_spread = -25;  // of L-BFGS, whose line search may leap far

// Numbers of points; those are on their way to the cache by the time they are needed.
std::vector<Index> draw_batch(const MatrixXd& points, Index size, Stream random) {
  constexpr Index line = 8;  // numbers in a cache line
  std::vector<Index> batch(static_cast<std::size_t>(size));
  for (Index& i : batch) {
    i = uniform_index(random, points.cols());
    const double* const point = points.data() + i * points.rows();
    for (Index j = 0; j < points.rows(); j += line) __builtin_prefetch(point + j);
  }
  return batch;
}

void check_cloud(const MatrixXd& points, const char* name) {
  if (points.cols() < 2)
    throw InvalidInput("{}: a bridge needs at least 2 points, found {}", name, points.cols());
  if (!points.allFinite()) throw InvalidInput("{}: some numbers are not finite", name);
}

}  // namespace

LightSb::LightSb(MatrixXd x, MatrixXd y, LightSbOptions options, std::int64_t steps)
    : options_(std::move(options)), steps_(steps) {
  if (!options_.epsilon) throw InvalidInput("bridge: epsilon is not given");
  if (x.rows() != y.rows())
    throw InvalidInput("bridge: points of the first set have {} coordinates, of the second {}", x.rows(),
                       y.rows());
  check_cloud(x, "first set"), check_cloud(y, "second set");
  if (steps_ < 1) throw InvalidInput("bridge: a run needs at least 1 step, not {}", steps_);
  layout_ = {options_.covariance == "full" ? stats::CovarianceShape::full : stats::CovarianceShape::diagonal,
             x.rows(), options_.components};
  target_epsilon_ = epsilon_at(steps_);
  epsilon_at(0);
  SplitCloud of_x = split_cloud(std::move(x), options_.hold_out, "diffusion.bridge.split.x");
  SplitCloud of_y = split_cloud(std::move(y), options_.hold_out, "diffusion.bridge.split.y");
  x_ = std::move(of_x.fit), x_validation_ = std::move(of_x.validation);
  y_ = std::move(of_y.fit), y_validation_ = std::move(of_y.validation);
  x_weighing_ = some_of(x_, most_weighing_points, "diffusion.bridge.weighing.x");
  y_weighing_ = some_of(y_, most_weighing_points, "diffusion.bridge.weighing.y");
  if (layout_.components > y_.cols())
    throw InvalidInput("components: {} are more than the {} points of the target that are fitted",
                       layout_.components, y_.cols());
}

double LightSb::epsilon_at(std::int64_t step) const {
  const double epsilon = options_.epsilon->at(step, steps_);
  if (!(epsilon > 0)) throw InvalidInput("epsilon: {:g} at step {} of the run is not above 0", epsilon, step);
  return epsilon;
}

LightSb::State LightSb::start(const Moment& now) const {
  State state;
  state.epsilon = epsilon_at(0);
  const double spread = options_.initial_spread > 0 ? options_.initial_spread : default_spread(state.epsilon);
  state.parameters = VectorXd::Zero(layout_.size());
  layout_.weights(state.parameters)
      .setConstant(-state.epsilon * std::log(static_cast<double>(layout_.components)));
  const Stream random(now.seed, lane("diffusion.bridge.start"));
  layout_.centres(state.parameters) = options_.init == "kmeans++"
                                          ? spread_out_centres(y_, layout_.components, random)
                                          : random_centres(y_, layout_.components, random);
  if (layout_.shape == stats::CovarianceShape::full) {
    for (Index j = 0; j < layout_.dimension; ++j)
      layout_.spread(state.parameters).row(j * (layout_.dimension + 1)).setConstant(0.5 * std::log(spread));
  } else {
    layout_.spread(state.parameters).setConstant(std::log(spread));
  }
  state.first = state.second = state.mean = VectorXd::Zero(layout_.size());
  if (options_.weights == "balanced") balance(state, 100 * state.epsilon, state.epsilon);
  state.course.resize(look_numbers, 0);
  return state;
}

void LightSb::check(const State& state, double loss, const Moment& now) const {
  if (std::isfinite(loss)) return;
  Index worst = 0;
  for (Index k = 0; k < layout_.components; ++k)
    if (!std::isfinite(layout_.weights(state.parameters)[k]) ||
        !layout_.centres(state.parameters).col(k).allFinite() ||
        !layout_.spread(state.parameters).col(k).allFinite())
      worst = k;
    else if (layout_.spread(state.parameters).col(k).cwiseAbs().maxCoeff() >
             layout_.spread(state.parameters).col(worst).cwiseAbs().maxCoeff())
      worst = k;
  throw NumericalFailure(
      "light_sb, step {}: the loss is {}; component {} has left the finite numbers. A smaller "
      "learning_rate or a larger epsilon helps",
      now.step, loss, worst + 1);
}

void LightSb::advance(State& state, const Moment& now) const {
  const double epsilon = epsilon_at(now.step);
  if (epsilon != state.epsilon) take_epsilon(state, epsilon);
  if (options_.optimizer == "lbfgs")
    step_lbfgs(state, now);
  else
    step_adam(state, now);
  const std::int64_t every = std::max<std::int64_t>(1, steps_ / 20);
  if (options_.revive && (now.step + 1) % every == 0 && 10 * (now.step + 1) <= 6 * steps_)
    revive_unused(state, now);
  state.taken = now.step + 1;
  if (state.taken == steps_ && options_.weights == "balanced") {
    if (state.meant > 0) state.parameters = state.mean, state.meant = 0;
    for (int i = 0; i < 5; ++i) balance(state, state.epsilon, state.epsilon);
  }
  if (state.taken % std::max<std::int64_t>(1, steps_ / looks) == 0 || state.taken == steps_ ||
      now.step == 0) {
    const LightSbLook seen = look(state);
    state.course.conservativeResize(look_numbers, state.course.cols() + 1);
    state.course.rightCols(1) << seen.step, seen.epsilon, seen.learning_rate, seen.loss, seen.log_c,
        seen.gradient_norm, seen.least_share, seen.largest_share, seen.effective_components,
        seen.least_spread, seen.largest_spread;
  }
}

void LightSb::balance(State& state, double from, double to) const {
  const VectorXd masses = target_masses(layout_, state.parameters, state.epsilon, y_weighing_);
  balance_weights(layout_, state.parameters, from, to, masses, x_weighing_);
}

// r and S are kept; the weights follow so that each component keeps its part of the target.
void LightSb::take_epsilon(State& state, double epsilon) const {
  if (std::abs(std::log(epsilon / state.epsilon)) > 0.2) {
    if (options_.weights == "balanced") balance(state, std::max(epsilon, state.epsilon / 2), epsilon);
    state.first.setZero(), state.second.setZero();
    state.averaged = 0;
  }
  state.epsilon = epsilon;
}

void LightSb::step_adam(State& state, const Moment& now) const {
  const Index size = std::max<Index>(1, std::llround(options_.batch(now)));
  const auto x = draw_batch(x_, size, now.random(lane("diffusion.bridge.batch.x")));
  const auto y = draw_batch(y_, size, now.random(lane("diffusion.bridge.batch.y")));
  VectorXd gradient;
  state.batch_loss =
      bridge_loss(layout_, state.parameters, state.epsilon, {x_, x}, {y_, y}, &gradient).value();
  check(state, state.batch_loss, now);
  now.spend(1);
  state.learning_rate =
      options_.learning_rate ? (*options_.learning_rate)(now) : default_learning_rate(state.epsilon);
  if (!(state.learning_rate >= 0)) throw InvalidInput("learning_rate: {:g} is below 0", state.learning_rate);
  state.gradient_norm = gradient.norm(), state.gradient_norm_1 = gradient.lpNorm<1>();
  optimize::Adam().step(gradient.data(), gradient.size(), state.learning_rate, ++state.averaged,
                        state.first.data(), state.second.data(), state.parameters.data());
  const auto last = static_cast<double>(steps_ - now.step);
  if (last > options_.average * static_cast<double>(steps_) || state.epsilon != target_epsilon_) return;
  ++state.meant;
  state.mean += (state.parameters - state.mean) / static_cast<double>(state.meant);
}

void LightSb::step_lbfgs(State& state, const Moment& now) const {
  const double unbounded = std::numeric_limits<double>::infinity();
  optimize::Box box{VectorXd::Constant(layout_.size(), -unbounded),
                    VectorXd::Constant(layout_.size(), unbounded)};
  const Index d = layout_.dimension;
  for (Index j = 0; j < d; ++j) {
    const bool full = layout_.shape == stats::CovarianceShape::full;
    layout_.spread(box.lower)
        .row(full ? j * (d + 1) : j)
        .setConstant(full ? least_log_spread / 2 : least_log_spread);
  }
  const auto objective = [&](const VectorXd& at, VectorXd& gradient) {
    return bridge_loss(layout_, at, state.epsilon, x_, y_, &gradient).value();
  };
  const optimize::LbfgsResult result = optimize::lbfgs(objective, state.parameters, box,
                                                       {.memory = 20,
                                                        .iterations = lbfgs_iterations,
                                                        .gradient_tolerance = 1e-7,
                                                        .decrease_tolerance = 1e-12});
  now.spend(result.evaluations);
  check(state, result.value, now);
  state.parameters = result.point;
  state.batch_loss = result.value;
  state.gradient_norm = result.gradient.norm(), state.gradient_norm_1 = result.gradient.lpNorm<1>();
  state.settled = result.reason != optimize::StopReason::iterations && state.epsilon == target_epsilon_;
}

LightBridge LightSb::model(const State& state) const {
  const bool ended = state.taken >= steps_ || state.settled;
  const VectorXd& parameters = state.meant > 0 ? state.mean : state.parameters;
  return bridge_of(layout_, parameters, ended ? target_epsilon_ : state.epsilon);
}

BridgeLoss LightSb::validation_loss(const LightBridge& model) const {
  return bridge_loss(layout_, parameters_of(model), model.epsilon, x_validation_, y_validation_);
}

}  // namespace lehr::diffusion
