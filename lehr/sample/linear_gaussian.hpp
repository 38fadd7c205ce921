// The linear-Gaussian state-space model and its exact answer, the Kalman filter.
//
//   x_1 ~ N(m, P),  x_t = A x_(t-1) + N(0, Q),  y_t = C x_t + N(0, R)
//
// Observations that are nan are missing, one by one. Source: Kalman, 1960. Cost: O(d^3 + e^3) a step for the Kalman filter, O(d^2 + d e)
// a particle and step for the particle filter (d states, e observations).
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::sample {

struct LinearGaussian {
  Eigen::MatrixXd transition, transition_covariance;    // A and Q, d x d
  Eigen::MatrixXd observation, observation_covariance;  // C, e x d; R, e x e
  Eigen::VectorXd initial_mean;                         // m
  Eigen::MatrixXd initial_covariance;                   // P

  Eigen::Index dimension() const { return transition.rows(); }
  // Throws InvalidInput for sizes that do not fit, entries that are not finite, and covariances that are not positive definite (Q and P
  // may be semidefinite, R may not).
  void check() const;
  // The covariance that x_t = A x_(t-1) + N(0, Q) tends to. Throws InvalidInput where the process is not stationary.
  static Eigen::MatrixXd stationary_covariance(const Eigen::MatrixXd& transition,
                                               const Eigen::MatrixXd& transition_covariance);
};

// States d x T and observations e x T drawn from the model.
struct SimulatedSeries {
  Eigen::MatrixXd states, observations;
};
SimulatedSeries simulate(const LinearGaussian& model, std::int64_t length, Stream& random);

struct KalmanFilter {
  double log_likelihood = 0;
  Eigen::MatrixXd means, variances;  // of x_t given y_1 .. y_t; d x T, variances of the coordinates
};
// `observations` e x T.
KalmanFilter kalman_filter(const LinearGaussian& model, const Eigen::MatrixXd& observations);

// The model with its observations, for StateSpaceFilter; D its number of states.
template <int D>
class LinearGaussianSeries {
 public:
  using State = std::array<double, D>;

  // Throws InvalidInput as LinearGaussian::check, or where the sizes are not D and e x T.
  LinearGaussianSeries(const LinearGaussian& model, const Eigen::MatrixXd& observations);

  void draw_first(State& x, Stream& random) const;
  void draw_next(State& x, Stream& random) const;
  double log_likelihood(const State& x, std::int64_t t) const;
  std::int64_t length() const { return static_cast<std::int64_t>(rows_.size()); }
  Eigen::Index quantities() const { return D; }
  void quantities(const State& x, double* values) const {
    for (std::size_t i = 0; i < D; ++i) values[i] = x[i];
  }
  // -inf where Q is singular and the step impossible is not told: Q must be positive definite here.
  double log_transition(const State& from, const State& to) const;

 private:
  using Square = Eigen::Matrix<double, D, D>;
  // y_t's part of the likelihood: c - |L^-1 y - (L^-1 C) x|^2 / 2 over what was observed, R = L L'.
  struct Row {
    std::int64_t first = 0, count = 0;  // in white_
    double constant = 0;
  };
  Square transition_, noise_factor_, initial_factor_, noise_inverse_;
  Eigen::Matrix<double, D, 1> initial_mean_;
  double transition_constant_ = 0;
  std::vector<Row> rows_;
  std::vector<std::array<double, D + 1>> white_;  // L^-1 y and the row of L^-1 C
};

extern template class LinearGaussianSeries<1>;
extern template class LinearGaussianSeries<2>;
extern template class LinearGaussianSeries<3>;
extern template class LinearGaussianSeries<4>;

}  // namespace lehr::sample
