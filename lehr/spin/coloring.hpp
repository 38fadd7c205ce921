// Colours of a model's graph: spins of one colour are not coupled, so they can be updated at the same time.
#pragma once

#include <vector>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct Coloring {
  std::vector<Index> order;  // all spins, colour by colour, ascending within a colour
  std::vector<Index> ends;   // where each colour ends in `order`
};

// Greedy colouring in the order of the indexes: at most max_degree + 1 colours, two on a chain or an even
// lattice. O(spins + couplings).
Coloring color(const IsingModel& model);

}  // namespace lehr::spin
