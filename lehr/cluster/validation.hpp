// How many clusters a set of points falls into at once: k-means proposes, Gaussian mixtures judge.
//
// For q = 1, 2, ... qmax the points are partitioned into q cells, a mixture of q components is fitted from the cells'
// labels, and q is admitted where
//   agreement   the mixture's most probable component is the k-means cell for at least this share of the weight, and
//   masses      no component starves: it holds at least d + 1 rows (full covariances), 2 otherwise.
// Chosen is the admitted q with the lowest BIC; q = 1 is always admitted. Both tests are needed: BIC alone cuts skewed
// groups up, agreement alone accepts cuts through noise. Several q are tried, not only 2, because with three or five
// groups a first cut in two goes through one of them. Cost: qmax bisections and qmax fits, the fits in parallel.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "lehr/cluster/kmeans.hpp"
#include "lehr/core/random.hpp"
#include "lehr/stats/gaussian_mixture_em.hpp"

namespace lehr::cluster {

struct ValidationRules {
  stats::CovarianceShape shape = stats::CovarianceShape::full;
  Index qmax = 6;
  double agreement = 0.85;
  double least_rows = 8;         // of a cell that a bisection leaves
  std::int64_t runs = 0;         // 0: partitions by bisection; else the best of so many random starts
  stats::MixtureFitOptions fit;  // with the floor and the least mass
};

// Rows that a component must hold lest it starves.
double starving_mass(stats::CovarianceShape shape, Index dimension);

// A partition with its mixture.
struct Candidate {
  Partition partition;
  stats::MixtureFit fit;
  double agreement = 1;
  bool admitted = false;
  Index components() const { return partition.cells(); }
};

// The mixture fitted from the partition's labels, and how far both agree.
Candidate validated(const WeightedPoints& points, Partition partition, const ValidationRules& rules);

// One candidate for each q, from 1 to where no cell can be cut; `random` is used where rules.runs > 0.
std::vector<Candidate> candidates(const WeightedPoints& points, const ValidationRules& rules,
                                  const Stream& random);

// The admitted candidate with the lowest BIC, the first of equal ones.
std::size_t best_candidate(const std::vector<Candidate>& candidates);

}  // namespace lehr::cluster
