// One step of replica symmetry breaking for dense Hopfield networks, p-spin glasses and the pairwise Hopfield
// network.
//
//   A_1 = ln 2 + (1/theta) E_{z1} ln E_{z2} cosh^theta(beta h) - beta (P-1)/P! m^P
//         + (beta^2 J^2/4) [1 - P q2^(P-1) + (P-1) q2^P - theta (P-1) (q2^P - q1^P)]
//   m = E<tanh>, q2 = E<tanh^2>, q1 = E<tanh>^2, < > weighted by cosh^theta;  dA_1/dtheta = 0, where A_1 is
//   minimal
//
// The inner equations are iterated at given mu = beta theta, the outer root is bracketed by a scan from large
// mu down and closed by Alefeld, Potra and Shi's method. T = 0 is the limit at fixed mu (weights e^(mu |h|),
// q2 = 1). Source: as replica_symmetric.hpp. Cost: 5 ms a point where q1 = 0 or T = 0, up to a second where
// both integrals are needed.
#pragma once

#include "lehr/spin/memory/replica_point.hpp"
#include "lehr/spin/memory/replica_symmetric.hpp"

namespace lehr::spin {

// The stationary solution at `temperature` >= 0. Where replica symmetry is exact, its solution with
// `rsb_irrelevant`; where the branch has no stationary point, the last point tried with `exists` false.
ReplicaPoint one_step_rsb(const ReplicaModel& model, double temperature, Branch branch);

// The solution at a given mu = beta theta > 0, not stationary in it.
ReplicaPoint one_step_rsb_at(const ReplicaModel& model, double temperature, double mu, Branch branch,
                             const ReplicaPoint* from = nullptr);

// The largest load at which one step has a stationary retrieval state, T >= 0; bisection to a relative 1e-6.
Capacity one_step_rsb_capacity(int order, double temperature);

}  // namespace lehr::spin
