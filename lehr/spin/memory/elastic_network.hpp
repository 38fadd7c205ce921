// A network with real weights whose important ones are held back by springs: elastic weight consolidation, the
// usual baseline of continual learning. While task t is trained, the loss of a mini-batch (mean over its
// examples) is
//   loss + (stiffness / 2) sum_ij F_ij (W_ij - W*_ij)^2,
// with W* the weights after the last task and F the sum over the finished tasks of the mean squared gradient of
// an example's loss (the diagonal of the empirical Fisher information, over at most 256 examples). stiffness = 0
// is plain training. Source: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS
// 114, 3521 (2017).
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

struct ElasticNetworkOptions {
  std::vector<std::int64_t> hidden = {256, 256};
  std::int64_t epochs = 20;
  std::int64_t batch = 50;
  Schedule stiffness = 0;
  Schedule learning_rate = 0.01;
  double initial_scale = 1;
  AdamDecay adam = {.first = 0.9, .second = 0.99};

  void describe(OptionTable& table);
};

class ElasticNetwork {
 public:
  struct State {
    Layers weights, anchor, importance;  // W, W*, F
    Layers first, second;                // Adam's averages
    std::vector<std::int32_t> order;
    std::int64_t step = 0;
    double loss = 0, penalty = 0;  // of the last mini-batch, per example
    AccuracyMatrix accuracy;
  };

  // Throws InvalidInput for options out of range or tasks that do not fit together.
  ElasticNetwork(std::shared_ptr<const TaskSequence> sequence, ElasticNetworkOptions options);

  std::int64_t steps() const { return order_.steps(); }
  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.step >= steps(); }
  // task, epoch, loss, penalty, accuracy_1..
  void measure(const State& state, Row& row) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit_layers(visit, "weights", state.weights);
    visit_layers(visit, "anchor", state.anchor);
    visit_layers(visit, "importance", state.importance);
    visit_layers(visit, "first", state.first);
    visit_layers(visit, "second", state.second);
    visit("order", state.order);
    visit("step", state.step);
    visit("loss", state.loss);
    visit("penalty", state.penalty);
    state.accuracy.fields(visit);
  }

 private:
  void consolidate(State& state, const LabelledData& data) const;

  std::shared_ptr<const TaskSequence> sequence_;
  ElasticNetworkOptions options_;
  std::vector<Eigen::Index> widths_;
  TrainingOrder order_;
};

}  // namespace lehr::spin
