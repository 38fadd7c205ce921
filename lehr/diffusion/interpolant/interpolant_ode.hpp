// The deterministic sampler of an interpolant, dX = b(t, X) dt, and the likelihood along it:
//
//   log rho1^(x) = log rho0(X_0(x)) - int_0^1 div b(t, X_t) dt
//
// by the classical Runge-Kutta method of order 4, or by Dormand and Prince's pair 5(4) with a step size of its own for every tile of
// 128 points, whose error per step stays below atol + rtol |x| at every point. Cost: 4 evaluations of the field a step, 6 adaptive.
// A method under drive; nothing is random. Source: Albergo et al. (2023), section 2.3; E. Hairer, S. Norsett and G. Wanner,
// "Solving ordinary differential equations I", II.4-5.
#pragma once

#include "lehr/core/budget.hpp"
#include "lehr/diffusion/interpolant/transport_state.hpp"

namespace lehr::diffusion {

struct InterpolantOdeOptions {
  TransportTimes grid = {};
  bool adaptive = false;  // Dormand-Prince between the times of the grid
  double rtol = 1e-5, atol = 1e-5;
  bool likelihood = false;    // integrate the divergence
  bool measure_score = true;  // mean |s| where the field has one: costs no evaluation for exact fields
};

class InterpolantOde {
 public:
  using State = TransportState;
  // `start`: d x n, at t = 0 going forward, at t = 1 going backward. Throws InvalidInput (see start_transport).
  InterpolantOde(TransportField field, Eigen::MatrixXd start, InterpolantOdeOptions options = {});

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
  void runge_kutta(State& state, double t, double h) const;
  void dormand_prince(State& state, double t, double h) const;

  TransportField field_;
  Eigen::MatrixXd start_;
  InterpolantOdeOptions options_;
};

}  // namespace lehr::diffusion
