// Variational perceptron with weights +1 and -1: trains the fields theta of P(w_i = +-1) = (1 +- m_i) / 2, m_i
// = tanh(beta theta_i), on patterns x with entries and labels y = +1 or -1, from a prior with fields theta':
//   L(theta) = -sum_mu ln H(-u_mu) + KL(q_theta || q_theta'),   u_mu = y_mu sum_i m_i x_i^mu / sqrt(V),
//   V = sum_i (1 - m_i^2),   H(u) = P(Z > u).
// The pre-activation of a random network is normal by the central limit theorem, which makes the data term an
// integral in closed form. Gradients: dKL/dtheta_i = beta^2 (theta_i - theta'_i) (1 - m_i^2) and
//   du/dtheta_i = beta (1 - m_i^2) (y x_i / sqrt(V) + u m_i / V),   d ln H(-u)/du = density / H(-u).
// A sequence of tasks is a sequence of runs: the posterior of one is the prior of the next. Adam; one step is
// one mini-batch, whose share of the KL is its share of the patterns.
//
// Cost per step O(inputs x patterns in the mini-batch). continual_potential.hpp predicts the outcome. Source:
// Li, Zhang, Huang and Hu, Phys. Rev. E 108, 014309 (2023), section II.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/random.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/memory/adam.hpp"

namespace lehr::spin {

// Patterns (inputs x count, a pattern per column) and labels, all +1 or -1.
struct SignData {
  Eigen::MatrixXf patterns;
  Eigen::VectorXf labels;
};

// A vector of independent fair signs, and one with overlap nearest to `overlap` in [-1, 1] with it, signs
// flipped at random places.
Eigen::VectorXd random_signs(Eigen::Index size, Stream random);
Eigen::VectorXd correlated_signs(const Eigen::VectorXd& signs, double overlap, Stream random);
// Random patterns labelled by sign(teacher . x); 0 counts as +1.
SignData teacher_data(const Eigen::VectorXd& teacher, Eigen::Index count, Stream random);

struct FieldPerceptronOptions {
  std::int64_t epochs = 400;
  std::int64_t batch = 0;
  Schedule learning_rate = 0.02;
  Schedule kl = 1;
  double beta = 1;
  double weight_decay = 0;
  AdamDecay adam = {};

  void describe(OptionTable& table);
};

class FieldPerceptron {
 public:
  struct State {
    Eigen::VectorXd theta, first, second;  // fields and Adam's averages
    std::vector<std::int32_t> order;       // of the patterns in this epoch
    std::int64_t step = 0;
    double loss = 0, kl = 0;  // -sum ln H(-u) scaled to all patterns, and KL, before the last step
  };

  // `prior` holds theta' (zeros: the uniform prior); training starts from it. Throws InvalidInput for entries
  // or labels other than +1 and -1, sizes that do not fit, or options out of range.
  FieldPerceptron(SignData data, Eigen::VectorXd prior, FieldPerceptronOptions options);

  std::int64_t steps() const { return options_.epochs * batches_; }
  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.step >= steps(); }
  // loss, kl, square (mean m^2), variance (mean 1 - m^2), training_error
  void measure(const State& state, Row& row) const;

  // L and its gradient on the chosen patterns, the data term scaled to all of them.
  struct Objective {
    double loss = 0, kl = 0;
    Eigen::VectorXd gradient;  // of loss + kl_weight KL
  };
  Objective objective(const Eigen::VectorXd& theta, const std::vector<std::int32_t>& chosen,
                      double kl_weight) const;
  Eigen::VectorXd magnetisation(const State& state) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit("theta", state.theta);
    visit("first", state.first);
    visit("second", state.second);
    visit("order", state.order);
    visit("step", state.step);
    visit("loss", state.loss);
    visit("kl", state.kl);
  }

 private:
  SignData data_;
  Eigen::VectorXd prior_;
  FieldPerceptronOptions options_;
  std::int64_t batch_ = 0, batches_ = 0;
};

}  // namespace lehr::spin
