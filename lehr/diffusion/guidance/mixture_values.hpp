// Values of noisy points of a Gaussian mixture by draws from the exact posterior, `draws` of them in each component:
//
//   v(x_t) = alpha ln sum_k P(k | x_t) (1 / J) sum_j exp(r(x_0^(k, j)) / alpha),   x_0^(k, j) ~ p(x_0 | x_t, k)
//
// alpha = 0: the largest reward drawn. ValueKind::mean: the mean reward. Components with less than 1e-9 of the posterior are left
// out. Cost a state: at most J K reward calls.
#pragma once

#include "lehr/diffusion/guidance/mixture_diffusion.hpp"
#include "lehr/diffusion/guidance/sequence_space.hpp"

namespace lehr::diffusion {

ValueModel mixture_value(const stats::GaussianMixture& mixture, const ReverseModel& model,
                         DesignReward reward, std::int64_t draws, ValueKind kind,
                         const Process& process = Process::vp_linear());

}  // namespace lehr::diffusion
