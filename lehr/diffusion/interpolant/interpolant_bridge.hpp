// The Schroedinger bridge by optimising the interpolant. Over paths x_t = alpha x0 + beta x1 + gamma z with
//
//   alpha = 1 - t + a1 sin(pi t) + a2 sin(2 pi t),  beta = t + b1 sin(pi t) + b2 sin(2 pi t),
//   gamma^2 = t (1 - t) exp(c0 + c1 (2t - 1) + c2 (2t - 1)^2)
//
// the max-min problem  max over the path, min over u, of int E[|u|^2 / 2 - (d/dt I + (gamma' - epsilon / gamma) z).u] dt  has the inner
// minimum -1/2 int E|b_F|^2 dt at u = b_F = b + epsilon s, so the outer step makes the kinetic energy int E|b_F|^2 dt smallest. Where the
// best path is among these, b_F is the drift of the bridge with the reference sqrt(2 epsilon) dW.
//
// Between Gaussians the energy is a quadrature, |m'|^2 + (v'/2 - epsilon)^2 / v per coordinate, with an exact gradient, and the bridge is
// known: v(t) = (1-t)^2 s0^2 + t^2 s1^2 + 2 t (1-t) (c + epsilon), c = (sqrt(4 s0^2 s1^2 + 4 epsilon^2) - 2 epsilon) / 2. Between mixtures the
// field is exact and the expectation is one over fixed draws; there the coupling stays independent, so that the result is the best of
// these paths, not the bridge itself. Minimised by L-BFGS. Source: Albergo et al. (2023), section 3.5 (theorem 36).
#pragma once

#include <Eigen/Core>
#include <vector>

#include "lehr/diffusion/interpolant/mixture_transport.hpp"

namespace lehr::diffusion {

inline constexpr Eigen::Index bridge_coefficients = 7;  // a1, a2, b1, b2, c0, c1, c2

Interpolant bridge_interpolant(const Eigen::VectorXd& coefficients);

struct BridgeFit {
  Eigen::VectorXd coefficients;
  double kinetic = 0, first_kinetic = 0;  // of the best path, and of linear + brownian
  double exact_kinetic = 0;               // of the bridge itself; NaN where it is not known
  std::vector<double> trace;              // the energy after each iteration
  int iterations = 0, evaluations = 0;
};

struct GaussianEnds {
  double mean0 = 0, variance0 = 1, mean1 = 0, variance1 = 1;
};

// On the line. `epsilon` > 0, variances > 0; otherwise InvalidInput.
BridgeFit gaussian_bridge(const GaussianEnds& ends, double epsilon);
// The bridge's variance at t, and its energy in closed form: 4 epsilon times the divergence of the best coupling from the reference's.
double gaussian_bridge_variance(const GaussianEnds& ends, double epsilon, double t);
double gaussian_bridge_energy(const GaussianEnds& ends, double epsilon);

struct MixtureBridgeOptions {
  double epsilon = 0.5;
  Eigen::Index draws = 400;  // of (x0, x1, z), the same at every time
  int times = 24;            // Gauss-Legendre nodes
  int iterations = 60;
};
// Gradients by central differences over the same draws. Cost: 15 * times * draws evaluations of the field a step.
BridgeFit mixture_bridge(const stats::GaussianMixture& from, const stats::GaussianMixture& to,
                         const MixtureBridgeOptions& options, Seed seed);
// int E|b_F|^2 dt of a path by these draws, without any optimising.
double mixture_energy(const stats::GaussianMixture& from, const stats::GaussianMixture& to,
                      const Interpolant& interpolant, const MixtureBridgeOptions& options, Seed seed);

}  // namespace lehr::diffusion
