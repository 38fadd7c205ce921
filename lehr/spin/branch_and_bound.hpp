// Exact minimum by depth-first branch and bound with Russian-doll bounds, for models of up to about 60 spins
// that are too wide for variable elimination.
//
// Spins are fixed in a given order. With spins 1 .. d fixed, phi_i their field on a free spin i and G_d the
// minimum of the free spins' own energy (fields and couplings among them),
//
//   H >= offset + E(fixed) + G_d - sum_{i free} |phi_i|,
//
// since a sum's minimum is at least the sum of the minima. G_(n-1), ..., G_0 come from the same search over
// the last 1, 2, ..., n spins, each using the ones before (Verfaillie, Lemaitre and Schiex, "Russian doll
// search for solving constraint optimization problems", AAAI 1996). Each of these searches starts from a
// state that local search found. Spins that are coupled most are fixed first.
#pragma once

#include <cstdint>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

inline constexpr Index largest_branch_and_bound = 64;

struct BranchAndBoundResult {
  Spins spins;
  double energy = 0;
  std::int64_t nodes = 0;  // visited in all searches
};

// Throws InvalidInput for more than 64 spins, or when more than `max_nodes` nodes were visited; the message
// names both numbers. Ten million nodes take about two seconds, a
// dense model of 60 spins about as many.
BranchAndBoundResult branch_and_bound(const IsingModel& model, std::int64_t max_nodes = 2'000'000'000);

}  // namespace lehr::spin
