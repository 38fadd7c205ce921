#include "lehr/spin/memory/elastic_network.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

constexpr Eigen::Index fisher_examples = 256;

}  // namespace

void ElasticNetworkOptions::describe(OptionTable& table) {
  table.add("hidden", hidden, "widths of the hidden layers").range(1, 65536);
  table.add("epochs", epochs, "passes over each task").range(1, 1e6);
  table.add("batch", batch, "examples per mini-batch").range(1, 1e6);
  table.add("stiffness", stiffness, "weight of the Fisher penalty; 0: plain training");
  table.add("learning_rate", learning_rate, "of Adam, over the whole sequence");
  table.add("initial_scale", initial_scale, "standard deviation of the first weights").above(0);
}

ElasticNetwork::ElasticNetwork(std::shared_ptr<const TaskSequence> sequence, ElasticNetworkOptions options)
    : sequence_(std::move(sequence)),
      options_(std::move(options)),
      widths_((sequence_->check(), network_widths(*sequence_, options_.hidden))),
      order_(*sequence_, options_.epochs, options_.batch) {}

ElasticNetwork::State ElasticNetwork::start(const Moment& now) const {
  State state;
  state.weights = random_layers(widths_, options_.initial_scale, Stream(now.seed, lane("continual weights")));
  state.anchor = state.weights;
  state.importance = state.first = state.second = random_layers(widths_, 0, Stream(now.seed, 0));
  state.accuracy = AccuracyMatrix(sequence_->tasks.size());
  return state;
}

void ElasticNetwork::advance(State& state, const Moment& now) const {
  const TrainingOrder::Place place = order_.at(state.step);
  const LabelledData& data = sequence_->tasks[place.task].train;
  if (place.batch == 0) state.order = order_.shuffle(state.step, now.seed);
  const Batch batch = gather(data, state.order, place.batch, order_.batch());
  Layers gradient;
  const double loss = network_gradient(state.weights, batch.inputs, batch.labels, gradient);
  const auto count = static_cast<double>(order_.batch());
  const double stiffness = options_.stiffness.at(state.step, steps());
  const double rate = options_.learning_rate.at(state.step, steps());
  state.loss = loss / count;
  if (!std::isfinite(state.loss)) throw NumericalFailure("step {}: the loss is {}", state.step, state.loss);
  state.penalty = 0;
  ++state.step;
  for (std::size_t l = 0; l < gradient.size(); ++l) {
    const Eigen::ArrayXXf moved = state.weights[l].array() - state.anchor[l].array();
    const Eigen::ArrayXXf pull = static_cast<float>(stiffness) * state.importance[l].array() * moved;
    state.penalty += 0.5 * static_cast<double>((pull * moved).sum());
    gradient[l].array() = gradient[l].array() / static_cast<float>(count) + pull;
    adam_step(state.weights[l], gradient[l], state.first[l], state.second[l], state.step, rate,
              options_.adam);
  }
  now.spend(order_.batch());
  if (place.ends_epoch) state.accuracy.update(state.weights, *sequence_, place);
  if (place.ends_task) consolidate(state, data);
}

// Adds the squared gradients of single examples of the finished task to F, and moves the anchor.
void ElasticNetwork::consolidate(State& state, const LabelledData& data) const {
  const Eigen::Index count = std::min(fisher_examples, data.size());
  Layers gradient;
  for (Eigen::Index k = 0; k < count; ++k) {
    const std::int32_t from = state.order[static_cast<std::size_t>(k)];
    network_gradient(state.weights, data.inputs.col(from),
                     std::span(&data.labels[static_cast<std::size_t>(from)], 1), gradient);
    for (std::size_t l = 0; l < gradient.size(); ++l)
      state.importance[l].array() += gradient[l].array().square() / static_cast<float>(count);
  }
  state.anchor = state.weights;
}

void ElasticNetwork::measure(const State& state, Row& row) const {
  const TrainingOrder::Place place = order_.at(std::max<std::int64_t>(state.step - 1, 0));
  row.add("task", static_cast<double>(place.task + 1));
  row.add("epoch", static_cast<double>(place.epoch + 1));
  row.add("loss", state.loss);
  row.add("penalty", state.penalty);
  state.accuracy.measure(row);
}

}  // namespace lehr::spin
