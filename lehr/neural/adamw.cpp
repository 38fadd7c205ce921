#include "lehr/neural/adamw.hpp"

#include <ATen/core/grad_mode.h>

#include <cmath>

namespace lehr::neural {

void AdamW::step(Variables& variables, const torch::Tensor& gradient, double gradient_norm, double lr,
                 std::int64_t t, std::int64_t decayed) const {
  const at::NoGradGuard no_grad;
  auto& [x, m, v] = variables;
  const bool clipped = clip > 0 && gradient_norm > clip;
  const torch::Tensor g = clipped ? gradient * (clip / gradient_norm) : gradient;
  const auto steps = static_cast<double>(t);
  const double bias1 = 1 - std::pow(beta1, steps), bias2 = 1 - std::pow(beta2, steps);

  m.mul_(beta1).add_(g, 1 - beta1);
  v.mul_(beta2).addcmul_(g, g, 1 - beta2);
  x.narrow(0, 0, decayed).mul_(1 - lr * weight_decay);
  x.addcdiv_(m, v.sqrt().div_(std::sqrt(bias2)).add_(epsilon), -lr / bias1);
}

GradientNorms gradient_norms(const torch::Tensor& gradient) {
  const torch::Tensor g = gradient.to(torch::kFloat64);
  return {std::sqrt((g * g).sum().item<double>()), g.abs().sum().item<double>()};
}

}  // namespace lehr::neural
