// The class of linear classifiers of two classes, f(x) = [w . (x, 1) > 0] with the direction w uniform on the
// sphere, on standardised features.
//
// Along a great circle w(phi) = a cos phi + b sin phi, a and b orthonormal, each record changes its side twice, at
// phi_i and phi_i + pi; so the errors on the whole circle follow from sorting n angles, and the share of the circle
// with at most K errors is exact. A circle drawn uniformly gives an unbiased estimate of the Rashomon ratio (the
// average over all directions on it: Rao-Blackwell), and a uniform draw from the arcs with at most K errors is a
// hit-and-run step inside the set. Cost O(n p + n log n) a circle.
//
// Source: hit and run: R. L. Smith, "Efficient Monte Carlo procedures for generating points uniformly
// distributed over bounded regions", 1984.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/stats/rashomon/labelled_table.hpp"
#include "lehr/stats/rashomon/rashomon_set.hpp"

namespace lehr::stats {

class LinearClass {
 public:
  // Throws InvalidInput unless the table has two classes.
  explicit LinearClass(const LabelledTable& table);

  Eigen::Index dimension() const { return points_.rows(); }  // features + 1
  std::int64_t records() const { return points_.cols(); }
  std::int64_t errors(const Eigen::Ref<const Eigen::VectorXd>& direction) const;
  bool is_positive(std::int64_t record) const {
    return sides_[static_cast<std::size_t>(record)] > 0;
  }  // of class 1
  // The standardised record with a 1 at the end, a column each.
  const Eigen::MatrixXd& points() const { return points_; }

  // The direction as weights of the table's features and, last, the intercept; the largest weight is 1 in size.
  Eigen::VectorXd in_table_units(const Eigen::VectorXd& direction) const;
  // The direction of weights and intercept (last) in the table's units.
  Eigen::VectorXd direction_of(const Eigen::VectorXd& weights) const;

  static Eigen::VectorXd draw_direction(Eigen::Index dimension, Stream& random);

 private:
  Eigen::MatrixXd points_;     // (features + 1) x records
  std::vector<double> sides_;  // +1 for class 1, -1 for class 0
  Eigen::VectorXd mean_, scale_;
};

// The errors along a great circle, arc by arc, on its first half: arc k is [angles[k], angles[k + 1]) and has
// errors[k]; the arc opposite to it has n - errors[k]. angles begins with 0 and ends with pi.
class GreatCircle {
 public:
  // `a` must have length 1; b is drawn orthogonal to it.
  void draw(const LinearClass& linear, const Eigen::VectorXd& a, Stream& random);

  // The share of the circle with at most e errors, e = 0 .. limit.
  const std::vector<double>& shares(std::int64_t limit);
  // The fewest errors on the circle and the middle of an arc that has them.
  std::int64_t fewest() const;
  Eigen::VectorXd at_fewest() const;
  // A direction drawn uniformly from those with at most `limit` errors; empty when there is none.
  Eigen::VectorXd draw_within(std::int64_t limit, Stream& random) const;

 private:
  struct Arc {
    double from, length;
    std::int64_t errors;
  };
  Eigen::VectorXd at(double angle) const;
  template <class Visit>
  void for_each_arc(Visit visit) const;

  std::int64_t records_ = 0;
  Eigen::VectorXd a_, b_;
  std::vector<std::pair<double, int>> crossings_;  // angle in [0, pi), change of the errors
  std::vector<double> angles_, shares_;
  std::vector<std::int64_t> errors_;
};

// The best direction that line searches along `steps` random great circles reach from `start`.
Eigen::VectorXd descend(const LinearClass& linear, const Eigen::VectorXd& start, std::int64_t steps,
                        Seed seed);

// `count` directions of the set by hit and run from `start` (which must make at most `limit` errors), `thinning`
// circles apart.
std::vector<Eigen::VectorXd> hit_and_run(const LinearClass& linear, const Eigen::VectorXd& start,
                                         std::int64_t limit, std::int64_t count, std::int64_t thinning,
                                         Seed seed);

enum class LinearEstimator { rao_blackwell, naive };

struct LinearSamplingOptions {
  std::int64_t samples = 10'000;  // great circles, or directions
  LinearEstimator estimator = LinearEstimator::rao_blackwell;
};

// The ratio of linear classifiers by drawing great circles (or single directions) from the prior.
class LinearSampling {
 public:
  struct State {
    Seed seed;
    std::int64_t circles = 0;
    RatioAccumulator errors;
    std::int64_t best_errors = 0;
    Eigen::VectorXd best;
  };

  // `limit`: the largest limit on errors that will be asked for. `linear` must outlive the method.
  LinearSampling(const LinearClass& linear, std::int64_t limit, const LinearSamplingOptions& options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.circles >= options_.samples; }
  // circles, best_errors, log10_ratio at the limit
  void measure(const State& state, Row& row) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit("seed", state.seed.value);
    visit("circles", state.circles);
    state.errors.fields(visit, "errors");
    visit("best_errors", state.best_errors);
    visit("best", state.best);
  }

 private:
  const LinearClass& linear_;
  std::int64_t limit_;
  LinearSamplingOptions options_;
};

}  // namespace lehr::stats
