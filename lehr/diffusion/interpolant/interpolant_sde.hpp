// The stochastic samplers of an interpolant, at any noise level epsilon(t) >= 0:
//
//   forward    X_{t+h} = X_t + (b + epsilon s) h + sqrt(2 epsilon h) xi
//   backward   X_{t-h} = X_t - (b - epsilon s) h + sqrt(2 epsilon h) xi
//
// by Euler-Maruyama, or by the two-stage Heun variant (x^ = x + noise, K1 = drift(x^, t'), K2 = drift(x^ + h K1, t'), mean of both, t'
// the step's end), which is of first order weakly as well. epsilon = 0 is the ODE by Euler's method.
//
// Likelihood (Feynman-Kac): rho1^(x) = E[rho0(Y_0) exp(-int_0^1 div b_F(t, Y_t) dt)] with Y started at x and run down in t with the
// forward drift b_F = b + epsilon s; `paths` per point, averaged by log-mean-exp, which is biased low.
//
// A method under drive, one random stream per step and tile of points. Source: Albergo et al. (2023), sections 2.3, 2.4 and 4.
#pragma once

#include "lehr/diffusion/interpolant/transport_state.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

struct InterpolantSdeOptions {
  TimeGrid grid = {};
  Schedule epsilon = 0.5;  // over t (not over the run: backward runs read it from its end)
  bool heun = false;
  bool likelihood = false;  // backward with b_F and the integral of its divergence (Feynman-Kac)
};

class InterpolantSde {
 public:
  using State = TransportState;
  // Throws InvalidInput where epsilon is negative somewhere on the grid, or above 0 while the field has no score, and for a likelihood
  // that is asked for forwards.
  InterpolantSde(TransportField field, Eigen::MatrixXd start, InterpolantSdeOptions options = {});

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.step >= options_.grid.steps; }
  void measure(const State& state, Row& row) const { measure_transport(state, row); }
  std::int64_t steps() const { return options_.grid.steps; }

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    state.fields(visit);
  }

 private:
  double epsilon_at(std::int64_t step) const;

  TransportField field_;
  Eigen::MatrixXd start_;
  InterpolantSdeOptions options_;
};

// Every column `paths` times, one after the other: the start of a Feynman-Kac run.
Eigen::MatrixXd repeated(const Eigen::MatrixXd& points, std::int64_t paths);

// log rho1^ of each point from the ends of its paths, and the standard error of each (of the mean's logarithm, by the delta method).
struct PathLikelihood {
  Eigen::VectorXd value, error;
};
PathLikelihood path_likelihood(const TransportState& end, const stats::GaussianMixture& from,
                               std::int64_t paths);

}  // namespace lehr::diffusion
