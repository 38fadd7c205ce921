// The sampler that draws one token by denoising: a list of nodes that are linear in what came before,
//
//   x_0 ~ N(0, sd^2 I),   x_i = sum_j A_ij x_j + sum_j C_ij x0hat_j + n_i xi_i,   x0hat_i = E[x_clean | x_i at level (a_i, s_i)]
//
// The last node is the token. It is the Plan of the diffusion room with clean states in place of noises, which stays exact where a is 0.
//
//   ddpm            ancestral steps on a table of 1000 levels, alpha_bar_t = cos^2((t / T + 0.008) / 1.008 pi / 2) with betas of at
//                   most 0.999, re-spaced to the indices round(i 999 / (N - 1)); with alpha' the level of the next index (1 at the end)
//                   and beta' = 1 - alpha / alpha',
//                     x' = sqrt(alpha') beta' / (1 - alpha) x0hat + sqrt(1 - beta') (1 - alpha') / (1 - alpha) x + tau sd xi,
//                     sd^2 = beta' (1 - alpha') / (1 - alpha);  tau is the temperature  (Ho et al., 2020; Nichol and Dhariwal, 2021)
//   flow            Euler on dx/dt = (x - x0hat) / t, a = 1 - t, s = t, from 1 to 0 in N equal steps
//   ddim, deis(order=3), dpmpp (dpm_solver_pp_2m) and the other presets of solver_schedule.hpp   plans of the diffusion room on the
//                   same table between the indices 980, where a is not yet 0, and 1 (equal steps, at most 979 of them); noise of 0.01 is
//                   left in the token
//
// Heads without noise of their own scale the start by the temperature. N steps cost N calls of the model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/diffusion/plan.hpp"

namespace lehr::diffusion {

struct HeadNode {
  double a = 0, s = 1;                             // level at which the node is evaluated
  std::vector<PlanTerm> states = {}, cleans = {};  // of earlier nodes
  double gaussian = 0;
  bool evaluated = true;
};

struct TokenHead {
  double start_deviation = 1;
  std::vector<HeadNode> nodes;

  std::int64_t evaluations() const;
  int memory() const;  // how many nodes back the terms reach
};

// Cumulative products alpha_bar_0 .. alpha_bar_999.
const std::vector<double>& cosine_alpha_bar();
// N rising indices of [0, 999], the first 0 and the last 999; N = 1 has 999 alone.
std::vector<int> respaced_indices(std::int64_t n);

TokenHead ddpm_head(std::int64_t n, double temperature = 1);
TokenHead flow_head(std::int64_t n, double temperature = 1);
// Any plan of the room.
TokenHead plan_head(const Plan& plan, const Process& process, double temperature = 1);

// A family by its text form. Throws InvalidInput for an unknown one, N out of [1, 1000], a temperature below 0.
TokenHead token_head(std::string_view text, std::int64_t n, double temperature = 1);

}  // namespace lehr::diffusion
