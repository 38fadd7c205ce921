// One solution of a replica theory: order parameters and the thermodynamics that follows from them.
#pragma once

#include "lehr/spin/memory/replica_model.hpp"
#include "lehr/spin/memory/site_averages.hpp"

namespace lehr::spin {

// Where the iteration starts, and so which solution it finds where several exist.
enum class Branch { retrieval, glass };
enum class Phase { ergodic, glass, retrieval };
const char* name(Branch branch);
const char* name(Phase phase);

struct ReplicaPoint {
  double temperature = 0;
  OrderParameters order;
  double q2 = 0;
  double mu = 0;           // beta theta; stays finite as T -> 0; 0 for replica symmetry
  double theta = 1;        // weight of the state overlaps, mu T
  double pressure = 0;     // A = -f / T; infinite at T = 0
  double free_energy = 0;  // f per spin
  double energy = 0;       // u per spin
  double entropy = 0;      // (u - f) / T, and its limit at T = 0
  double stability = 0;  // de Almeida-Thouless (Gardner's for one step) eigenvalue: stable below 1; infinite
                         // at T = 0 where fields reach 0
  bool exists = false;  // the solution is on the branch that was asked for
  bool converged = false;
  bool rsb_irrelevant = false;  // one step was asked for, and replica symmetry is exact
  int iterations = 0;           // evaluations of the map
  Phase phase() const;
};

// Fills in the thermodynamics of given order parameters at `mu` (0: replica symmetry, q1 = q2).
ReplicaPoint replica_point(const ReplicaModel& model, double temperature, const OrderParameters& order,
                           double mu);

// The averages of one spin in the field that these order parameters give.
SiteAverages site_averages(const ReplicaModel& model, double temperature, const OrderParameters& order,
                           double mu);

// A / beta at fixed order parameters: the functional whose stationary point is the solution.
double pressure_over_beta(const ReplicaModel& model, double temperature, const OrderParameters& order,
                          double mu);
// Its derivative in mu at fixed order parameters.
double mu_slope(const ReplicaModel& model, double temperature, const OrderParameters& order, double mu);

// The hard (spin-glass) and the soft (Gaussian) part of the replica-symmetric pressure A at m = 0. For P > 2
// the dense network is the p-spin glass with J^2 = 2 load / P! and nothing soft is left; at P = 2 the hard
// part is the SK model at beta' = beta sqrt(load) / (1 - beta (1 - q)). Temperature above 0.
struct GlassDecomposition {
  double hard = 0, soft = 0;
};
GlassDecomposition glass_decomposition(const ReplicaModel& model, double temperature, double q);

}  // namespace lehr::spin
