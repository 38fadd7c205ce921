// The transitions of glasses whose order parameter jumps (P > 2) within one step of replica symmetry
// breaking.
//
// At theta = 1 with q1 = 0 a state has lambda = beta^2 v(q), q = F(lambda) = E cosh(sqrt(lambda) z) tanh^2 /
// E cosh, so that T^2 = v(F(lambda)) / lambda: the dynamical transition T_d is its maximum, the static one
// T_s the point of that curve where dA_1/dtheta = 0. (At T_s itself A_1 equals the paramagnet's value
// identically.) Below Gardner's temperature T_G the one-step solution is unstable too. Source: T. R.
// Kirkpatrick and D. Thirumalai, 1987; E. Gardner, 1985.
#pragma once

#include "lehr/spin/memory/replica_model.hpp"

namespace lehr::spin {

struct GlassTransition {
  double temperature = 0;
  double q = 0;  // self-overlap of the states there
};

// All throw InvalidInput for a model whose glass is continuous (pair interactions, a field) or that has no
// noise.
GlassTransition dynamical_transition(const ReplicaModel& model);
GlassTransition static_transition(const ReplicaModel& model);
// To a relative 1e-4.
GlassTransition gardner_transition(const ReplicaModel& model);

}  // namespace lehr::spin
