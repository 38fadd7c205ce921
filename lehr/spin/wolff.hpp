// Wolff's cluster move for an Ising model: grows a cluster from a random spin over satisfied couplings
// (J_ij s_i s_j < 0), each with probability 1 - e^(-2 beta |J_ij|), and flips it. Rejection-free and without
// critical slowing down where no loop is frustrated, correct but of little use in spin glasses. A field acts
// as a coupling to a ghost spin: a cluster that reaches the ghost is not flipped.
//
// Source: U. Wolff, "Collective Monte Carlo updating for spin systems", 1989. Cost O(couplings of the
// cluster).
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/spin/cluster_scratch.hpp"
#include "lehr/spin/flip_model.hpp"

namespace lehr::spin {

// One cluster at 0 <= beta < infinity; the model has at least one spin.
ClusterMove wolff_move(const IsingFlips& flips, IsingFlips::Configuration& configuration, double beta,
                       Stream& random, ClusterScratch& scratch);

}  // namespace lehr::spin
