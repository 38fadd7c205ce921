// The predictor-corrector sampler in sigma coordinates (sigma_coordinates.hpp). At each level of the grid the corrector makes Langevin
// moves, then the predictor takes the step of reverse diffusion:
//
//   corrector   y <- y + e score + (2 e)^1/2 xi,   e = min(2 (r |xi| / |score|)^2, sigma^2), norms averaged over the batch
//   predictor   y <- y + (sigma^2 - sigma'^2) score + (sigma^2 - sigma'^2)^1/2 xi
//
// r is the signal-to-noise ratio. A step longer than sigma^2 would leave where the score is linear. The corrector's law at a level is that of the
// unadjusted Langevin chain: of N(0, v I) it has the variance v / (1 - e / 2 v), about v / (1 - r^2). Cost: corrector moves + 1 evaluations a step.
// Source: Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole, "Score-based generative modeling through SDEs", 2021, algorithms 2 and 4.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/diffusion/score_model.hpp"

namespace lehr::diffusion {

struct LangevinPcOptions {
  double signal_to_noise = 0.16;     // r
  std::int64_t corrector_moves = 1;  // at each level
};

// Random numbers belong to (seed, step, first_column + row).
struct BatchRandom {
  Seed seed;
  std::int64_t first_column = 0;
};

// One corrector move of the batch y (n x d) with the noise that the model finds in it; `step` addresses its numbers.
void langevin_move(Lanes& y, const Lanes& noise, double sigma, double signal_to_noise, std::uint64_t step,
                   const BatchRandom& random);

// The whole way along the falling levels; returns the evaluations. `noise_at_level(step, sigma, y, out)` is asked for the noise.
using NoiseAtLevel = std::function<void(std::int64_t step, double sigma, const Lanes& y, Lanes& out)>;
std::int64_t langevin_pc(const NoiseAtLevel& noise_at_level, const std::vector<double>& sigmas,
                         const LangevinPcOptions& options, const BatchRandom& random, Lanes& y);

}  // namespace lehr::diffusion
