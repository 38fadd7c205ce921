// The stochastic samplers of an interpolant, at any noise level epsilon(t) >= 0:
//
//   forward    X_{t+h} = X_t + (b + epsilon s) h + sqrt(2 epsilon h) xi
//   backward   X_{t-h} = X_t - (b - epsilon s) h + sqrt(2 epsilon h) xi
//
// by one of three schemes (t' the step's end, x^ = x + noise):
//
//   euler       Euler-Maruyama; weak order 1, one evaluation a step
//   heun        K1 = drift(x^, t'), K2 = drift(x^ + h K1, t'), mean of both; weak order 1 (the variant of Karras et al., 2022)
//   trapezoid   K1 = drift(x, t), K2 = drift(x^ + h K1, t'), mean of both; weak order 2, since the noise does not depend on x
//               (the stochastic Heun method: P. Kloeden and E. Platen, "Numerical solution of SDEs", 15.1), two evaluations
//
// epsilon = 0 is the ODE by Euler's or Heun's method.
//
// Likelihood (Feynman-Kac): rho1^(x) = E[rho0(Y_0) exp(-int_0^1 div b_F(t, Y_t) dt)] with Y started at x and run down in t with the
// forward drift b_F = b + epsilon s; `paths` per point, averaged by log-mean-exp, which is biased low.
//
// A method under drive, one random stream per step and tile of points. Source: Albergo et al. (2023), sections 2.3, 2.4 and 4.
#pragma once

#include <array>

#include "lehr/diffusion/interpolant/transport_state.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

enum class SdeScheme { euler, heun, trapezoid };

struct InterpolantSdeOptions {
  TransportTimes grid = {};
  Schedule epsilon = 0.5;  // over t (not over the run: backward runs read it from its end)
  SdeScheme scheme = SdeScheme::euler;
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
  struct Step {
    double t = 0, h = 0, scale = 0;      // h < 0 going backward; scale of the noise
    std::array<double, 2> weights = {};  // of the score in the drift of each stage
    std::array<FieldAtTime, 2> fields;
  };
  double epsilon_at(std::int64_t step) const;
  Step step_from(std::int64_t number) const;
  TileSums cross(State& state, const Step& step, Eigen::Index first, Eigen::Index count,
                 const Stream& random) const;

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
