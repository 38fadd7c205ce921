// An order in which to eliminate the spins of a model, and what it costs: the width of an order is the most
// spins that a spin is coupled to, directly or through eliminated ones, when its turn comes. The least width
// of all orders is the tree-width of the graph.
//
// The cheaper of two orders. Greedy min-fill: next comes the spin whose elimination adds the fewest couplings (of
// these the one with the fewest neighbours); good for irregular graphs (V. Gogate and R. Dechter, "A complete
// anytime algorithm for treewidth", UAI 2004, compares such rules). Breadth-first from an end of the graph, as
// Cuthill and McKee (1969) number matrices of small bandwidth; good for long lattices.
#pragma once

#include <vector>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct EliminationOrder {
  bool complete = false;  // false: some spin had more than `limit` neighbours left
  Index width = 0;        // where not complete: the number of neighbours that was too many
  double cost = 0;        // sum over spins of 2^(its width + 1)
  std::vector<Index> order;
  std::vector<std::vector<Index>> neighbours;  // of order[k] when its turn comes
};

// `limit` is the largest width to accept, at most 30.
EliminationOrder elimination_order(const IsingModel& model, Index limit);

}  // namespace lehr::spin
