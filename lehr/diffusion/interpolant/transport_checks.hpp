// How well a transport arrives, where the target is known: distances between rho1 and the sample's law rho1^.
//
//   ODE   KL(rho1 || rho1^) = E_rho1[log rho1 - log rho1^], by the exact likelihood along the flow
//   SDE   KL(rho1 || rho1^) <= int_0^1 E|b_F^ - b_F|^2 / (4 epsilon) dt        (no such bound holds for the ODE)
//
// Source: Albergo et al. (2023), section 2.4 (theorem 23 and lemma 21).
#pragma once

#include <cstdint>
#include <span>

#include "lehr/diffusion/interpolant/mixture_transport.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

// P(X <= x) of a mixture on the line, and its inverse by bisection (p in (0, 1)). Throw InvalidInput for more dimensions.
double mixture_cdf(const stats::GaussianMixture& mixture, double x);
double mixture_quantile(const stats::GaussianMixture& mixture, double p);

// KL(rho || histogram of the sample) with `bins` equal cells on [low, high] and one on either side, from exact cell probabilities.
// Half a point is added to every cell, so that an empty one costs no infinity. Biased upwards by about bins / 2n.
double histogram_kl(const stats::GaussianMixture& mixture, std::span<const double> sample, double low,
                    double high, int bins);

struct Estimate {
  double value = 0, error = 0;  // standard error
};

// The bound for the velocity's error amplitude sin(frequency x) (see `perturbed`): int E|amplitude sin(frequency x_t)|^2 / (4 epsilon(t)) dt
// by n draws of x_t, one in each of n equal parts of [0, 1]. Infinite where epsilon is 0.
Estimate perturbation_bound(const MixtureTransport& transport, double amplitude, double frequency,
                            const Schedule& epsilon, std::int64_t n, Seed seed);

// Mean and standard error of the mean.
Estimate mean_with_error(const Eigen::VectorXd& values);

}  // namespace lehr::diffusion
