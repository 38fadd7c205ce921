// What the samplers of an interpolant share: the points under way, what is measured on the way, and the grid of times.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/diffusion/interpolant/transport_field.hpp"

namespace lehr::diffusion {

enum class Direction { forward, backward };  // from rho0 to rho1, or from rho1 to rho0
Direction direction_from(const std::string& word);

// The times of a run: `steps` equal steps between margin and 1 - margin.
struct TransportTimes {
  std::int64_t steps = 200;
  Direction direction = Direction::forward;
  double margin = 0;  // in [0, 1/2)

  // Time after `step` steps, and its place on the grid counted from t = 0 (for schedules).
  double time(std::int64_t step) const;
  std::int64_t place(std::int64_t step) const {
    return direction == Direction::forward ? step : steps - step;
  }
  double step_size() const { return (1 - 2 * margin) / static_cast<double>(steps); }  // above 0
  double signed_step() const { return direction == Direction::forward ? step_size() : -step_size(); }
};

struct TransportState {
  std::int64_t step = 0;
  Eigen::MatrixXd points;  // d x n
  Eigen::VectorXd
      divergence;  // n: the integral of the drift's divergence over the times passed, dt > 0; empty unless asked for
  Eigen::VectorXd own_steps;  // adaptive integration: the step size of each tile of points
  Eigen::MatrixXd trail;  // d * tracked x (steps + 1): the first points after every step; not reached yet: 0
  Eigen::MatrixXd trace;  // 4 x steps: t, epsilon, mean_velocity, mean_score of every step
  double time = 0, epsilon = 0;  // of the step last taken, where it began
  double mean_velocity = 0;      // mean |b| there
  double mean_score = 0;         // mean |s| there, 0 where it was not asked for
  double kinetic = 0;            // integral of E|drift|^2 so far
  std::int64_t evaluations = 0;  // of the field, per point (mean over tiles)

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("step", step), visit("points", points), visit("divergence", divergence),
        visit("own_steps", own_steps);
    visit("trail", trail), visit("trace", trace), visit("time", time), visit("epsilon", epsilon),
        visit("mean_velocity", mean_velocity);
    visit("mean_score", mean_score), visit("kinetic", kinetic), visit("evaluations", evaluations);
  }
};

void measure_transport(const TransportState& state, Row& row);  // t, epsilon, mean_velocity, mean_score

// Points go through the fields in tiles, each with random numbers of its own: results do not depend on threads, nor a point on the
// number of points after it.
inline constexpr Eigen::Index transport_tile = 128;
inline constexpr Eigen::Index tracked_points = 40;
inline Eigen::Index tile_count(Eigen::Index points) { return (points + transport_tile - 1) / transport_tile; }

// Sums over the points of a tile, added in the order of the tiles.
struct TileSums {
  double velocity = 0, score = 0, energy = 0;
  std::int64_t evaluations = 0;
};
// Runs body(tile, first point, number of points) for every tile and adds its sums up, divided by the number of points.
TileSums over_tiles(Eigen::Index points,
                    const std::function<TileSums(Eigen::Index, Eigen::Index, Eigen::Index)>& body);

// Throws InvalidInput for no points, another dimension, numbers that are not finite, steps < 1 and a margin outside [0, 1/2).
TransportState start_transport(const Eigen::MatrixXd& points, const TransportField& field,
                               const TransportTimes& grid, bool divergence);
// After a step from `time`: keeps the tracked points and what the tiles measured.
void finish_step(TransportState& state, double time, const TileSums& sums, double energy_weight);

}  // namespace lehr::diffusion
