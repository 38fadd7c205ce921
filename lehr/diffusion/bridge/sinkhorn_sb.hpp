// sinkhorn_sb: the discrete Schroedinger bridge between two point clouds by Sinkhorn's iteration in logarithms, to check others by.
//
//   minimise <P, C> + eps KL(P | 1/(n m)),  C_ij = |x_i - y_j|^2 / 2, with row sums 1/n and column sums 1/m
//   f_i = -eps log (1/m sum_j exp((g_j - C_ij) / eps)),   g_j = -eps log (1/n sum_i exp((f_i - C_ij) / eps))
//
// One step is one update of g and of f. epsilon is a schedule of the run's progress: a fall from a large value to the target (eps scaling)
// brings potentials near the solution in few steps; the marginals are exact in the limit only, and the error says how far off they are.
// Source: M. Cuturi, "Sinkhorn distances", 2013; B. Schmitzer, "Stabilized sparse scaling algorithms", 2019. Cost per step: 2 n m
// exponentials; memory 8 n m bytes.
#pragma once

#include <Eigen/Core>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

inline constexpr Eigen::Index most_sinkhorn_points = 5000;

class SinkhornSb {
 public:
  struct State {
    Eigen::VectorXd f, g;
    double epsilon = 0;
    double error = 0;  // sum over columns of |their sum in P - 1/m|, before the step's update of g
  };

  // d x n and d x m, 2 to 5000 points each; ends early where the error is below `tolerance` at the last value of epsilon.
  // Throws InvalidInput for other sizes and epsilon <= 0.
  SinkhornSb(const PointsRef& x, const PointsRef& y, Schedule epsilon, std::int64_t steps,
             double tolerance = 0);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.epsilon == target_ && state.error < tolerance_; }
  void measure(const State& state, Row& row) const;  // epsilon, marginal_error

  // E[y | x_i] under the plan: d x n.
  Eigen::MatrixXd conditional_mean(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("f", state.f), visitor("g", state.g), visitor("epsilon", state.epsilon),
        visitor("error", state.error);
  }

 private:
  double epsilon_at(std::int64_t step) const;

  Eigen::MatrixXd y_;
  Eigen::MatrixXd cost_;  // n x m
  Schedule epsilon_;
  std::int64_t steps_;
  double tolerance_, target_ = 0;
};

}  // namespace lehr::diffusion
