#include "lehr/neural/train.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

namespace lehr::neural {

using torch::Tensor;

Train::State Train::start(const Moment& now) const {
  State state;
  state.variables.parameters = to_device(model_.initial_parameters(now.seed));
  state.variables.first_moment = at::zeros_like(state.variables.parameters);
  state.variables.second_moment = at::zeros_like(state.variables.parameters);
  return state;
}

void Train::advance(State& state, const Moment& now) const {
  const ByteBatch batch = corpus_.training_batch(now.random(lane("batch")), settings_.batch);
  const Tensor parameters = state.variables.parameters.detach().requires_grad_();
  const Tensor loss =
      model_.loss(parameters, ids(batch.inputs, batch.count), ids(batch.targets, batch.count));
  const Tensor gradient = torch::autograd::grad({loss}, {parameters})[0];
  const GradientNorms norms = gradient_norms(gradient);
  const double loss_value = loss.item<double>(), lr = settings_.learning_rate(now);
  if (!std::isfinite(loss_value) || !std::isfinite(norms.l1))
    throw NumericalFailure(
        "step {}: the training loss is {} and its gradient's norm {} (learning rate {:g}); a lower "
        "peak, a longer warm-up or clipping may help",
        now.step, loss_value, norms.l2, lr);
  settings_.optimizer.step(state.variables, gradient, norms.l2, lr, now.step + 1, model_.matrix_count());

  if (state.interval.steps == settings_.log_every) state.interval = {};
  state.lr = lr;
  state.interval.steps += 1;
  state.interval.loss += loss_value;
  state.interval.grad_norm += norms.l2;
  state.interval.grad_norm_1 += norms.l1;
  record(state, now);
}

bool Train::row_ends(const Moment& now) const {
  return (now.step + 1) % settings_.log_every == 0 || now.step + 1 == now.steps;
}

void Train::record(State& state, const Moment& now) const {
  TrainLog& log = state.log;
  if (row_ends(now)) {
    const auto count = static_cast<double>(state.interval.steps);
    log.step.push_back(static_cast<double>(now.step));
    log.lr.push_back(state.lr);
    log.loss.push_back(state.interval.loss / count);
    log.grad_norm.push_back(state.interval.grad_norm / count);
    log.grad_norm_1.push_back(state.interval.grad_norm_1 / count);
  }
  const bool due = settings_.eval_every > 0 && (now.step + 1) % settings_.eval_every == 0;
  if (due || now.step + 1 == now.steps) {
    log.val_step.push_back(static_cast<double>(now.step));
    log.val_lr.push_back(state.lr);
    log.val_loss.push_back(validation_loss(state.variables.parameters));
  }
}

void Train::measure(const State& state, Row& row) const {
  const auto count = static_cast<double>(std::max<std::int64_t>(1, state.interval.steps));
  row.add("lr", state.lr);
  row.add("loss", state.interval.loss / count);
  row.add("grad_norm", state.interval.grad_norm / count);
  row.add("grad_norm_1", state.interval.grad_norm_1 / count);
  if (!state.log.val_loss.empty()) row.add("val_loss", state.log.val_loss.back());
}

double Train::validation_loss(const Tensor& parameters) const {
  const at::NoGradGuard no_grad;
  const std::int64_t windows = settings_.eval_windows;
  double sum = 0;
  for (std::int64_t first = 0; first < windows; first += settings_.batch) {
    const std::int64_t count = std::min(settings_.batch, windows - first);
    const ByteBatch batch = corpus_.validation_batch(first, count, windows);
    const Tensor loss = model_.loss(parameters, ids(batch.inputs, count), ids(batch.targets, count));
    sum += loss.item<double>() * static_cast<double>(count);
  }
  return sum / static_cast<double>(windows);
}

std::string Train::description() const {
  const TransformerSize& size = model_.size();
  return fmt::format(
      "{} layers, width {}, {} heads, context {}, batch {}, {} bytes of text (checksum {:x}), "
      "a row every {} steps",
      size.layers, size.width, size.heads, size.context, settings_.batch, corpus_.bytes().size(),
      lane(corpus_.bytes()), settings_.log_every);
}

void Train::require_same_run(const std::string& saved, const std::string& expected) {
  if (saved != expected)
    throw InvalidInput("the checkpoint is of another run: it has {}; this run has {}", saved, expected);
}

Tensor Train::to_device(const std::vector<float>& values) const {
  Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, torch::kFloat32);
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor.to(settings_.device);
}

std::vector<float> Train::to_vector(const Tensor& tensor) {
  const Tensor local = tensor.to(torch::kCPU).contiguous();
  const float* data = local.data_ptr<float>();
  return {data, data + local.numel()};
}

Tensor Train::ids(const std::vector<std::int64_t>& values, std::int64_t rows) const {
  Tensor tensor = at::empty({rows, static_cast<std::int64_t>(values.size()) / rows}, torch::kInt64);
  std::copy(values.begin(), values.end(), tensor.data_ptr<std::int64_t>());
  return tensor.to(settings_.device);
}

}  // namespace lehr::neural
