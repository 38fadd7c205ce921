// SoftDist heatmaps (Xia et al., ICML 2024): P_ij = softmax_j(-d_ij / tau) over the nearest neighbours.
#pragma once

#include <span>

#include "lehr/tour/heatmap/heatmap.hpp"
#include "lehr/tour/order.hpp"

namespace lehr::tour {

// The temperature for an instance: 0.0066, 0.0051 and 0.0018 times the side of a square of the instance's
// area for 500, 1000 and 10,000 cities (the authors' values), 0.16 sqrt(area / n) otherwise. The area is
// that of the bounding box; a box of no height, three dimensions, the sphere and tables take n times the
// square of the mean nearest-neighbour distance times 2, which is the area of as many uniform points in the
// plane (their mean distance is 0.5 sqrt(area / n)).
double softdist_temperature(const Instance& instance);

// The heatmap with at most `reach` entries a row (reach <= 50); tau > 0.
Heatmap softdist(const Instance& instance, double tau, int reach = 50);

// A temperature refined on instances whose good tours are known: minimises the cross entropy -mean log P
// over both ends of all edges of the tours, by golden section over log(tau / default) in [log 1/8, log 8].
// Returns the factor on softdist_temperature. An edge beyond the row counts with P = 1e-4, the threshold of
// candidates.
struct SolvedInstance {
  const Instance* instance;
  const Order* tour;
};
double softdist_factor(std::span<const SolvedInstance> solved);

}  // namespace lehr::tour
