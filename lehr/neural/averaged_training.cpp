#include "lehr/neural/averaged_training.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::neural {

AveragedParameters::AveragedParameters(const std::vector<float>& first) {
  variables.parameters = flat_tensor(first);
  variables.first_moment = at::zeros_like(variables.parameters);
  variables.second_moment = at::zeros_like(variables.parameters);
  average = variables.parameters.clone();
}

double AveragedParameters::step(const torch::Tensor& leaf, const torch::Tensor& loss, const AdamW& optimizer,
                                const Schedule& learning_rate, const Schedule& average_decay,
                                const Moment& now) {
  const double most = average_decay(now);
  if (!(most >= 0 && most < 1))
    throw InvalidInput("average: the schedule gives {} at step {}; allowed is 0 to below 1", most, now.step);
  const torch::Tensor gradient = torch::autograd::grad({loss}, {leaf})[0];
  const GradientNorms norms = gradient_norms(gradient);
  const double value = loss.item<double>();
  lr = learning_rate(now);
  grad_norm = norms.l2;
  if (!std::isfinite(value) || !std::isfinite(norms.l2))
    throw NumericalFailure(
        "step {}: the loss is {} and its gradient's norm {} (learning rate {:g}); a lower peak or clipping "
        "may help",
        now.step, value, norms.l2, lr);
  optimizer.step(variables, gradient, norms.l2, lr, now.step + 1, 0);
  const at::NoGradGuard no_grad;
  const auto s = static_cast<double>(now.step);
  const double decay = std::min(most, (1 + s) / (10 + s));
  average.mul_(decay).add_(variables.parameters, 1 - decay);
  return value;
}

void LossMean::add(double loss, std::int64_t step) {
  mean = step == 0 ? loss : 0.99 * mean + 0.01 * loss;
  if ((step + 1) % 100 == 0) every_hundred.push_back(mean);
}

}  // namespace lehr::neural
