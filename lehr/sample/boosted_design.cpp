#include "lehr/sample/boosted_design.hpp"

#include <algorithm>

#include "lehr/sample/point_removal.hpp"
#include "lehr/sample/weighted_least_squares.hpp"

namespace lehr::sample {
namespace {

void remove_column(Eigen::MatrixXd& matrix, Index column) {
  const Index after = matrix.cols() - column - 1;
  matrix.middleCols(column, after) = matrix.rightCols(after).eval();
  matrix.conservativeResize(Eigen::NoChange, matrix.cols() - 1);
}

}  // namespace

void BoostedDesignOptions::describe(OptionTable& table) {
  table.add("of", base.kind, "kind of the designs that are drawn").choices(design_kinds());
  table.add("delta", delta, "a design is stable where lambda_min is at least 1 - delta, in (0, 1]");
  table.add("tries", tries, "most designs drawn").range(1, 1e7);
  table.add("keep", keep, "the first stable design, or the best of all tries").choices({"first", "best"});
  table
      .add("reduce_to", reduce_to,
           "then removes points while lambda_min stays at least 1 - delta, down to this many; 0: none")
      .range(0, 1e7);
}

BoostedDesign::BoostedDesign(FunctionSpace space, BoostedDesignOptions options)
    : space_(std::move(space)), options_(std::move(options)) {
  describe(options_).read(describe(options_).values(), "boosted design");
  if (options_.reduce_to != 0 && options_.reduce_to < space_.size)
    throw InvalidInput("boosted design: reduce_to must be 0 or at least m = {}, found {}", space_.size,
                       options_.reduce_to);
}

BoostedDesignState BoostedDesign::start(const Moment&) const {
  State state;
  state.points.resize(space_.dimension, 0);
  return state;
}

// 1 - delta for the design that is being judged.
double BoostedDesign::bound(const State& state) const {
  const double delta =
      options_.delta.at(std::clamp<std::int64_t>(state.tries - 1, 0, options_.tries - 1), options_.tries);
  if (!(delta > 0 && delta <= 1))
    throw InvalidInput("boosted design: delta must be in (0, 1], found {}", delta);
  return 1 - delta;
}

void BoostedDesign::advance(State& state, const Moment& now) const {
  if (state.reducing)
    remove_point(state);
  else
    try_design(state, now);
}

void BoostedDesign::try_design(State& state, const Moment& now) const {
  Design design = draw_design(space_, options_.base, now.seed, static_cast<std::uint64_t>(state.tries));
  const double lambda_min =
      least_eigenvalue(empirical_gram(space_.features(design.points), design.weights, space_.size));
  if (lambda_min > state.lambda_min) {
    state.points = std::move(design.points);
    state.weights = std::move(design.weights);
    state.batches = std::move(design.batches);
    state.lambda_min = lambda_min;
  }
  ++state.tries;
  state.stable = state.lambda_min >= bound(state);
  if (state.tries < options_.tries && !(state.stable && options_.keep == "first")) return;
  state.reducing = state.stable && options_.reduce_to > 0;
  state.finished = !state.reducing;
}

void BoostedDesign::remove_point(State& state) const {
  state.finished = state.points.cols() <= std::max<Index>(options_.reduce_to, space_.size);
  if (state.finished) return;
  const Eigen::MatrixXd rows = space_.features(state.points) * state.weights.cwiseSqrt().asDiagonal();
  const PointRemoval removal = best_removal(rows);
  state.finished = removal.lambda_min < bound(state);
  if (state.finished) return;
  remove_column(state.points, removal.point);
  Eigen::MatrixXd weights = state.weights.transpose();
  remove_column(weights, removal.point);
  state.weights = weights.transpose();
  state.batches.erase(state.batches.begin() + removal.point);
  state.lambda_min = removal.lambda_min;
  ++state.removed;
}

void BoostedDesign::measure(const State& state, Row& row) const {
  row.add("lambda_min", std::max(0.0, state.lambda_min));
  row.add("tries", static_cast<double>(state.tries));
  row.add("runs", static_cast<double>(state.points.cols()));
}

std::int64_t BoostedDesign::steps() const {
  const Index runs = design_size(options_.base, space_.size);
  return options_.tries + (options_.reduce_to > 0 ? std::max<Index>(0, runs - options_.reduce_to) + 1 : 0);
}

Design BoostedDesign::design(const State& state) const {
  return {state.points, state.weights, state.batches, {}};
}

}  // namespace lehr::sample
