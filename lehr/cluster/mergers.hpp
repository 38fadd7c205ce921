// Which clusters may be one: pairs of near clusters, and labels after a merger.
#pragma once

#include <utility>
#include <vector>

#include "lehr/cluster/validation.hpp"

namespace lehr::cluster {

using ClusterPair = std::pair<int, int>;  // first < second

// Whether the pairs share a cluster.
bool touch(const ClusterPair& a, const ClusterPair& b);

// Each centre with its 4 nearest, in rising order.
std::vector<ClusterPair> near_pairs(const Eigen::MatrixXd& centres);

// The near pairs whose merger promises most: up to 8, by how much one Gaussian in place of two, on the pair's own points,
// lowers the BIC. Empty for one cluster. Cost O(n d^2) for all pairs together.
std::vector<ClusterPair> promising_pairs(const WeightedPoints& points, const Partition& partition,
                                         const ValidationRules& rules);

// Labels 0, 1, ... without gaps, in the order of the given ones.
std::vector<int> without_gaps(const std::vector<int>& labels);

// The labels with the second cluster of each pair in its first, without gaps.
std::vector<int> merged(std::vector<int> labels, const std::vector<ClusterPair>& pairs);

// Lloyd's iteration from the means of the labels' cells; cells that it empties are gone.
Partition polished(const WeightedPoints& points, const std::vector<int>& labels);

}  // namespace lehr::cluster
