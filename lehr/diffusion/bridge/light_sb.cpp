#include "lehr/diffusion/bridge/light_sb.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/optimize/lbfgs.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index most_validation_points = 4096, most_weighing_points = 10000, look_numbers = 11, looks = 200;
constexpr Index weighing_block = 512;
constexpr int lbfgs_iterations = 20;
constexpr double least_log_spread = -25;  // of L-BFGS, whose line search may leap far

// A random order of n points that is the same in every run.
std::vector<Index> fixed_order(Index n, std::string_view side) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  Stream random(Seed{1}, lane(side));
  for (Index i = n - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(uniform_index(random, i + 1))]);
  return order;
}

// Parts of `points`: those to fit and those to validate on.
void split_side(MatrixXd points, double hold_out, std::string_view side, MatrixXd& fit,
                MatrixXd& validation) {
  const Index n = points.cols();
  const std::vector<Index> order = fixed_order(n, side);
  const bool held = hold_out > 0;
  Index first = held ? std::max<Index>(1, std::llround(hold_out * static_cast<double>(n))) : n / 2;
  first = std::clamp<Index>(first, 1, n - 1);
  const Index measured = std::min(first, most_validation_points);
  validation = points(Eigen::all, std::vector<Index>(order.begin(), order.begin() + measured));
  fit = held ? MatrixXd(points(Eigen::all, std::vector<Index>(order.begin() + first, order.end())))
             : std::move(points);
}

// At most 10000 of the points, any.
MatrixXd some_of(const MatrixXd& points, std::string_view side) {
  std::vector<Index> order = fixed_order(points.cols(), side);
  order.resize(static_cast<std::size_t>(std::min(points.cols(), most_weighing_points)));
  return points(Eigen::all, order);
}

MatrixXd draw_batch(const MatrixXd& points, Index size, Stream random) {
  MatrixXd batch(points.rows(), size);
  for (Index i = 0; i < size; ++i) batch.col(i) = points.col(uniform_index(random, points.cols()));
  return batch;
}

// (x'S_k x + 2 r_k'x) / 2: n x K.
MatrixXd exponents_of(const LightBridge& model, const MatrixXd& x) {
  MatrixXd exponents = x.transpose() * model.r;
  if (model.shape != stats::CovarianceShape::full) {
    exponents.noalias() += 0.5 * x.cwiseAbs2().transpose() * model.S;
    return exponents;
  }
  for (Index k = 0; k < model.components(); ++k)
    exponents.col(k) += 0.5 * (model.spread(k) * x).cwiseProduct(x).colwise().sum().transpose();
  return exponents;
}

// k-means++ (D. Arthur and S. Vassilvitskii, 2007): each next centre is a point drawn by its squared distance to the nearest one.
MatrixXd spread_out_centres(const MatrixXd& points, Index count, Stream random) {
  MatrixXd centres(points.rows(), count);
  centres.col(0) = points.col(uniform_index(random, points.cols()));
  VectorXd distances = (points.colwise() - centres.col(0)).colwise().squaredNorm().transpose();
  for (Index k = 1; k < count; ++k) {
    double left = uniform(random) * distances.sum();
    Index chosen = 0;
    while (chosen + 1 < points.cols() && (left -= distances[chosen]) >= 0) ++chosen;
    centres.col(k) = points.col(chosen);
    distances = distances.cwiseMin((points.colwise() - centres.col(k)).colwise().squaredNorm().transpose());
  }
  return centres;
}

void check_cloud(const MatrixXd& points, const char* name) {
  if (points.cols() < 2)
    throw InvalidInput("{}: a bridge needs at least 2 points, found {}", name, points.cols());
  if (!points.allFinite()) throw InvalidInput("{}: some numbers are not finite", name);
}

}  // namespace

