// Solvers of one evaluation a step without history, the baselines of the room:
//
//   euler_pf          x + dt (f x + g^2 / (2 s) eps)                              the probability-flow ODE
//   exponential_score (a'/a) x + (int Psi g^2 / 2 dt) eps_i / s_i                  exact linear part, score held constant
//   euler_maruyama    x + dt (f x + g^2 / s eps) + g |dt|^1/2 xi                   the reverse SDE
//   ancestral         a draw of q(x_s | x_t, x0), x0 = (x - s eps) / a             DDPM (Ho, Jain and Abbeel, 2020)
//   ddim(eta)         the family between ddim (eta = 0) and ancestral (eta = 1)    (Song, Meng and Ermon, 2021)
//   reverse_diffusion x + (s_i^2 - s_{i+1}^2) score + (s_i^2 - s_{i+1}^2)^1/2 xi   variance-exploding (Song et al., 2021)
//   churn             heun2 in sigma after noise was added (Karras et al., 2022, "EDM" stochastic); kar2
#pragma once

#include <vector>

#include "lehr/diffusion/plan.hpp"

namespace lehr::diffusion {

Plan euler_pf_plan(const Process& process, const std::vector<double>& times);
Plan exponential_score_plan(const Process& process, const std::vector<double>& times);
Plan euler_maruyama_plan(const Process& process, const std::vector<double>& times);
// sigma = eta (v_ts s_s^2 / s_t^2)^1/2;  x_s = a_s x0 + (s_s^2 - sigma^2)^1/2 eps + sigma xi.
Plan ddim_plan(const Process& process, const std::vector<double>& times, double eta = 0);
// `final_noise`: whether the last step draws noise too.
Plan ancestral_plan(const Process& process, const std::vector<double>& times, bool final_noise = false);
// For variance-exploding processes; throws InvalidInput for others.
Plan reverse_diffusion_plan(const Process& process, const std::vector<double>& times);

struct Churn {
  double amount = 0;                          // S_churn; 0: kar1, deterministic
  double from = 0.05, to = 1, noise = 1.007;  // S_tmin, S_tmax, S_noise
};
// Heun in sigma on a variance-exploding process; a last step to sigma = 0 is Euler's where `to_zero`.
Plan karras_plan(const Process& process, const std::vector<double>& times, bool to_zero,
                 const Churn& churn = {});

}  // namespace lehr::diffusion
