// Houdayer's isoenergetic cluster move between two replicas a and b at one temperature: where their overlap
// q_i = s_i^a s_i^b is -1, the connected cluster of a random such site is flipped in both. The sum of both
// energies stays, so the move is always accepted; it carries each replica over barriers that single flips
// do not cross. Useful where the sites with q = -1 do not percolate: low temperature, few dimensions.
//
// Without fields, q = +1 serves as well (one replica seen through its global flip): the rarer sign is used.
//
// Source: J. Houdayer, "A cluster Monte Carlo algorithm for 2-dimensional spin glasses", 2001; Zhu, Ochoa and
// Katzgraber, "Efficient cluster algorithm for spin glasses in any space dimension", 2015. Cost O(n) and the
// cluster's couplings.
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/spin/cluster_scratch.hpp"
#include "lehr/spin/flip_model.hpp"

namespace lehr::spin {

// Returns the size of the cluster (0: no site differs) and the change of a's energy; b's is its negative.
ClusterMove houdayer_move(const IsingFlips& flips, IsingFlips::Configuration& a, IsingFlips::Configuration& b,
                          Stream& random, ClusterScratch& scratch);

}  // namespace lehr::spin
