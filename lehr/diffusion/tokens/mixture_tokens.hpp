// The exact sequence model of a Gaussian mixture over the whole sequence, x ~ sum_k w_k N(m_k, C_k) with x = (token 0, token 1, ...): the
// conditional law of a token P given known tokens K is again a mixture,
//
//   w_k|K  proportional to  w_k N(x_K; m_K, C_KK)                   in log space
//   m_k|K = m_P + C_PK C_KK^-1 (x_K - m_K),   C_k|K = C_PP - C_PK C_KK^-1 C_KP
//
// With C_k = L L' in the order of generation, the whitened known tokens u = L_KK^-1 (x_K - m_K) grow by d rows a token, and
//
//   log N(x_K) = -|u|^2 / 2 - sum log L_jj - |K| log(2 pi) / 2,   m_k|K = m_P + L_PK u,   C_k|K = R R', R = L_P,>=K
//
// Covariances depend only on how many tokens are known, so their eigendecompositions are shared by all sequences. Memory: K D numbers a
// sequence. Cost a sequence: O(K d D) a token for the conditional law and O(K d^2) a denoising step.
#pragma once

#include "lehr/diffusion/tokens/token_model.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

// `order`: position of each rank (token_order). Throws InvalidInput where the dimension is no multiple of token_dim, a covariance
// is not positive definite, or the order does not have each position once.
TokenModel mixture_tokens(const stats::GaussianMixture& mixture, Index token_dim,
                          const std::vector<std::int64_t>& order);

// log of the weights of the components given the known tokens, a row per sequence: what `learn` left in the memory.
const Lanes& log_weights_of(const TokenMemory& memory);

}  // namespace lehr::diffusion
