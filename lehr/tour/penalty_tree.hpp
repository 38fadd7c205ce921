// Minimum spanning trees of all cities under penalties: the weight of edge {i, j} is d(i, j) + pi_i + pi_j. The complete graph is meant, none of
// its edges is left out: what a bound stands on.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "lehr/tour/instance.hpp"

namespace lehr::tour {

// More than any weight or coordinate.
inline constexpr double endless = std::numeric_limits<double>::infinity();

struct Edge {
  City a, b;
};

// A minimum spanning tree: n - 1 edges. Positions in the plane or in space under the straight, summed or largest difference: Boruvka's
// rounds over a k-d tree whose boxes know the least penalty and the common component inside, about O(n log^2 n); `likely` edges (a graph that
// probably holds the tree) start each search close to its answer, they do not change the tree's weight. Else Prim's rule, O(n^2).
std::vector<Edge> spanning_tree(const Instance& instance, std::span<const double> penalties,
                                std::span<const Edge> likely = {});

// For each of `cities`: the least weight of an edge to any city but `without[k]` and itself.
std::vector<double> nearest_weights(const Instance& instance, std::span<const double> penalties,
                                    std::span<const City> cities, std::span<const City> without);

// The minimum spanning tree of the graph with these edges alone, by Kruskal's rule; fewer than n - 1 edges where it is not connected.
std::vector<Edge> spanning_tree_of(const Instance& instance, std::span<const double> penalties,
                                   std::span<const Edge> edges);

double weight(const Instance& instance, std::span<const double> penalties, std::span<const Edge> edges);

}  // namespace lehr::tour
