// The replica-symmetric theory of dense Hopfield networks, p-spin glasses and the pairwise Hopfield network.
//
//   A = E ln 2 cosh(beta [m^(P-1)/(P-1)! + z sqrt(load q^(P-1)/(P-1)!)]) - beta (P-1)/P! m^P
//       + (beta^2 J^2 / 4) (1 - P q^(P-1) + (P-1) q^P),     J^2 = 2 load / P!
//   m = E tanh beta h,   q = E tanh^2 beta h
//
// solved by damped iteration in (m, C = beta (1 - q)), which holds at T = 0 too. Source: L. Albanese, F.
// Alemanno, A. Alessandrelli and A. Barra, "Replica symmetry breaking in dense neural networks", 2022; E.
// Gardner, 1987. Cost about 1 ms a point.
#pragma once

#include "lehr/spin/memory/fixed_point.hpp"
#include "lehr/spin/memory/replica_point.hpp"

namespace lehr::spin {

// The solution at `temperature` >= 0 that is reached from m = q = 1 (retrieval) or m = 0, q = 1 (glass), or
// from the order parameters of `from`, a neighbouring point of the same branch.
ReplicaPoint replica_symmetric(const ReplicaModel& model, double temperature, Branch branch,
                               const ReplicaPoint* from = nullptr);

// The largest load at which replica symmetry has a retrieval state of the dense network of order P in [2,
// 100].
struct Capacity {
  double load = 0;
  double m = 0;  // overlap of the retrieval state there
};
// T = 0, where it is max over u of [erf(u)^(P-1) / u]^2 / (2 (P-1)!), u = m^(P-1) / sqrt(2 load (P-1)!); 2/pi
// at P = 2.
Capacity zero_temperature_capacity(int order);
// Any temperature, by bisection to a relative 1e-6; load 0 where no load has one.
Capacity replica_symmetric_capacity(int order, double temperature);

}  // namespace lehr::spin