void LightSbOptions::describe(OptionTable& table) {
  table
      .add("epsilon", epsilon,
           "variance of the reference process over the whole time, in scaled units squared; a schedule "
           "anneals it to "
           "its last value, such as steps(values=[10,1,0.1], at=[0.25,0.5])")
      .above(0);
  table.add("components", components, "Gaussians of the potential").range(1, 100000);
  table.add("covariance", covariance, "shape of the S_k").choices({"diagonal", "full"});
  table.add("batch", batch, "points of either side in a step of adam").range(1, 1e7);
  table
      .add("learning_rate", learning_rate,
           "step size of adam; default by epsilon: 3e-4 (0.002), 1e-3 (0.1), 3e-3 (1), 6e-2 (10)")
      .above(0);
  table
      .add("init", init, "where the centres start: at points of the target, or at points far from each other")
      .choices({"samples", "kmeans++"});
  table
      .add("weights", weights,
           "balanced: at the start, where epsilon jumps and at the end the weights are set so that each "
           "component gets as "
           "much of the source as it has of the target; equal: they start equal and only the steps move them")
      .choices({"balanced", "equal"});
  table
      .add("average", average,
           "adam: the model is the mean of the parameters over this share of the run at its end; 0: the last "
           "ones")
      .range(0, 1);
  table
      .add("initial_spread", initial_spread,
           "S_k at the start is this times I; 0: 0.1, and 1 from epsilon = 10 on")
      .range(0, 1e6);
  table.add("optimizer", optimizer, "adam on minibatches, or lbfgs on all points").choices({"adam", "lbfgs"});
  table
      .add("hold_out", hold_out,
           "share of either side that is not fitted and on which the loss of the trace is measured; 0: all "
           "points are "
           "fitted, and the trace's loss is that of a fixed half of them")
      .range(0, 0.9);
  table.add("revive", revive,
            "moves components that no point uses to points of the target (first 60 % of the run)");
}

double default_learning_rate(double epsilon) {
  constexpr double at[] = {0.002, 0.1, 1, 10}, rate[] = {3e-4, 1e-3, 3e-3, 6e-2};
  if (epsilon <= at[0]) return rate[0];
  for (int i = 1; i < 4; ++i) {
    if (epsilon > at[i]) continue;
    const double place = std::log(epsilon / at[i - 1]) / std::log(at[i] / at[i - 1]);
    return rate[i - 1] * std::pow(rate[i] / rate[i - 1], place);
  }
  return rate[3];
}

double default_spread(double epsilon) { return epsilon >= 10 ? 1.0 : 0.1; }

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
  split(std::move(x), std::move(y));
  if (layout_.components > y_.cols())
    throw InvalidInput("components: {} are more than the {} points of the target that are fitted",
                       layout_.components, y_.cols());
}

void LightSb::split(MatrixXd x, MatrixXd y) {
  split_side(std::move(x), options_.hold_out, "diffusion.bridge.split.x", x_, x_validation_);
  split_side(std::move(y), options_.hold_out, "diffusion.bridge.split.y", y_, y_validation_);
  x_weighing_ = some_of(x_, "diffusion.bridge.weighing.x"),
  y_weighing_ = some_of(y_, "diffusion.bridge.weighing.y");
}

double LightSb::epsilon_at(std::int64_t step) const {
  const double epsilon = options_.epsilon->at(step, steps_);
  if (!(epsilon > 0)) throw InvalidInput("epsilon: {:g} at step {} of the run is not above 0", epsilon, step);
  return epsilon;
}

