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
  const TimeGrid& grid = options_.grid;
  const double t = grid.time(state.step), end = grid.time(state.step + 1), h = end - t, length = std::abs(h);
  const double noise_epsilon = epsilon_at(state.step),
               epsilon = options_.heun ? epsilon_at(state.step + 1) : noise_epsilon;
  const double scale = std::sqrt(2 * noise_epsilon * length);
  // The forward drift, or going backward the backward one, but for the likelihood.
  const double weight = (grid.direction == Direction::forward || options_.likelihood ? 1 : -1) * epsilon;
  const FieldParts parts{
      .score = field_.has_score, .divergence = options_.likelihood, .score_divergence = options_.likelihood};
  const FieldAtTime field = field_.at(options_.heun ? end : t);
  const Stream random = now.random(lane("diffusion.interpolant.noise"));
  const TileSums sums = over_tiles(state.points.cols(), [&](Index tile, Index first, Index count) {
    TileSums own;
    auto x = state.points.middleCols(first, count);
    const Stream tile_random = random.at_block(static_cast<std::uint64_t>(tile) << 40);
    FieldValues values;
    const auto drift = [&](const PointsRef& at, double share) {
      field(at, parts, values);
      if (share != 0 && own.evaluations++ == 0) {
        own.velocity = values.velocity.colwise().norm().sum();
        if (parts.score) own.score = values.score.colwise().norm().sum();
      }
      if (weight != 0) values.velocity += weight * values.score;
      own.energy += share * values.velocity.squaredNorm();
      if (options_.likelihood)
        state.divergence.segment(first, count) +=
            share * length * (values.divergence + weight * values.score_divergence);
    };
    if (options_.heun) {
      if (scale > 0) add_noise(x, scale, tile_random);
      drift(x, 0.5);
      const MatrixXd one = values.velocity;
      drift(x + h * one, 0.5);
      x += 0.5 * h * (one + values.velocity);
    } else {
      drift(x, 1);
      x += h * values.velocity;
      if (scale > 0) add_noise(x, scale, tile_random);
    }
    return own;
  });
  state.epsilon = noise_epsilon;
  finish_step(state, t, sums, length);
  now.spend((options_.heun ? 2 : 1) * state.points.cols());
  if (!state.points.allFinite())
    throw NumericalFailure("interpolant_sde: a point is not finite after step {} (t = {:g})", state.step,
                           end);
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
