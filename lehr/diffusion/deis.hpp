// The exponential integrators of DEIS (Zhang and Chen, "Fast sampling of diffusion models with exponential integrator", 2023), for the
// probability-flow ODE in noise form, dx/dt = f x + g^2 / (2 s) eps(x, t). With v = x / a and rho = s / a it is dv/drho = eps, so
//
//   x_{i+1} = (a_{i+1} / a_i) x_i + a_{i+1} int_{rho_i}^{rho_{i+1}} eps drho
//
//   deis_tab     eps is replaced by the polynomial in t through its last r + 1 values
//   deis_rho_ab  the polynomial in rho
//   ipndm        the update of DDIM with (3, -1)/2, (23, -16, 5)/12, (55, -59, 37, -9)/24 of the last noises
//   ddim         order 0 of all of them: x_{i+1} = (a_{i+1} / a_i) x_i + (s_{i+1} - (a_{i+1} / a_i) s_i) eps_i
//   deis_rho_rk  explicit Runge-Kutta methods in rho; heun2 on a variance-exploding process is the sampler of EDM
//
// Multistep start-up: step i has order min(r, i), or takes its first r steps by rk4 (`runge_kutta_start`). Integrals over t by
// Gauss-Legendre quadrature of 32 points in t^1/2, where the integrand is smooth. Where the coefficients of a step sum to more than eight
// times that of order 0, the order drops: equal steps give 6.7 at order 3, so only a step that is long after short ones is hit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lehr/diffusion/plan.hpp"
#include "lehr/diffusion/time_grid.hpp"

namespace lehr::diffusion {

enum class Basis { time, rho };

// Factors of eps_i, eps_{i-1}, ... (order + 1 of them) in the step from times[i] to times[i + 1].
std::vector<double> multistep_factors(const Process& process, const std::vector<double>& times, std::size_t i,
                                      int order, Basis basis);

struct MultistepOptions {
  int order = 3;  // 0 .. 3
  Basis basis = Basis::time;
  bool runge_kutta_start = false;
  bool guard = true;
  std::vector<int> orders = {};  // of each step, in place of `order`
};
Plan deis_plan(const Process& process, const std::vector<double>& times, const MultistepOptions& options);
Plan ipndm_plan(const Process& process, const std::vector<double>& times, int order = 3);

// euler, heun2, kutta3, ralston3, heun3, wray3, ssprk3, rk4.
const std::vector<std::string>& runge_kutta_names();
int runge_kutta_stages(std::string_view name);  // throws InvalidInput
Plan rho_runge_kutta_plan(const Process& process, const std::vector<double>& times, std::string_view tableau);

// The paper's rule: 3 for ten and more steps, 2 for six to nine, 1 below.
int default_order(std::int64_t steps);

}  // namespace lehr::diffusion