MatrixXd LightSb::starting_centres(Seed seed) const {
  Stream random(seed, lane("diffusion.bridge.start"));
  if (options_.init == "kmeans++") return spread_out_centres(y_, layout_.components, random);
  std::vector<Index> order(static_cast<std::size_t>(y_.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index k = 0; k < layout_.components; ++k)
    std::swap(order[static_cast<std::size_t>(k)],
              order[static_cast<std::size_t>(k + uniform_index(random, y_.cols() - k))]);
  order.resize(static_cast<std::size_t>(layout_.components));
  return y_(Eigen::all, order);
}

LightSb::State LightSb::start(const Moment& now) const {
  State state;
  state.epsilon = epsilon_at(0);
  const double spread = options_.initial_spread > 0 ? options_.initial_spread : default_spread(state.epsilon);
  state.parameters = VectorXd::Zero(layout_.size());
  layout_.weights(state.parameters)
      .setConstant(-state.epsilon * std::log(static_cast<double>(layout_.components)));
  layout_.centres(state.parameters) = starting_centres(now.seed);
  if (layout_.shape == stats::CovarianceShape::full) {
    for (Index j = 0; j < layout_.dimension; ++j)
      layout_.spread(state.parameters).row(j * (layout_.dimension + 1)).setConstant(0.5 * std::log(spread));
  } else {
    layout_.spread(state.parameters).setConstant(std::log(spread));
  }
  state.first = state.second = state.mean = VectorXd::Zero(layout_.size());
  if (options_.weights == "balanced")
    balance_weights(state.parameters, 100 * state.epsilon, state.epsilon, target_masses(state));
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
    for (int i = 0; i < 5; ++i)
      balance_weights(state.parameters, state.epsilon, state.epsilon, target_masses(state));
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

// E q_k over the target: what each component has of it.
VectorXd LightSb::target_masses(const State& state) const {
  VectorXd gradient;
  VectorXd quiet = state.parameters;
  const MatrixXd none = MatrixXd::Zero(layout_.dimension, 1);
  // The gradient in eps log alpha is (E p_k - E q_k) / eps; with one point x at 0, p_k is alpha_k's share.
  bridge_loss(layout_, quiet, state.epsilon, none, y_weighing_, &gradient);
  return alpha_shares(layout_.weights(quiet) / state.epsilon) - state.epsilon * layout_.weights(gradient);
}

// Sets the weights so that E p_k over the source is `masses`: log alpha_k += log(m_k / E p_k), which is Sinkhorn's update of the
// components, along a falling epsilon. The exponents (x'S_k x + 2 r_k'x) / 2 do not depend on either.
void LightSb::balance_weights(VectorXd& parameters, double from, double to, const VectorXd& masses) const {
  constexpr int updates = 20;
  constexpr double close = 1e-4;  // sum of |E p_k - m_k|
  const LightBridge model = bridge_of(layout_, parameters, 1);
  const auto exponents =
      parallel_map((x_weighing_.cols() + weighing_block - 1) / weighing_block, [&](std::int64_t b) {
        const Index first = b * weighing_block;
        return exponents_of(
            model, x_weighing_.middleCols(first, std::min(weighing_block, x_weighing_.cols() - first)));
      });
  const VectorXd wanted = masses.cwiseMax(1e-3 / static_cast<double>(masses.size()));
  for (double epsilon = from;; epsilon = std::max(to, epsilon / 2)) {
    VectorXd log_alpha = layout_.weights(parameters) / epsilon;
    for (int i = 0; i < updates; ++i) {
      const auto parts = parallel_map(static_cast<std::int64_t>(exponents.size()), [&](std::int64_t b) {
        MatrixXd terms = exponents[static_cast<std::size_t>(b)] / epsilon;
        terms.rowwise() += log_alpha.transpose();
        normalise_rows(terms);
        return VectorXd(terms.colwise().sum().transpose());
      });
      VectorXd got = VectorXd::Constant(wanted.size(), 1e-300);
      for (const VectorXd& part : parts) got += part / static_cast<double>(x_weighing_.cols());
      if ((got - wanted).cwiseAbs().sum() < close) break;
      log_alpha += (wanted.array().log() - got.array().log()).matrix();
    }
    log_alpha.array() -= log_alpha.maxCoeff();
    layout_.weights(parameters) = epsilon * log_alpha;
    if (epsilon == to) return;
  }
}

// r and S are kept; the weights follow so that each component keeps its part of the target.
void LightSb::take_epsilon(State& state, double epsilon) const {
  if (std::abs(std::log(epsilon / state.epsilon)) > 0.2) {
    if (options_.weights == "balanced")
      balance_weights(state.parameters, std::max(epsilon, state.epsilon / 2), epsilon, target_masses(state));
    state.first.setZero(), state.second.setZero();
    state.averaged = 0;
  }
  state.epsilon = epsilon;
}

void LightSb::step_adam(State& state, const Moment& now) const {
  const Index size = std::max<Index>(1, std::llround(options_.batch(now)));
  const MatrixXd x = draw_batch(x_, size, now.random(lane("diffusion.bridge.batch.x")));
  const MatrixXd y = draw_batch(y_, size, now.random(lane("diffusion.bridge.batch.y")));
  VectorXd gradient;
  state.batch_loss = bridge_loss(layout_, state.parameters, state.epsilon, x, y, &gradient).value();
  check(state, state.batch_loss, now);
  now.spend(1);
  state.learning_rate =
      options_.learning_rate ? (*options_.learning_rate)(now) : default_learning_rate(state.epsilon);
  if (!(state.learning_rate >= 0)) throw InvalidInput("learning_rate: {:g} is below 0", state.learning_rate);
  state.gradient_norm = gradient.norm(), state.gradient_norm_1 = gradient.lpNorm<1>();
  constexpr double keep_first = 0.9, keep_second = 0.999, tiny = 1e-8;
  ++state.averaged;
  const auto count = static_cast<double>(state.averaged);
  state.first = keep_first * state.first + (1 - keep_first) * gradient;
  state.second = keep_second * state.second + (1 - keep_second) * gradient.cwiseAbs2();
  const double first_share = 1 - std::pow(keep_first, count), second_share = 1 - std::pow(keep_second, count);
  state.parameters.array() -= state.learning_rate / first_share * state.first.array() /
                              ((state.second.array() / second_share).sqrt() + tiny);
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

// A component whose share of the target is below 1/100 of the mean goes to a point of the target, with a weight that gives it a
// fair share of v there but at most half of c anywhere.
void LightSb::revive_unused(State& state, const Moment& now) const {
  const LightBridge current = bridge_of(layout_, state.parameters, state.epsilon);
  const BridgePlan plan(current);
  const double fair = 1 / static_cast<double>(layout_.components);
  const VectorXd use = plan.responsibilities(x_validation_).colwise().mean().transpose();
  const VectorXd log_c = plan.log_c(x_validation_);
  Stream random = now.random(lane("diffusion.bridge.revive"));
  for (Index k = 0; k < use.size(); ++k) {
    if (use[k] > 0.01 * fair) continue;
    const VectorXd centre = y_.col(uniform_index(random, y_.cols()));
    const double spread = default_spread(state.epsilon), d = static_cast<double>(layout_.dimension);
    const VectorXd exponents = (spread * x_validation_.colwise().squaredNorm().transpose() +
                                2 * x_validation_.transpose() * centre) /
                               (2 * state.epsilon);
    const double by_v =
        plan.log_v(centre)[0] + std::log(fair) + 0.5 * d * std::log(2 * M_PI * state.epsilon * spread);
    layout_.weights(state.parameters)[k] =
        state.epsilon * std::min(by_v, (log_c - exponents).minCoeff() - std::log(2.0));
    layout_.centres(state.parameters).col(k) = centre;
    auto numbers = layout_.spread(state.parameters).col(k);
    numbers.setZero();
    if (layout_.shape == stats::CovarianceShape::full)
      for (Index j = 0; j < layout_.dimension; ++j)
        numbers[j * (layout_.dimension + 1)] = 0.5 * std::log(spread);
    else
      numbers.setConstant(std::log(spread));
    for (VectorXd* average : {&state.first, &state.second}) {
      layout_.weights(*average)[k] = 0;
      layout_.centres(*average).col(k).setZero(), layout_.spread(*average).col(k).setZero();
    }
    ++state.revived;
  }
}

LightSbLook LightSb::look(const State& state) const {
  const BridgeLoss loss = bridge_loss(layout_, state.parameters, state.epsilon, x_validation_, y_validation_);
  const LightBridge current = bridge_of(layout_, state.parameters, state.epsilon);
  const VectorXd shares = alpha_shares(current.log_alpha);
  LightSbLook seen{.step = static_cast<double>(state.taken),
                   .epsilon = state.epsilon,
                   .learning_rate = state.learning_rate,
                   .loss = loss.value(),
                   .log_c = loss.log_c,
                   .gradient_norm = state.gradient_norm,
                   .least_share = shares.minCoeff(),
                   .largest_share = shares.maxCoeff(),
                   .effective_components = effective_components(current.log_alpha)};
  if (layout_.shape == stats::CovarianceShape::full) {  // the diagonals bound the eigenvalues from inside
    seen.least_spread = std::numeric_limits<double>::infinity();
    for (Index k = 0; k < layout_.components; ++k) {
      const VectorXd diagonal = current.spread(k).diagonal();
      seen.least_spread = std::min(seen.least_spread, diagonal.minCoeff());
      seen.largest_spread = std::max(seen.largest_spread, diagonal.maxCoeff());
    }
  } else {
    seen.least_spread = current.S.minCoeff(), seen.largest_spread = current.S.maxCoeff();
  }
  return seen;
}

void LightSb::measure(const State& state, Row& row) const {
  const LightSbLook seen = look(state);
  row.add("step", seen.step), row.add("lr", seen.learning_rate), row.add("loss", seen.loss);
  row.add("batch_loss", state.batch_loss), row.add("log_c", seen.log_c),
      row.add("grad_norm", seen.gradient_norm);
  row.add("grad_norm_1", state.gradient_norm_1), row.add("epsilon", seen.epsilon);
  row.add("alpha_min", seen.least_share), row.add("alpha_max", seen.largest_share);
  row.add("effective_components", seen.effective_components);
  row.add("S_min", seen.least_spread), row.add("S_max", seen.largest_spread);
}

LightBridge LightSb::model(const State& state) const {
  const bool ended = state.taken >= steps_ || state.settled;
  const VectorXd& parameters = state.meant > 0 ? state.mean : state.parameters;
  return bridge_of(layout_, parameters, ended ? target_epsilon_ : state.epsilon);
}

std::vector<LightSbLook> LightSb::course(const State& state) const {
  std::vector<LightSbLook> seen;
  for (Index i = 0; i < state.course.cols(); ++i) {
    const auto c = state.course.col(i);
    seen.push_back({c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10]});
  }
  return seen;
}

BridgeLoss LightSb::validation_loss(const LightBridge& model) const {
  return bridge_loss(layout_, parameters_of(model), model.epsilon, x_validation_, y_validation_);
}

}  // namespace lehr::diffusion
