// Plain Monte Carlo estimates of several expectations, the baselines of adaptive importance sampling:
//
//   separate   N / L points from each law f_l, of which the expectations under f_l are plain means
//   mixture    N points from the uniform mixture h of the laws, I_j = 1/N sum f_j phi_j / h (x_i)
//
// With one law both are the same. The problem's start law has no part.
#pragma once

#include <string>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/sample/expectation_estimate.hpp"
#include "lehr/sample/expectation_problem.hpp"

namespace lehr::sample {

enum class MonteCarloDesign { separate, mixture };

struct MonteCarloState {
  Eigen::MatrixXd points, outputs;    // d x n and m x n, in the order of the draws
  std::vector<std::int64_t> samples;  // of each point: the sample that it belongs to
  std::vector<JointMoments> moments;  // of each sample: of the integrands that it estimates
};

class MonteCarlo {
 public:
  using State = MonteCarloState;

  // `problem` must outlive this; `budget` is in calls of the model. Throws InvalidInput for a budget below
  // two points a law.
  MonteCarlo(const ExpectationProblem& problem, std::int64_t budget, MonteCarloDesign design);

  std::int64_t points() const { return points_; }
  State start(const Moment& now) const;
  // One batch, from one law at most; spends the calls of its points.
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.points.cols() >= points_; }
  void measure(const State& state, Row& row) const;  // points
  ExpectationEstimate estimate(const State& state) const;
  // ln density in sampling space of each point's own draw: its law, or the mixture.
  Eigen::VectorXd log_densities(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    visit("points", state.points), visit("outputs", state.outputs), visit("samples", state.samples);
    for (std::size_t k = 0; k < state.moments.size(); ++k)
      state.moments[k].fields(visit, "sample" + std::to_string(k));
  }

 private:
  // One sample for the mixture, or one per law.
  std::size_t samples() const { return members_.size(); }
  std::int64_t goal(std::size_t sample) const;  // its points
  Density source(std::size_t sample) const;     // what it is drawn from
  Eigen::MatrixXd integrands(std::size_t sample, const Points& points, const Eigen::MatrixXd& outputs) const;

  const ExpectationProblem* problem_;
  MonteCarloDesign design_;
  std::int64_t points_;
  std::vector<std::vector<Index>> members_;  // the expectations that each sample estimates
};

}  // namespace lehr::sample
