// A surrogate that grows: the degree rises along a schedule, every run of the model is kept, and weights are
// computed anew for the pool of all points.
//
// Step t works in V_{m_t}, one of the nested spaces of the basis. It adds points until there are
// `oversampling` runs for each function: DPPs of V_{m_t}, the last of them in part; then more, half of m_t at
// a time, until lambda_min(G) >= 1 - delta. A point of a step with mixing s is replaced by one of mu with
// probability s, so its law is (1 - s) nu_{m_t} + s mu, and the pool has the weights of pooled_density.hpp.
// The fit is in the nested space, among those with a stable G, whose leave-one-out error is least. Runs that
// the model fails are left out of the fit. Cost of a step: the model's, and O(n m^2) for each nested space.
//
// Source of the pooled weights: pooled_density.hpp; of the designs: design.hpp.
#pragma once

#include <functional>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/sample/pooled_density.hpp"
#include "lehr/sample/weighted_least_squares.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::sample {

// Values of the model at points (d x n), NaN where it failed. Called by one thread at a time.
using ScalarModel = std::function<Eigen::VectorXd(const Points& points)>;

struct AdaptiveLeastSquaresOptions {
  Schedule growth = Schedule::parse("linear(from=0, to=1)");
  Schedule oversampling = 2;
  Schedule mixing = 0;
  Schedule delta = 0.5;
  double tolerance = 0;
  std::int64_t runs = 0;

  void describe(OptionTable& table);
};

struct AdaptiveLeastSquaresState {
  Eigen::MatrixXd points;  // d x n
  Eigen::VectorXd values;  // n; NaN where the model failed
  PooledDensity pool;
  std::int64_t level = 0;          // of the space that points are drawn for
  std::int64_t fitted_level = -1;  // of the fit; -1: none yet
  Eigen::VectorXd coefficients;    // of the fit
  double lambda_min = 0, leave_one_out = 0, leave_one_out_error = 0,
         deviation = 0;    // of the fit; deviation of the model
  bool grown = false;      // the last space has all the points it needs
  bool exhausted = false;  // no runs are left
};

class AdaptiveLeastSquares {
 public:
  using State = AdaptiveLeastSquaresState;

  // Throws InvalidInput for options out of range.
  AdaptiveLeastSquares(FunctionSpace space, ScalarModel model, AdaptiveLeastSquaresOptions options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  // The last space is fitted, the tolerance is met, or no runs are left.
  bool finished(const State& state) const;
  // runs, functions (of the fit), degree (its level), leave_one_out, lambda_min
  void measure(const State& state, Row& row) const;
  const FunctionSpace& space() const { return space_; }
  // The weights of the state's points.
  Eigen::VectorXd weights(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("points", state.points);
    visit("values", state.values);
    state.pool.fields(visit);
    visit("level", state.level);
    visit("fitted_level", state.fitted_level);
    visit("coefficients", state.coefficients);
    visit("lambda_min", state.lambda_min);
    visit("leave_one_out", state.leave_one_out);
    visit("leave_one_out_error", state.leave_one_out_error);
    visit("deviation", state.deviation);
    visit("grown", state.grown);
    visit("exhausted", state.exhausted);
  }

 private:
  Index functions(std::int64_t level) const { return space_.nested[static_cast<std::size_t>(level)]; }
  std::int64_t last_level() const { return static_cast<std::int64_t>(space_.nested.size()) - 1; }
  std::int64_t level_at(const State& state, const Moment& now) const;
  void add_points(State& state, const Moment& now) const;
  void draw_points(State& state, Index count, const Moment& now, std::uint64_t& batch) const;
  void fit(State& state, double delta) const;

  FunctionSpace space_;
  ScalarModel model_;
  AdaptiveLeastSquaresOptions options_;
};

}  // namespace lehr::sample
