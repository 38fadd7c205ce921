// The variance-preserving process with a linear rate, p(x_t | x_0) = N(a(t) x_0, s(t)^2 I) on t in [0, 1]:
//
//   beta(t) = beta_0 + t (beta_1 - beta_0),   ln a = -t^2 (beta_1 - beta_0) / 4 - t beta_0 / 2,   s^2 = -expm1(2 ln a)
//
// Source: Song et al., "Score-based generative modeling through stochastic differential equations", 2021.
#pragma once

#include <cmath>

namespace lehr::diffusion {

struct VpLinear {
  double beta_low = 0.1, beta_high = 20;

  double log_a(double t) const { return -0.25 * t * t * (beta_high - beta_low) - 0.5 * t * beta_low; }
  double a(double t) const { return std::exp(log_a(t)); }
  double s(double t) const { return std::sqrt(-std::expm1(2 * log_a(t))); }
};

}  // namespace lehr::diffusion
