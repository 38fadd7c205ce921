#include "lehr/diffusion/interpolant/interpolant_ode.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/dormand_prince.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

using Pair = DormandPrince;

double sum_of_norms(const MatrixXd& values) { return values.colwise().norm().sum(); }

// Largest error of a point over what is allowed there, root mean square over coordinates.
double error_ratio(const MatrixXd& error, const PointsRef& before, const MatrixXd& after, double rtol,
                   double atol) {
  const auto allowed = atol + rtol * before.array().abs().max(after.array().abs());
  return std::sqrt((error.array() / allowed).square().colwise().mean().maxCoeff());
}

// One tile on its way through [t, t + h] with steps of its own.
class AdaptiveTile {
 public:
  AdaptiveTile(const TransportField& field, const InterpolantOdeOptions& options, FieldParts parts)
      : field_(field), options_(options), parts_(parts) {}

  // `own` is the step size to begin with and the one to go on with; 0: the whole interval.
  template <class Points>
  TileSums cross(Points&& x, VectorXd& divergence, double t, double h, double& own) {
    TileSums sums;
    const double sign = h > 0 ? 1 : -1, length = std::abs(h);
    double done = 0, step = own > 0 ? std::min(own, length) : length;
    bool fresh = true;
    while (done < length) {
      const bool last = done + step >= length * (1 - 1e-12);
      const double taken = last ? length - done : step;
      if (fresh) evaluate(0, t + sign * done, x, sums);
      if (done == 0 && fresh) measure(sums);
      fresh = false;
      const MatrixXd candidate = stages_from(x, t + sign * done, sign * taken, sums);
      const double ratio = error_ratio(error_, x, candidate, options_.rtol, options_.atol);
      if (!std::isfinite(ratio) && taken < 1e-10)
        throw NumericalFailure("interpolant_ode: the velocity is not finite near t = {:g}", t + sign * done);
      const double factor = Pair::step_factor(ratio, 5);
      if (ratio <= 1) {
        add_integrals(divergence, taken, sums);
        x = candidate;
        done = last ? length : done + taken;
        std::swap(values_[0], values_[Pair::stages - 1]);  // the last stage is the next step's first
        if (!last || factor < 1)
          own = step = taken * factor;
        else
          own = std::max(step, taken * factor);
      } else {
        step = taken * std::min(factor, 1.0);
        if (step < 1e-12)
          throw NumericalFailure("interpolant_ode: no step size is small enough at t = {:g}",
                                 t + sign * done);
      }
    }
    return sums;
  }

 private:
  void evaluate(std::size_t stage, double t, const PointsRef& x, TileSums& sums) {
    FieldParts parts = parts_;
    parts.score = parts.score && stage == 0;
    field_.at(t)(x, parts, values_[stage]);
    ++sums.evaluations;
  }
  void measure(TileSums& sums) const {
    sums.velocity = sum_of_norms(values_[0].velocity);
    if (parts_.score) sums.score = sum_of_norms(values_[0].score);
  }
  MatrixXd stages_from(const PointsRef& x, double t, double h, TileSums& sums) {
    MatrixXd point;
    for (std::size_t i = 1; i < Pair::stages; ++i) {
      point = x;
      for (std::size_t j = 0; j < i; ++j)
        if (Pair::matrix[i][j] != 0) point += h * Pair::matrix[i][j] * values_[j].velocity;
      evaluate(i, t + Pair::places[i] * h, point, sums);
    }
    error_.setZero(x.rows(), x.cols());
    for (std::size_t j = 0; j < Pair::stages; ++j) error_ += h * Pair::error_weights[j] * values_[j].velocity;
    return point;
  }
  void add_integrals(VectorXd& divergence, double length, TileSums& sums) const {
    for (std::size_t j = 0; j < Pair::stages; ++j) {
      if (Pair::weights[j] == 0) continue;
      if (parts_.divergence) divergence += length * Pair::weights[j] * values_[j].divergence;
      sums.energy += length * Pair::weights[j] * values_[j].velocity.squaredNorm();
    }
  }

