#include "lehr/spin/memory/metaplastic_bnn.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::spin {

void MetaplasticBnnOptions::describe(OptionTable& table) {
  table.add("hidden", hidden, "widths of the hidden layers").range(1, 65536);
  table.add("epochs", epochs, "passes over each task").range(1, 1e6);
  table.add("batch", batch, "examples per mini-batch").range(1, 1e6);
  table.add("metaplasticity", metaplasticity, "m: how much a consolidated weight resists; 0: not at all");
  table.add("learning_rate", learning_rate, "of Adam, over the whole sequence");
  table.add("initial_scale", initial_scale, "standard deviation of the first hidden weights").above(0);
}

MetaplasticBnn::MetaplasticBnn(std::shared_ptr<const TaskSequence> sequence, MetaplasticBnnOptions options)
    : sequence_(std::move(sequence)),
      options_(std::move(options)),
      widths_((sequence_->check(), network_widths(*sequence_, options_.hidden))),
      order_(*sequence_, options_.epochs, options_.batch) {}

MetaplasticBnn::State MetaplasticBnn::start(const Moment& now) const {
  State state;
  state.hidden = random_layers(widths_, options_.initial_scale, Stream(now.seed, lane("continual weights")));
  state.first = state.second = random_layers(widths_, 0, Stream(now.seed, 0));
  state.accuracy = AccuracyMatrix(sequence_->tasks.size());
  return state;
}

void MetaplasticBnn::advance(State& state, const Moment& now) const {
  const TrainingOrder::Place place = order_.at(state.step);
  if (place.batch == 0) state.order = order_.shuffle(state.step, now.seed);
  const Batch batch = gather(sequence_->tasks[place.task].train, state.order, place.batch, order_.batch());
  Layers gradient;
  const double loss = network_gradient(binary_weights(state), batch.inputs, batch.labels, gradient);
  state.loss = loss / static_cast<double>(order_.batch());
  if (!std::isfinite(state.loss)) throw NumericalFailure("step {}: the loss is {}", state.step, state.loss);

  const double rate = options_.learning_rate.at(state.step, steps());
  const auto m = static_cast<float>(options_.metaplasticity.at(state.step, steps()));
  ++state.step;
  for (std::size_t l = 0; l < state.hidden.size(); ++l) {
    Eigen::MatrixXf& hidden = state.hidden[l];
    Eigen::MatrixXf moved = hidden;
    adam_step(moved, gradient[l], state.first[l], state.second[l], state.step, rate, options_.adam);
    moved -= hidden;
    const Eigen::ArrayXXf f = 1 - (m * hidden.array()).tanh().square();
    hidden.array() += (moved.array() * hidden.array() < 0).select(f * moved.array(), moved.array());
  }
  now.spend(order_.batch());
  if (place.ends_epoch) state.accuracy.update(binary_weights(state), *sequence_, place);
}

void MetaplasticBnn::measure(const State& state, Row& row) const {
  const TrainingOrder::Place place = order_.at(std::max<std::int64_t>(state.step - 1, 0));
  row.add("task", static_cast<double>(place.task + 1));
  row.add("epoch", static_cast<double>(place.epoch + 1));
  row.add("loss", state.loss);
  state.accuracy.measure(row);
}

Layers MetaplasticBnn::binary_weights(const State& state) const { return signs(state.hidden); }

}  // namespace lehr::spin
