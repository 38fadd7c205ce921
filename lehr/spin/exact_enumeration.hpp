// Exact results by visiting every state of a small Ising model.
//
// The lowest m = 12 spins are tabulated: A[k] is the energy of their 2^m states in the field of the other
// spins. The others run through a Gray code, so each of its steps adds one precomputed table to A: one vector
// addition and one comparison for each state of the model. Blocks of the Gray code run in parallel. Without
// fields only one of each pair of mirror states is visited. Integer models are counted in 32-bit integers,
// others in double precision. Cost 2^n additions, memory O(n 2^m).
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

inline constexpr Index largest_enumeration = 36;
// Energies nearer than this, relative to the sum of |weights|, are equal.
inline constexpr double relative_tie = 1e-10;

struct GroundStates {
  double energy = 0;
  double degeneracy = 0;      // number of states of this energy; states within 1e-10 of sum |weights| count
  std::vector<Spins> states;  // the first `keep` of them
};

// Throws InvalidInput when the model has more than 36 spins. The states that are kept do not depend on the
// number of threads.
GroundStates exact_enumeration(const IsingModel& model, std::size_t keep = 1);

// H of all 2^n states, n <= 24; bit i of the position is 1 where spin i is +1.
std::vector<double> state_energies(const IsingModel& model);

// Boltzmann averages at inverse temperature beta: Z = sum_s e^(-beta H).
struct ThermalAverages {
  double beta = 0;
  double ln_z = 0;
  double energy = 0;           // <H>
  double energy_variance = 0;  // <H^2> - <H>^2
  std::vector<double> spins;   // <s_i>
};
// n <= 24; beta finite and not negative.
ThermalAverages thermal_averages(const IsingModel& model, double beta);

// The number of states of each energy, n <= 24; energies within 1e-10 of sum |weights| are one.
std::map<double, double> density_of_states(const IsingModel& model);

}  // namespace lehr::spin
