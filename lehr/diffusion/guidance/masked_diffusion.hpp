// Discrete diffusion of sequences with exact marginals: absorbing (masked) and uniform (multinomial) noise, both log-linear.
//
//   masked    q(x_t = x_0) = 1 - t, masked else. In t -> s a masked position is revealed with probability (t - s) / t as a draw
//             from p(x0_i | x_t); revealed symbols never change; what is masked at the end takes the argmax
//   uniform   q(x_t | x_0) = (1 - t) [x_t = x_0] + t / K;  p(x_s | x_t) = sum_k p(x0_i = k | x_t) q(x_s | x_t, x_0 = k)
//
// Positions step independently given x_t, so a few long steps are not the prior: take at least two steps a position where exactness
// matters. Cost a step and column: one pass of SequencePrior::marginals. Sources: Austin et al., "Structured denoising diffusion
// models in discrete state-spaces", 2021; Sahoo et al., "Simple and effective masked diffusion language models", 2024.
#pragma once

#include <memory>

#include "lehr/diffusion/guidance/reverse_model.hpp"
#include "lehr/diffusion/guidance/sequence_prior.hpp"

namespace lehr::diffusion {

// The last time of the grid, 1e-5 as in the reference implementation of SVDD.
inline constexpr double last_discrete_time = 1e-5;

// With `joint`, a draw's ln p/q is that of the prior's joint law over the positions revealed together against the product of their
// marginals: choices among candidates then have the prior's own posterior as their law, at one more pass of the prior a candidate.
ReverseModel masked_diffusion(std::shared_ptr<const SequencePrior> prior, Index steps, bool joint = false);
ReverseModel uniform_diffusion(std::shared_ptr<const SequencePrior> prior, Index steps);

// K x L likelihoods of a noisy sequence at time t.
MatrixXd masked_evidence(const ColumnRef& x, Index symbols);
MatrixXd uniform_evidence(const ColumnRef& x, Index symbols, double t);

}  // namespace lehr::diffusion
