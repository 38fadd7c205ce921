// The inverse temperatures between which a model is annealed or tempered when its user gives none.
//
//   hot   ln 2 / (2 max_i r_i),  r_i = |h_i| + sum_j |J_ij|: even the worst flip is accepted half of the time
//   cold  ln(n_min / 0.01) / (2 b_min): of the n_min spins whose smallest non-zero |h_i| or |J_ij| is the
//         least, b_min, about one in a hundred sweeps excites one
//
// Source: the simulated annealing sampler of dwave-samplers. A model whose numbers are all zero gets [0.1,
// 1]. For k-local polynomials r_i and b_min are half the energy changes that single terms make.
#pragma once

#include "lehr/spin/flip_model.hpp"
#include "lehr/spin/polynomial_model.hpp"

namespace lehr::spin {

struct BetaRange {
  double hot, cold;  // hot <= cold, both positive and finite
};

BetaRange default_beta_range(const IsingModel& model);
BetaRange default_beta_range(const PolynomialModel& model);
inline BetaRange default_beta_range(const IsingFlips& flips) { return default_beta_range(flips.model()); }

}  // namespace lehr::spin
