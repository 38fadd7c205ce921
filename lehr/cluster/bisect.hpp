// Deterministic k-means by bisection: cells are cut in two along their principal axis, the one with the largest SSE first.
//
//   cut of a cell with mean c, largest eigenvalue l and its direction v:  Lloyd's iteration from c - sqrt(l) v, c + sqrt(l) v
//
// A cell with less than 2 * least_mass is not cut, and a cut that leaves less than least_mass on a side is rejected. The
// partition into q cells is then Lloyd's iteration from their q means on all points. No random number is drawn. Related:
// principal direction divisive partitioning (D. Boley, 1998) and bisecting k-means (M. Steinbach, G. Karypis and V. Kumar,
// 2000). Cost O(n (d^2 + sweeps d)) per level of cuts.
#pragma once

#include <vector>

#include "lehr/cluster/kmeans.hpp"

namespace lehr::cluster {

// Element q - 1 is the partition into q cells, for q = 1, 2, ... up to `cells` or to where no cell can be cut any more.
// Every partition has a label and a cell for each point. Throws InvalidInput for no points.
std::vector<Partition> bisect(const WeightedPoints& points, Index cells, double least_mass,
                              const KMeansOptions& options = {});

// A cell's points in two: labels 0 and 1, with c - sqrt(l) v first.
Partition cut_in_two(const WeightedPoints& cell, const KMeansOptions& options = {});

}  // namespace lehr::cluster
