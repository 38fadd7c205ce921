// Variational continual learning of a deep network with weights +1 and -1: trains the fields theta of the
// weights' distribution P(w = +-1) = (1 +- m) / 2, m = tanh(beta theta), variance s = 1 - m^2, on tasks that
// arrive one after another, without replaying old data.
//
// Forward, layer of fan-in n, one epsilon ~ N(0, 1) per unit and example (central limit theorem):
//   z_i = m_ij a_j / sqrt(n) + epsilon_i v_i,   v_i = sqrt(s_ij a_j^2 / n),   a = ReLU(z);   softmax at the end.
// Backward, Delta = softmax - label at the end, summed over the mini-batch:
//   dL/dtheta_ij = beta s_ij [Delta_i a_j / sqrt(n) - (epsilon_i Delta_i / v_i) (a_j^2 / n) m_ij] + KL_ij,
//   Delta_j <- [m' Delta / sqrt(n) + (s' (epsilon Delta / v)) a / n] ReLU'(z_j).
// The prior of a mini-batch is the posterior of the one before, so that the gradient of KL(q_theta ||
// q_theta') is KL_ij = kl beta^2 s_ij (theta_ij - theta'_ij): an uncertain weight (s near 1) is pulled back to
// where it was and a polarised one is protected by s -> 0. beta is a schedule over the whole task sequence; the
// authors take 10 tanh(0.1 + 2x). The optimiser is Adam, with averages that go on from task to task.
//
// Cost per step: 6 products of a weight matrix with the mini-batch per layer. Source: Li, Zhang, Huang and Hu,
// "Statistical mechanics of continual learning: variational principle and mean-field potential", Phys. Rev. E
// 108, 014309 (2023).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/memory/adam.hpp"
#include "lehr/spin/memory/relu_network.hpp"
#include "lehr/spin/memory/task_sequence.hpp"

namespace lehr::spin {

// 10 tanh(0.1 + 2x).
Schedule annealed_polarisation();

struct VariationalContinualOptions {
  std::vector<std::int64_t> hidden = {256, 256};
  std::int64_t epochs = 20;
  std::int64_t batch = 50;
  Schedule beta = annealed_polarisation();
  Schedule learning_rate = 0.01;
  Schedule kl = 1;
  double initial_scale = 1;
  AdamDecay adam = {.first = 0.9, .second = 0.99};

  void describe(OptionTable& table);
};

// Fields, their values one mini-batch ago and the noise of one forward pass, for tests and for extensions.
struct FieldGradient {
  double loss = 0;   // summed over the mini-batch, without KL
  Layers gradient;   // of the loss by theta, without KL
  Layers variances;  // s
};
// `noise[l]` is the epsilon of layer l, width x examples.
FieldGradient field_gradient(const Layers& theta, double beta, const Batch& batch, const Layers& noise);

class VariationalContinual {
 public:
  struct State {
    Layers theta, previous;  // now, and one mini-batch ago
    Layers first, second;    // Adam's averages
    std::vector<std::int32_t> order;
    std::int64_t step = 0;
    double beta = 0, loss = 0, kl = 0;  // loss per example of the last mini-batch; KL to its prior
    AccuracyMatrix accuracy;
  };

  // Throws InvalidInput for options out of range or tasks that do not fit together.
  VariationalContinual(std::shared_ptr<const TaskSequence> sequence, VariationalContinualOptions options);

  std::int64_t steps() const { return order_.steps(); }
  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.step >= steps(); }
  // task, epoch, beta, loss, kl, variance_1.. (mean s per layer), accuracy_1.. (test, with the mean weights)
  void measure(const State& state, Row& row) const;

  Layers mean_weights(const State& state) const;    // m
  Layers binary_weights(const State& state) const;  // sign(theta), +1 where theta is 0
  Layers variances(const State& state) const;       // 1 - m^2

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit_layers(visit, "theta", state.theta);
    visit_layers(visit, "previous", state.previous);
    visit_layers(visit, "first", state.first);
    visit_layers(visit, "second", state.second);
    visit("order", state.order);
    visit("step", state.step);
    visit("beta", state.beta);
    visit("loss", state.loss);
    visit("kl", state.kl);
    state.accuracy.fields(visit);
  }

 private:
  double pull_to_prior(const State& state, FieldGradient& descent, double weight) const;

  std::shared_ptr<const TaskSequence> sequence_;
  VariationalContinualOptions options_;
  std::vector<Eigen::Index> widths_;
  TrainingOrder order_;
};

}  // namespace lehr::spin
