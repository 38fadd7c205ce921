// Internal to the generator: the graphs of its families. Edges are distinct pairs i < j.
#pragma once

#include <utility>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

using Edge = std::pair<Index, Index>;

struct Graph {
  Index vertices = 0;
  std::vector<Edge> edges;
};

// Periodic grid with sides of at least 3; layers = 1 is the plane torus.
Graph torus_graph(std::int64_t rows, std::int64_t columns, std::int64_t layers);
Graph king_graph(std::int64_t rows, std::int64_t columns);
// Cells of two shores of `shore` vertices, all pairs across; one shore is linked down the column of cells,
// the other along the row.
Graph chimera_graph(std::int64_t rows, std::int64_t columns, std::int64_t shore);
Graph complete_graph(std::int64_t vertices);
// Every pair with probability `density` (skips of geometric length: Batagelj and Brandes, 2005).
Graph random_graph(std::int64_t vertices, double density, Stream random);
// Every vertex has `degree` edges: stubs paired at random, pairs that would be loops or repeated edges are
// switched with random others.
Graph regular_graph(std::int64_t vertices, std::int64_t degree, Stream random);
// A triangulation grown by putting each vertex into a random face, its vertices named at random; edges are
// kept with probability `density`, and `layers` such graphs united.
Graph planar_union(std::int64_t vertices, std::int64_t layers, double density, Stream random);

}  // namespace lehr::spin
