#include "lehr/neural/adamw.hpp"

#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>

#include <cmath>

#include "lehr/core/random.hpp"

namespace lehr::neural {
namespace {

using torch::Tensor;

Tensor normal_numbers(std::int64_t count, std::uint64_t step) {
  Stream random(Seed{11}, lane("test"), step);
  Tensor tensor = at::empty({count}, torch::kFloat64);
  for (std::int64_t i = 0; i < count; ++i) tensor.data_ptr<double>()[i] = normal(random);
  return tensor;
}

// Twelve steps with changing rates; clipping is active in all of them (the norm of 50 normal numbers is about
// 7).
TEST(AdamW, FollowsTorchsOptimiser) {
  const AdamW ours{.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .weight_decay = 0.1, .clip = 2};
  AdamW::Variables variables{normal_numbers(50, 0), at::zeros({50}, torch::kFloat64),
                             at::zeros({50}, torch::kFloat64)};
  Tensor theirs = variables.parameters.clone().requires_grad_();
  torch::optim::AdamW reference(
      {theirs}, torch::optim::AdamWOptions(1e-2).betas({0.9, 0.95}).eps(1e-8).weight_decay(0.1));
  for (std::int64_t t = 1; t <= 12; ++t) {
    const double lr = 1e-2 / static_cast<double>(t);
    const Tensor gradient = normal_numbers(50, static_cast<std::uint64_t>(t));
    theirs.mutable_grad() = gradient.clone();
    torch::nn::utils::clip_grad_norm_(theirs, 2);
    static_cast<torch::optim::AdamWOptions&>(reference.param_groups()[0].options()).lr(lr);
    reference.step();
    ours.step(variables, gradient, gradient_norms(gradient).l2, lr, t, 50);
    EXPECT_LT((variables.parameters - theirs.detach()).abs().max().item<double>(), 1e-6) << "step " << t;
  }
}

TEST(AdamW, FirstStepIsTheRateTimesTheSignAndDecaysMatricesOnly) {
  const AdamW optimizer{.epsilon = 1e-12, .weight_decay = 0.5, .clip = 0};
  AdamW::Variables variables{at::ones({4}, torch::kFloat64), at::zeros({4}, torch::kFloat64),
                             at::zeros({4}, torch::kFloat64)};
  Tensor gradient = at::ones({4}, torch::kFloat64);
  gradient.data_ptr<double>()[1] = gradient.data_ptr<double>()[3] = -300;
  optimizer.step(variables, gradient, gradient_norms(gradient).l2, 0.1, 1, 2);
  const double* x = variables.parameters.data_ptr<double>();
  EXPECT_NEAR(x[0], 0.95 - 0.1, 1e-12);
  EXPECT_NEAR(x[1], 0.95 + 0.1, 1e-12);
  EXPECT_NEAR(x[2], 1 - 0.1, 1e-12);
  EXPECT_NEAR(x[3], 1 + 0.1, 1e-12);
}

TEST(GradientNorms, AreTheEuclideanAndTheAbsoluteSum) {
  Tensor gradient = at::zeros({3}, torch::kFloat32);
  gradient.data_ptr<float>()[0] = 3;
  gradient.data_ptr<float>()[2] = -4;
  const GradientNorms norms = gradient_norms(gradient);
  EXPECT_EQ(norms.l2, 5);
  EXPECT_EQ(norms.l1, 7);
}

}  // namespace
}  // namespace lehr::neural
