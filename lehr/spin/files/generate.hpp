// Spin problems of the families that the literature measures on, made from a seed. The same options and seed
// give the same problem everywhere.
//
//   torus      rows x columns, periodic, 4 neighbours         lattice3d  rows x columns x layers, periodic
//   king       rows x columns, open, 8 neighbours             chimera    rows x columns cells of
//   K_{shore,shore} sk         all pairs of `size` spins                      gnp        each pair with
//   probability `density` regular    random graph, every vertex of `degree`         planar     union of
//   `layers` triangulated plane
//                                                                        graphs, each edge with prob.
//                                                                        `density`
//   wishart    planted (Hamze, Raymond, Pattison, Biswas, Katzgraber, "Wishart planted ensemble", Phys. Rev.
//   E
//              101, 052102, 2020): J = W W' / n with `alpha` n columns of W orthogonal to the planted state
//   loops      planted frustrated loops (Hen et al., "Probing for quantum speedup in spin-glass problems with
//              planted solutions", Phys. Rev. A 92, 042325, 2015): `alpha` n loops on the graph `on`
//
// Weights are unit (+1), ferro (-1), pm (+1 or -1 with equal chance) or gaussian (standard normal); those of
// sk are divided by sqrt(n). As an Ising model they are the couplings J of H = sum J_ij s_i s_j, which is
// minimised, as a graph the weights of the cut, which is maximised.
//
// Optima are known for planted problems, for ferro weights (all spins alike) and for unit weights on the
// torus, whose maximum cut is 2 a b - b [a odd] - a [b odd], and on chimera, which is bipartite.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/core/random.hpp"
#include "lehr/spin/problem.hpp"

namespace lehr::spin {

struct GenerateOptions {
  std::string family = "torus", weights = "auto", kind = "auto", on = "chimera";
  std::int64_t size = 100, rows = 10, columns = 0, layers = 0, shore = 4, degree = 3, shortest_loop = 6;
  double alpha = 1;
  std::optional<double> density = {};  // gnp: 0.06, planar: 1

  void describe(OptionTable& table);
};

// The problem, with `optimum` and `planted` where they are known, and a name that tells the family, its size
// and the seed. Throws InvalidInput for sizes that the family cannot have.
Problem generate(const GenerateOptions& options, Seed seed);

const std::vector<std::string>& families();

}  // namespace lehr::spin