  const TransportField& field_;
  const InterpolantOdeOptions& options_;
  FieldParts parts_;
  std::array<FieldValues, Pair::stages> values_;
  MatrixXd error_;
};

}  // namespace

InterpolantOde::InterpolantOde(TransportField field, MatrixXd start, InterpolantOdeOptions options)
    : field_(std::move(field)), start_(std::move(start)), options_(options) {
  if (!(options_.rtol > 0 && options_.atol > 0))
    throw InvalidInput("interpolant_ode: rtol {:g} and atol {:g} must be above 0", options_.rtol,
                       options_.atol);
  start_transport(start_, field_, options_.grid, options_.likelihood);
}

TransportState InterpolantOde::start(const Moment&) const {
  TransportState state = start_transport(start_, field_, options_.grid, options_.likelihood);
  if (options_.adaptive) state.own_steps.setZero(tile_count(start_.cols()));
  return state;
}

void InterpolantOde::advance(State& state, const Moment& now) const {
  const double t = options_.grid.time(state.step), h = options_.grid.time(state.step + 1) - t;
  const std::int64_t before = state.evaluations;
  options_.adaptive ? dormand_prince(state, t, h) : runge_kutta(state, t, h);
  now.spend((state.evaluations - before) * state.points.cols());
  if (!state.points.allFinite())
    throw NumericalFailure("interpolant_ode: a point is not finite after step {} (t = {:g})", state.step,
                           t + h);
}

// k1 = b(t, x), k2 = b(t + h/2, x + h/2 k1), k3 = b(t + h/2, x + h/2 k2), k4 = b(t + h, x + h k3); the divergence and the kinetic
// energy by the same weights 1, 2, 2, 1.
void InterpolantOde::runge_kutta(State& state, double t, double h) const {
  const std::array<FieldAtTime, 3> fields = {field_.at(t), field_.at(t + h / 2), field_.at(t + h)};
  constexpr std::array<std::size_t, 4> field_of = {0, 1, 1, 2};
  constexpr std::array<double, 4> reach = {0, 0.5, 0.5, 1}, share = {1. / 6, 1. / 3, 1. / 3, 1. / 6};
  const bool score = options_.measure_score && field_.has_score;
  const TileSums sums = over_tiles(state.points.cols(), [&](Index, Index first, Index count) {
    TileSums own{.evaluations = 4};
    auto x = state.points.middleCols(first, count);
    MatrixXd change = MatrixXd::Zero(x.rows(), count);
    FieldValues values;
    for (std::size_t i = 0; i < 4; ++i) {
      const FieldParts parts{.score = score && i == 0, .divergence = options_.likelihood};
      const MatrixXd at = i == 0 ? MatrixXd(x) : MatrixXd(x + reach[i] * h * values.velocity);
      fields[field_of[i]](at, parts, values);
      change += share[i] * values.velocity;
      own.energy += share[i] * values.velocity.squaredNorm();
      if (options_.likelihood)
        state.divergence.segment(first, count) += std::abs(h) * share[i] * values.divergence;
      if (i == 0)
        own.velocity = sum_of_norms(values.velocity),
        own.score = parts.score ? sum_of_norms(values.score) : 0;
    }
    x += h * change;
    return own;
  });
  finish_step(state, t, sums, std::abs(h));
}

void InterpolantOde::dormand_prince(State& state, double t, double h) const {
  const FieldParts parts{.score = options_.measure_score && field_.has_score,
                         .divergence = options_.likelihood};
  const TileSums sums = over_tiles(state.points.cols(), [&](Index tile, Index first, Index count) {
    VectorXd divergence = VectorXd::Zero(options_.likelihood ? count : 0);
    const TileSums own =
        AdaptiveTile(field_, options_, parts)
            .cross(state.points.middleCols(first, count), divergence, t, h, state.own_steps[tile]);
    if (options_.likelihood) state.divergence.segment(first, count) += divergence;
    return own;
  });
  finish_step(state, t, sums, 1);
}

}  // namespace lehr::diffusion
