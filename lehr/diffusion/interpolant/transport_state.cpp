#include "lehr/diffusion/interpolant/transport_state.hpp"

#include <cmath>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::diffusion {

using Eigen::Index;
using Eigen::MatrixXd;

Direction direction_from(const std::string& word) {
  if (word == "forward") return Direction::forward;
  if (word == "backward") return Direction::backward;
  throw InvalidInput("direction {}: expected forward or backward", quote(word));
}

double TransportTimes::time(std::int64_t step) const {
  const double share = static_cast<double>(place(step)) / static_cast<double>(steps);
  return margin + (1 - 2 * margin) * share;
}

void measure_transport(const TransportState& state, Row& row) {
  row.add("t", state.time);
  row.add("epsilon", state.epsilon);
  row.add("mean_velocity", state.mean_velocity);
  row.add("mean_score", state.mean_score);
}

TileSums over_tiles(Index points, const std::function<TileSums(Index, Index, Index)>& body) {
  std::vector<TileSums> parts(static_cast<std::size_t>(tile_count(points)));
  parallel_for(
      tile_count(points),
      [&](std::int64_t tile) {
        const Index first = tile * transport_tile;
        parts[static_cast<std::size_t>(tile)] = body(tile, first, std::min(transport_tile, points - first));
      },
      4);
  TileSums sums;
  for (const TileSums& part : parts) {
    sums.velocity += part.velocity, sums.score += part.score, sums.energy += part.energy;
    sums.evaluations += part.evaluations;
  }
  const auto n = static_cast<double>(points);
  sums.velocity /= n, sums.score /= n, sums.energy /= n;
  return sums;
}

TransportState start_transport(const MatrixXd& points, const TransportField& field,
                               const TransportTimes& grid, bool divergence) {
  if (points.cols() < 1) throw InvalidInput("interpolant: there are no points to transport");
  if (points.rows() != field.dimension)
    throw InvalidInput("interpolant: points have {} coordinates, the fields {}", points.rows(),
                       field.dimension);
  if (!points.allFinite()) throw InvalidInput("interpolant: a point to transport is not finite");
  if (grid.steps < 1) throw InvalidInput("interpolant: steps is {}, expected at least 1", grid.steps);
  if (!(grid.margin >= 0 && grid.margin < 0.5))
    throw InvalidInput("interpolant: margin is {:g}, expected a number in [0, 0.5)", grid.margin);
  TransportState state;
  state.points = points;
  state.time = grid.time(0);
  if (divergence) state.divergence.setZero(points.cols());
  const Index tracked = std::min(tracked_points, points.cols());
  state.trail.setZero(points.rows() * tracked, grid.steps + 1);
  state.trace.setZero(4, grid.steps);
  state.trail.col(0) = points.leftCols(tracked).reshaped();
  return state;
}

void finish_step(TransportState& state, double time, const TileSums& sums, double energy_weight) {
  state.time = time;
  state.mean_velocity = sums.velocity;
  state.mean_score = sums.score;
  state.kinetic += energy_weight * sums.energy;
  state.evaluations += sums.evaluations / tile_count(state.points.cols());
  state.trace.col(state.step) << time, state.epsilon, sums.velocity, sums.score;
  ++state.step;
  const Index tracked = std::min(tracked_points, state.points.cols());
  state.trail.col(state.step) = state.points.leftCols(tracked).reshaped();
}

}  // namespace lehr::diffusion
