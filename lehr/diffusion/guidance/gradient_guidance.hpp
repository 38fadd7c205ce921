// Gradient guidance of continuous models (classifier guidance; DPS: Chung et al., "Diffusion posterior sampling for general noisy
// inverse problems", 2023): the model's score plus scale / alpha times the gradient of a differentiable proxy at the denoised point,
//
//   score(x_t) += scale(t) / alpha * d/dx_t proxy(x0_hat(x_t)),
//
// which moves the mean of a reverse step by `by_score` times that. Gradients are central differences through the model: 2 d model and
// proxy calls a column and step. On its own (a run without values, one candidate) this is the baseline; as the proposal of SVDD or
// of twisted_smc its draws carry ln p/q, so that their target stays the same.
#pragma once

#include "lehr/diffusion/guidance/reverse_model.hpp"
#include "lehr/diffusion/guidance/reward.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

// `scale` over the reverse process. Throws InvalidInput for a discrete model or alpha that is not above 0.
ReverseModel guided_by_gradient(const ReverseModel& model, DesignReward proxy, double alpha, Schedule scale);

}  // namespace lehr::diffusion
