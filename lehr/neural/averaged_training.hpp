// What the trainings of diffusion networks share: AdamW on flat parameters, a running average of them that is
// what is saved, and means of losses.
//
//   x_{s+1} = AdamW(x_s, gradient of the loss at x_s, learning rate)
//   average <- r average + (1 - r) x_{s+1},   r = min(decay, (1 + s) / (10 + s))
//
// The average's decay rises to its value, so that the first parameters are forgotten.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/neural/adamw.hpp"
#include "lehr/neural/flat_tensor.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::neural {

struct AveragedParameters {
  AdamW::Variables variables;
  torch::Tensor average;
  double lr = 0, grad_norm = 0;  // of the last step

  AveragedParameters() = default;
  explicit AveragedParameters(const std::vector<float>& first);

  // The parameters as a leaf that a loss can be differentiated by.
  torch::Tensor leaf() const { return variables.parameters.detach().requires_grad_(); }

  // One step along the gradient of `loss` at `leaf`; returns the loss. Throws NumericalFailure where loss or gradient are not finite
  // (the parameters are then still those before), InvalidInput where `average` gives a decay outside [0, 1).
  double step(const torch::Tensor& leaf, const torch::Tensor& loss, const AdamW& optimizer,
              const Schedule& learning_rate, const Schedule& average, const Moment& now);

  template <class Visitor>
  void fields(Visitor& visit) {
    visit_flat(visit, "parameters", variables.parameters);
    visit_flat(visit, "first_moment", variables.first_moment);
    visit_flat(visit, "second_moment", variables.second_moment);
    visit_flat(visit, "average", this->average);
    visit("lr", lr);
    visit("grad_norm", grad_norm);
  }
};

// The mean of a loss over about the last hundred steps (decay 0.99), and its value every hundred steps.
struct LossMean {
  double mean = 0;
  std::vector<double> every_hundred;

  void add(double loss, std::int64_t step);
  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit((name + ".mean").c_str(), mean);
    visit((name + ".every_hundred").c_str(), every_hundred);
  }
};

}  // namespace lehr::neural
