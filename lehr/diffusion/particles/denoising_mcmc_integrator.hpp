// Denoising from a noise level of each point's own: what ends a sweep of denoising MCMC, and what it is compared with from pure noise.
//
//   kar1, kar2           Heun in sigma on Karras' grid (rho = 7) from the point's sigma to sigma_end, then Euler to 0; kar2 with churn.
//                        2 n + 1 calls for n steps
//   reverse_diffusion, euler_maruyama, ancestral    one call a step on the geometric grid to sigma_end, then Tweedie: n + 1 calls
//   langevin_pc          reverse diffusion, before each step a Langevin move of signal-to-noise ratio r, e = 2 (r |xi| / |score|)^2 of mean norms; 2 n + 1
//   ode45                Dormand and Prince's pair on dx / dlog sigma = sigma eps, steps by tolerance, then Tweedie
//
// Tweedie's step is x + sigma^2 score = x0(x, sigma). Points at one level go together through one plan, so the answer for a point is that of
// a run of its own (but points of one level share the steps of ode45 and the size, at most sigma^2, of langevin_pc's). Points below sigma_end get Tweedie's step alone. Sources: Karras et al.,
// 2022; Song et al., 2021; the reference code of Kim and Ye, 2023, whose N counts grid points with sigma = 0: N = n + 2.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "lehr/diffusion/plan.hpp"
#include "lehr/diffusion/sigma_coordinates.hpp"
#include "lehr/diffusion/single_step.hpp"

namespace lehr::diffusion {

const std::vector<std::string>& denoising_integrators();

struct DenoiseOptions {
  std::string integrator = "kar1";
  std::int64_t calls = 7;
  double sigma_end = 0.01;
  Churn churn = {.amount = 80};   // kar2
  double signal_to_noise = 0.16;  // langevin_pc
  double tolerance = 1e-5;        // ode45, relative and absolute
};

// The smallest number of calls that the integrator can take and that is at least `calls`.
std::int64_t calls_at_least(const std::string& integrator, std::int64_t calls);

// Points and the calls of the model that they took, one number a point summed.
struct Denoised {
  Eigen::MatrixXd points;
  std::int64_t calls = 0;
};

class Denoiser {
 public:
  // Throws InvalidInput for an unknown integrator, calls that it cannot take (with the nearest that it can), or a process that is not
  // variance-exploding.
  Denoiser(ScoreModel model, Process process, DenoiseOptions options);

  // Column i from sigmas[i]. Random numbers belong to (seed, first_column + its place in the order of the levels).
  Denoised run(const Eigen::Ref<const Eigen::MatrixXd>& points, const std::vector<double>& sigmas, Seed seed,
               std::int64_t first_column = 0) const;
  // The plan from a level; for the integrators that have one.
  Plan plan(double sigma) const;

 private:
  Denoised run_level(const Eigen::MatrixXd& points, double sigma, Seed seed, std::int64_t first_column) const;
  std::vector<double> geometric_times(double sigma, std::int64_t steps) const;
  Denoised langevin_pc(const Eigen::MatrixXd& points, double sigma, Seed seed,
                       std::int64_t first_column) const;
  Denoised dormand_prince(const Eigen::MatrixXd& points, double sigma) const;
  Lanes noise(const Lanes& x, double sigma) const;

  ScoreModel model_;
  Process process_;
  DenoiseOptions options_;
};

}  // namespace lehr::diffusion
