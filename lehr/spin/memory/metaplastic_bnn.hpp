// Metaplastic binary network: the baseline of continual learning with weights +1 and -1. Trains hidden weights
// W through w = sign(W) (straight-through: dL/dW = dL/dw) by Adam, and makes steps that would weaken a
// consolidated weight small:
//   U = Adam's step;   W <- W + f U,   f = 1 - tanh(m W)^2 where U W < 0, else 1.
// m = 0 is a plain binarised network. Source: Laborieux, Ernoult, Hirtzlin and Querlioz, "Synaptic
// metaplasticity in binarized neural networks", Nature Communications 12, 2549 (2021).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/memory/adam.hpp"
#include "lehr/spin/memory/relu_network.hpp"
#include "lehr/spin/memory/task_sequence.hpp"

namespace lehr::spin {

struct MetaplasticBnnOptions {
  std::vector<std::int64_t> hidden = {256, 256};
  std::int64_t epochs = 20;
  std::int64_t batch = 50;
  Schedule metaplasticity = 8;
  Schedule learning_rate = 0.01;
  double initial_scale = 0.1;
  AdamDecay adam = {.first = 0.9, .second = 0.99};

  void describe(OptionTable& table);
};

class MetaplasticBnn {
 public:
  struct State {
    Layers hidden;         // W
    Layers first, second;  // Adam's averages
    std::vector<std::int32_t> order;
    std::int64_t step = 0;
    double loss = 0;  // per example of the last mini-batch
    AccuracyMatrix accuracy;
  };

  // Throws InvalidInput for options out of range or tasks that do not fit together.
  MetaplasticBnn(std::shared_ptr<const TaskSequence> sequence, MetaplasticBnnOptions options);

  std::int64_t steps() const { return order_.steps(); }
  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.step >= steps(); }
  // task, epoch, loss, accuracy_1..
  void measure(const State& state, Row& row) const;
  Layers binary_weights(const State& state) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit_layers(visit, "hidden", state.hidden);
    visit_layers(visit, "first", state.first);
    visit_layers(visit, "second", state.second);
    visit("order", state.order);
    visit("step", state.step);
    visit("loss", state.loss);
    state.accuracy.fields(visit);
  }

 private:
  std::shared_ptr<const TaskSequence> sequence_;
  MetaplasticBnnOptions options_;
  std::vector<Eigen::Index> widths_;
  TrainingOrder order_;
};

}  // namespace lehr::spin
