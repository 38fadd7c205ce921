// The two rigorous routes to the pressure A of a dense network, as checks of the closed form at fixed order
// parameters (m, q1, q2, theta), solution or not.
//
// Guerra's interpolation A(t), t in [0, 1], switches the one-body fields on: t of the mean, t of each
// variance. Under concentrated order parameters (averages at t below)
//   dA/dt = beta s <m>_t + (beta^2/2) v1 [1 - (1 - theta) <q2>_t - theta <q1>_t]
//           + (beta^2/2) (v2 - v1) [1 - (1 - theta) <q2>_t] + S,      A(0) = ln 2
// with S the order parameters' own terms. The transport route solves d_t A + v . grad A = S by its
// characteristics: from A(0, 0) = ln 2 out to the foot x0 of the characteristic that ends at (t = 1, x = 0),
// one axis (s, v1, v2 - v1) at a time, then along it, where A grows by S t. Both must give A_1. Source: F.
// Guerra, "Sum rules for the free energy in the mean field spin glass model", 2001; A. Barra, "The mean field
// Ising model through interpolating techniques", 2008.
#pragma once

#include "lehr/spin/memory/replica_point.hpp"

namespace lehr::spin {

struct SumRule {
  double closed = 0;      // A by the closed form
  double integrated = 0;  // A by the sum rule
  double difference() const { return integrated - closed; }
};

// `mu` = beta theta; 0 with q1 = q2 for replica symmetry. Temperature above 0, otherwise InvalidInput.
SumRule guerra_check(const ReplicaModel& model, double temperature, const OrderParameters& order, double mu);
SumRule transport_check(const ReplicaModel& model, double temperature, const OrderParameters& order,
                        double mu);

}  // namespace lehr::spin
