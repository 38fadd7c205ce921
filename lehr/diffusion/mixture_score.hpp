// The exact score of a Gaussian mixture under a noise process: with x_0 ~ sum_k w_k N(m_k, C_k),
//
//   p_t(x) = sum_k w_k N(x; a m_k, a^2 C_k + s^2 I),   eps(x, t) = s sum_k p(k | x) (a^2 C_k + s^2 I)^-1 (x - a m_k)
//
// Spherical and diagonal covariances cost O(K d) a point in SIMD lanes, full ones O(K d^2) through one eigendecomposition per component.
// All in log space, any level.
#pragma once

#include "lehr/diffusion/score_model.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

ScoreModel mixture_score(const stats::GaussianMixture& mixture, const Process& process);

// The mixture of x_t: means a m_k, covariances a^2 C_k + s^2 I.
stats::GaussianMixture noised(const stats::GaussianMixture& mixture, double a, double s);

}  // namespace lehr::diffusion
