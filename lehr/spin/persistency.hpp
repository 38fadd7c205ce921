// Roof duality: spins whose value is the same in every ground state, found by one maximum flow, and a lower
// bound on the ground-state energy.
//
// Every spin stands twice in the network, as i (on the source's side: s_i = +1) and as its complement i' (on
// the source's side: s_i = -1). A field |h| ties i and i' to the terminals, a ferromagnetic coupling |J| joins
// i to j and i' to j', an antiferromagnetic one i to j' and i' to j. A spin whose two nodes lie on different
// sides of the minimum cut next to the source is persistent. Sources: P. L. Hammer, P. Hansen and B. Simeone
// (1984); E. Boros and P. L. Hammer, "Pseudo-Boolean optimization" (2002); V. Kolmogorov and C. Rother,
// "Minimizing nonsubmodular functions with graph cuts: a review" (2007).
//
// Without fields nothing is persistent, since every state has a mirror state.
#pragma once

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct Persistency {
  Spins spins;             // +1 or -1 where every ground state has this value, else 0
  Index fixed = 0;         // how many
  double lower_bound = 0;  // on the energy of any state, offset included
};

Persistency roof_duality(const IsingModel& model);

}  // namespace lehr::spin
