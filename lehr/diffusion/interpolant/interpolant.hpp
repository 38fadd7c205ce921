// Stochastic interpolants between two laws rho0 and rho1, spatially linear ones:
//
//   x_t = alpha(t) x0 + beta(t) x1 + gamma(t) z,   z ~ N(0, I) independent of (x0, x1),   0 <= t <= 1
//
//   path                alpha(t)                          beta(t)                          rho0
//   linear              1 - t                             t                                any
//   trig                sqrt(1 - gamma^2) cos(pi t / 2)   sqrt(1 - gamma^2) sin(pi t / 2)  any
//   encoding_decoding   cos^2(pi t) for t <= 1/2, else 0  cos^2(pi t) for t > 1/2, else 0  any; noise alone at t = 1/2
//   one_sided           1 - t                             t                                N(0, I), gamma = 0 (flow matching)
//   one_sided_vp        sqrt(1 - t^2)                     t                                N(0, I), gamma = 0 (score-based diffusion)
//   mirror              0                                 1                                rho1: from a point to its neighbourhood
//   schedules           any schedule                      any schedule                     any
//
//   gamma: brownian sqrt(a t (1 - t)), quadratic a t (1 - t), sine2 a sin^2(pi t), sigmoid (f = 10), zero, or any schedule
//
// Near the ends of `brownian` d gamma / dt is infinite, but gamma d gamma / dt is finite, and only that product enters the fields.
// Schedules are differentiated by differences over 1e-5 of t. Source: M. S. Albergo, N. M. Boffi and E. Vanden-Eijnden,
// "Stochastic interpolants", arXiv:2303.08797 (2023), table 8 and section 3.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lehr/core/options.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::diffusion {

// The path at one time. `*_rate` are derivatives by t; the products are half the derivative of the square.
struct PathPoint {
  double alpha = 0, beta = 0, alpha_rate = 0, beta_rate = 0;  // alpha_rate is -inf at the end of one_sided_vp
  double alpha_product = 0;                                   // alpha * d alpha / dt, finite everywhere
  double gamma = 0, gamma_product = 0;                        // gamma, gamma * d gamma / dt
};

struct InterpolantOptions {
  std::string path = "linear", gamma = "brownian";
  double gamma_scale = 1;
  std::optional<Schedule> alpha = {}, beta = {};  // path = schedules
  void describe(OptionTable& table);
};

class Interpolant {
 public:
  // Throws InvalidInput for an unknown path or gamma, ends that do not fit, gamma >= 1 with trig, gamma(1/2) = 0 with
  // encoding_decoding, and a negative gamma.
  explicit Interpolant(const InterpolantOptions& options = {});
  // A path of one's own; `at` must have alpha = 1, beta = 0 at t = 0 and alpha = 0, beta = 1 at t = 1, gamma = 0 at both.
  explicit Interpolant(std::function<PathPoint(double)> at);

  PathPoint at(double t) const { return at_(t); }
  bool one_sided() const { return one_sided_; }  // rho0 must be N(0, I)
  bool mirror() const { return mirror_; }        // x0 does not enter

 private:
  void check(const InterpolantOptions& options) const;
  std::function<PathPoint(double)> at_;
  bool one_sided_ = false, mirror_ = false;
};

}  // namespace lehr::diffusion
