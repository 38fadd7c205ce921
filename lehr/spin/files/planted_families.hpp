// Internal to the generator: problems whose ground state is planted.
#pragma once

#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/files/graph_families.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

// Couplings whose ground state (unique up to a flip of all spins in wishart) is `planted`.
struct Planted {
  std::vector<Coupling> couplings;
  Spins planted;
};

// n spins uniformly at random: the gauge that hides the planted state.
Spins random_spins(Index n, Stream random);

// Wishart: `columns` normal vectors w with t'w = 0; H = sum_{i<j} J s s with J = W W' / n is
// |W's|^2 / (2 n) - |W|^2 / (2 n), least where W's = 0.
Planted wishart(Index spins, Index columns, Seed seed);

// `loops` random closed walks of at least `shortest` edges; each adds -1 (seen from the planted state) to its
// edges and +1 to one of them, so the planted state leaves one edge of every loop unsatisfied, which is the
// least that a loop allows.
Planted frustrated_loops(const Graph& graph, std::int64_t loops, std::int64_t shortest, Seed seed);

}  // namespace lehr::spin
