// Hidden Markov models with finitely many states and their exact answers: likelihood, filtered and smoothed probabilities (forward and
// backward), the most probable path (Viterbi).
//
//   P(x_1 = k) = pi_k,  P(x_t = l | x_(t-1) = k) = A_kl,  y_t ~ B(x_t, .) in 0 .. M - 1, or N(m_k, s_k^2)
//
// Observations that are nan are missing. Source: Rabiner, "A tutorial on hidden Markov models", 1989. Cost: O(K^2 T).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::sample {

struct DiscreteHmm {
  Eigen::VectorXd initial;            // pi, K
  Eigen::MatrixXd transition;         // A, K x K, rows sum to 1
  Eigen::MatrixXd emission;           // B, K x M, rows sum to 1; empty for normal observations
  Eigen::VectorXd means, deviations;  // m and s > 0 of normal observations, K

  Eigen::Index states() const { return transition.rows(); }
  // Throws InvalidInput for sizes that do not fit and rows that are no probabilities (sums to 1e-9).
  void check() const;
  // ln p(y | x = k) of each observation, K x T; 0 where it is missing. Throws InvalidInput for a symbol that the model has not.
  Eigen::MatrixXd log_emissions(std::span<const double> observations) const;
  // K states of categorical observations with M symbols: every row a normalised list of e^(2 z), z ~ N(0, 1), the diagonal of A three
  // times as likely.
  static DiscreteHmm random(std::int64_t states, std::int64_t symbols, Stream& random);
  // Draws the observations of a path.
  std::vector<double> simulate(std::int64_t length, Stream& random) const;
};

struct HmmPosterior {
  double log_likelihood = 0;
  Eigen::MatrixXd filtered, smoothed;  // P(x_t | y_1 .. y_t) and P(x_t | y_1 .. y_T), K x T
};
HmmPosterior forward_backward(const DiscreteHmm& model, std::span<const double> observations);

struct HmmPath {
  std::vector<std::int64_t> states;
  double log_joint = 0;  // ln p(x, y)
};
HmmPath viterbi(const DiscreteHmm& model, std::span<const double> observations);

// The model with its observations, for StateSpaceFilter.
class HmmSeries {
 public:
  using State = std::int64_t;

  HmmSeries(const DiscreteHmm& model, std::span<const double> observations);

  void draw_first(State& x, Stream& random) const { x = draw(0, random); }
  void draw_next(State& x, Stream& random) const { x = draw(x + 1, random); }
  double log_likelihood(State x, std::int64_t t) const { return emissions_(x, t); }
  std::int64_t length() const { return emissions_.cols(); }
  // The probabilities of the states.
  Eigen::Index quantities() const { return emissions_.rows(); }
  void quantities(State x, double* values) const {
    for (Eigen::Index k = 0; k < emissions_.rows(); ++k) values[k] = k == x ? 1 : 0;
  }
  double log_transition(State from, State to) const { return log_transition_(from, to); }

 private:
  State draw(Eigen::Index column, Stream& random) const;

  Eigen::MatrixXd cumulative_;  // K x (K + 1): sums of pi, then of the rows of A, as columns
  Eigen::MatrixXd log_transition_, emissions_;
};

}  // namespace lehr::sample
