#include "lehr/diffusion/interpolant/interpolant_sde.hpp"

#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

// Adds scale * N(0, 1) to every number of a tile.
template <class Points>
void add_noise(Points&& x, double scale, Stream random) {
  boost::random::normal_distribution<double> bell;
  for (Index i = 0; i < x.cols(); ++i)
    for (Index j = 0; j < x.rows(); ++j) x(j, i) += scale * bell(random);
}

}  // namespace

InterpolantSde::InterpolantSde(TransportField field, MatrixXd start, InterpolantSdeOptions options)
    : field_(std::move(field)), start_(std::move(start)), options_(std::move(options)) {
  start_transport(start_, field_, options_.grid, options_.likelihood);
  if (options_.likelihood && options_.grid.direction == Direction::forward)
    throw InvalidInput("interpolant_sde: the likelihood needs paths that run backward");
  for (std::int64_t step = 0; step <= options_.grid.steps; ++step) {
    const double epsilon = options_.epsilon.at(step, options_.grid.steps);
    const double t = static_cast<double>(step) / static_cast<double>(options_.grid.steps);
    if (epsilon < 0)
      throw InvalidInput("epsilon {} is {:g} at t = {:g}, expected no negative number",
                         options_.epsilon.text(), epsilon, t);
    if (epsilon > 0 && !field_.has_score)
      throw InvalidInput(
          "epsilon {} is {:g} at t = {:g}, but these fields have no score; use 0, or learn a score or "
          "denoiser",
          options_.epsilon.text(), epsilon, t);
  }
}

TransportState InterpolantSde::start(const Moment&) const {
  return start_transport(start_, field_, options_.grid, options_.likelihood);
}

double InterpolantSde::epsilon_at(std::int64_t step) const {
  return options_.epsilon.at(options_.grid.place(step), options_.grid.steps);
}

void InterpolantSde::advance(State& state, const Moment& now) const {
  const Step step = step_from(state.step);
  const Stream random = now.random(lane("diffusion.interpolant.noise"));
  const TileSums sums = over_tiles(state.points.cols(), [&](Index tile, Index first, Index count) {
    return cross(state, step, first, count, random.at_block(static_cast<std::uint64_t>(tile) << 40));
  });
  state.epsilon = epsilon_at(state.step);
  finish_step(state, step.t, sums, std::abs(step.h));
  now.spend((options_.scheme == SdeScheme::euler ? 1 : 2) * state.points.cols());
  if (!state.points.allFinite())
    throw NumericalFailure("interpolant_sde: a point is not finite after step {} (t = {:g})", state.step,
                           step.t + step.h);
}

InterpolantSde::Step InterpolantSde::step_from(std::int64_t number) const {
  const TransportTimes& grid = options_.grid;
  Step step;
  step.t = grid.time(number);
  step.h = grid.time(number + 1) - step.t;
  const double before = epsilon_at(number), after = epsilon_at(number + 1);
  const bool both = options_.scheme == SdeScheme::trapezoid;
  step.scale = std::sqrt((both ? before + after : 2 * before) * std::abs(step.h));
  // The forward drift b + epsilon s, or going backward b - epsilon s, but for the likelihood.
  const double sign = grid.direction == Direction::forward || options_.likelihood ? 1 : -1;
  const bool at_end = options_.scheme == SdeScheme::heun;
  step.weights = {sign * (at_end ? after : before), sign * after};
  step.fields[0] = field_.at(at_end ? step.t + step.h : step.t);
  if (options_.scheme != SdeScheme::euler)
    step.fields[1] = both ? field_.at(step.t + step.h) : step.fields[0];
  return step;
}

// One tile of points by one step: noise first, as the schemes ask.
TileSums InterpolantSde::cross(State& state, const Step& step, Index first, Index count,
                               const Stream& random) const {
  TileSums sums;
  auto x = state.points.middleCols(first, count);
  const FieldParts parts{
      .score = field_.has_score, .divergence = options_.likelihood, .score_divergence = options_.likelihood};
  FieldValues values;
  const auto drift = [&](std::size_t stage, const PointsRef& at, double share) {
    step.fields[stage](at, parts, values);
    if (stage == 0) {
      sums.velocity = values.velocity.colwise().norm().sum();
      if (parts.score) sums.score = values.score.colwise().norm().sum();
    }
    const double weight = step.weights[stage];
    if (weight != 0) values.velocity += weight * values.score;
    sums.energy += share * values.velocity.squaredNorm();
    ++sums.evaluations;
    if (!options_.likelihood) return;
    if (weight != 0) values.divergence += weight * values.score_divergence;
    state.divergence.segment(first, count) += share * std::abs(step.h) * values.divergence;
  };
  if (options_.scheme == SdeScheme::euler) {
    drift(0, x, 1);
    x += step.h * values.velocity;
    if (step.scale > 0) add_noise(x, step.scale, random);
    return sums;
  }
  const MatrixXd before = x;
  if (step.scale > 0) add_noise(x, step.scale, random);
  drift(0, options_.scheme == SdeScheme::heun ? MatrixXd(x) : before, 0.5);
  const MatrixXd one = values.velocity;
  drift(1, x + step.h * one, 0.5);
  x += 0.5 * step.h * (one + values.velocity);
  return sums;
}

MatrixXd repeated(const MatrixXd& points, std::int64_t paths) {
  MatrixXd all(points.rows(), points.cols() * paths);
  for (Index i = 0; i < all.cols(); ++i) all.col(i) = points.col(i / paths);
  return all;
}

PathLikelihood path_likelihood(const TransportState& end, const stats::GaussianMixture& from,
                               std::int64_t paths) {
  const VectorXd logs =
      stats::MixtureDensity(from).log_density({.points = end.points, .weights = {}, .scatter = {}}) -
      end.divergence;
  const Index n = logs.size() / paths;
  PathLikelihood result{VectorXd(n), VectorXd(n)};
  for (Index i = 0; i < n; ++i) {
    const auto own = logs.segment(i * paths, paths).array();
    const double highest = own.maxCoeff();
    const Eigen::ArrayXd shares = (own - highest).exp();
    const double mean = shares.mean();
    result.value[i] = highest + std::log(mean);
    result.error[i] =
        paths > 1
            ? std::sqrt((shares - mean).square().sum() / static_cast<double>(paths * (paths - 1))) / mean
            : std::numeric_limits<double>::infinity();
  }
  return result;
}

}  // namespace lehr::diffusion
