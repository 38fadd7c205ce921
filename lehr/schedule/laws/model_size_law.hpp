// The annealing law over models of several sizes N (number of parameters):
//
//   L(s, N) = L0 + A S1(s)^-alpha + B N^-beta - C S2(s) N^-gamma
//
// At one size it is an annealing law. L0, B and beta need curves of three sizes or more to be told apart.
// Source: Tissue, Wang and Wang, "Scaling Law with Learning Rate Annealing", 2024.
#pragma once

#include "lehr/schedule/laws/annealing_law.hpp"

namespace lehr::laws {

struct ModelSizeLaw {
  double L0 = 0, A = 0, alpha = 0, B = 0, beta = 0, C = 0, gamma = 0;
  double lambda = 0.999;
  WarmupArea warmup = WarmupArea::ramp;

  // The annealing law for models with `model_size` > 0 parameters; throws InvalidInput otherwise.
  AnnealingLaw at(double model_size) const;
  std::vector<double> predict(const Plan& plan, std::span<const std::int64_t> steps) const {
    return at(plan.model_size).predict(plan, steps);
  }
  double final_loss(const Plan& plan) const { return at(plan.model_size).final_loss(plan); }
  double final_loss(const Plan& plan, std::vector<double>& gradient) const {
    return at(plan.model_size).final_loss(plan, gradient);
  }
};

}  // namespace lehr::laws
