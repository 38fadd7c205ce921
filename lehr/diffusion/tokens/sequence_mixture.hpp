// Mixtures over whole sequences: series with known conditionals, and fits to a user's sequences.
#pragma once

#include <cstdint>

#include "lehr/core/random.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

using Eigen::Index;

// Windows of a series of several channels. With probability 0.6 or 0.4 a sine of 0.9 or 0.55 radians a token, of random phase and amplitude
// (a Gaussian process of one spectral line), enters channel c with the factor cos(c) and the lag 0.55 c; each channel adds stationary noise
// of this deviation, y_t = 0.9 y_{t-1} - 0.5 y_{t-2} + e_t. The means are 0.3 and -0.2. A line spectrum makes the beginning of a window decide
// its end up to the noise. A token is the channels at one time; noise > 0.
stats::GaussianMixture sine_series(Index tokens, Index channels = 3, double noise = 0.1);

// y_t = 0.9 y_{t-1} - 0.5 y_{t-2} + e_t in each of `channels` independent channels, with variance 1: a token's variance given the
// earlier ones is 1, 0.64, then 0.48 for good. Step annealing gains little here.
stats::GaussianMixture ar2_series(Index tokens, Index channels = 1);

struct SequenceFitOptions {
  std::int64_t components = 8;
  double floor = 1e-3;       // added to each variance, as a share of the mean variance of the sequences
  std::int64_t steps = 100;  // of expectation maximisation
};
// Full-covariance mixture of sequences (D x n): k-means++ centres, ten rounds of k-means, then expectation maximisation
// (stats/gaussian_mixture_em.hpp). Throws InvalidInput where there are fewer than two sequences a component, or a component collapses.
stats::GaussianMixture fit_sequence_mixture(const Eigen::MatrixXd& sequences, Seed seed,
                                            const SequenceFitOptions& options = {});

}  // namespace lehr::diffusion
