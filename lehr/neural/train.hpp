// Training of a byte transformer as a method: one advance is one step of AdamW on one batch, at the learning
// rate that a schedule gives for that step.
//
//   g_s = gradient of the mean cross-entropy of batch (seed, s) at x_s
//   x_{s+1} = AdamW(x_s, g_s, lr = schedule(s))
//
// The state is plain numbers (parameters, both moments of Adam, the log so far), so a resumed run equals the
// uninterrupted one bit for bit: the batch of a step is addressed by (seed, step). Results depend on the
// build of the matrix library and on torch's number of threads, not on torch's random generator. Cost per
// step: forward and backward pass, about 6 * parameters * batch * context multiply-adds.
#pragma once

#include <cstdint>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/neural/adamw.hpp"
#include "lehr/neural/byte_corpus.hpp"
#include "lehr/neural/byte_transformer.hpp"
#include "lehr/neural/train_log.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::neural {

struct TrainSettings {
  Schedule learning_rate;
  AdamW optimizer;
  std::int64_t batch = 16;      // windows per step
  std::int64_t log_every = 20;  // steps per row of the log
  std::int64_t eval_every =
      0;  // steps between evaluations on the validation part; 0: only after the last step
  std::int64_t eval_windows = 512;  // windows per evaluation
  torch::Device device = torch::kCPU;
};

class Train {
 public:
  // Sums over the steps of the interval that the next row of the log describes.
  struct Interval {
    std::int64_t steps = 0;
    double loss = 0, grad_norm = 0, grad_norm_1 = 0;
  };
  struct State {
    AdamW::Variables variables;  // flat float32 tensors on the device
    Interval interval;
    double lr = 0;
    TrainLog log;
  };

  // `model` and `corpus` must outlive the method and share one context length.
  Train(const ByteTransformer& model, const ByteCorpus& corpus, TrainSettings settings)
      : model_(model), corpus_(corpus), settings_(std::move(settings)) {}

  State start(const Moment& now) const;
  // Throws NumericalFailure when the loss or the gradient is not finite; the parameters are then still those
  // before.
  void advance(State& state, const Moment& now) const;
  // lr, loss, grad_norm, grad_norm_1 as in the log (means since the last row), and val_loss once it is known.
  void measure(const State& state, Row& row) const;

  // Whether a row of the log ends with step now.step.
  bool row_ends(const Moment& now) const;
  // The mean cross-entropy in nats per byte over evenly spread windows of the validation part.
  double validation_loss(const torch::Tensor& parameters) const;

  // A checkpoint can go on under another schedule (to branch a cool-down off a constant run), but not with
  // another model, text or batch: that is an InvalidInput (as another seed is, which drive refuses).
  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    std::string run = description();
    visitor("run", run);
    require_same_run(run, description());
    visit_tensor(visitor, "parameters", state.variables.parameters);
    visit_tensor(visitor, "first_moment", state.variables.first_moment);
    visit_tensor(visitor, "second_moment", state.variables.second_moment);
    visitor("lr", state.lr);
    visitor("interval.steps", state.interval.steps);
    visitor("interval.loss", state.interval.loss);
    visitor("interval.grad_norm", state.interval.grad_norm);
    visitor("interval.grad_norm_1", state.interval.grad_norm_1);
    visitor("log.step", state.log.step);
    visitor("log.lr", state.log.lr);
    visitor("log.loss", state.log.loss);
    visitor("log.grad_norm", state.log.grad_norm);
    visitor("log.grad_norm_1", state.log.grad_norm_1);
    visitor("log.val_step", state.log.val_step);
    visitor("log.val_lr", state.log.val_lr);
    visitor("log.val_loss", state.log.val_loss);
  }

 private:
  // What a checkpoint must share with the run that goes on from it.
  std::string description() const;
  static void require_same_run(const std::string& saved, const std::string& expected);
  torch::Tensor to_device(const std::vector<float>& values) const;
  static std::vector<float> to_vector(const torch::Tensor& tensor);
  torch::Tensor ids(const std::vector<std::int64_t>& values, std::int64_t rows) const;
  void record(State& state, const Moment& now) const;

  template <class Visitor>
  void visit_tensor(Visitor& visitor, const char* name, torch::Tensor& tensor) const {
    std::vector<float> values = to_vector(tensor);
    visitor(name, values);
    if (static_cast<std::int64_t>(values.size()) != model_.parameter_count())
      throw InvalidInput("checkpoint field '{}' has {} numbers, the model {}", name, values.size(),
                         model_.parameter_count());
    tensor = to_device(values);
  }

  const ByteTransformer& model_;
  const ByteCorpus& corpus_;
  TrainSettings settings_;
};

}  // namespace lehr::neural
