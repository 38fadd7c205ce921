#include "lehr/cluster/validation.hpp"

#include "lehr/cluster/bisect.hpp"
#include "lehr/cluster/scores.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::cluster {

double starving_mass(stats::CovarianceShape shape, Index dimension) {
  return shape == stats::CovarianceShape::full ? static_cast<double>(dimension + 1) : 2;
}

Candidate validated(const WeightedPoints& points, Partition partition, const ValidationRules& rules) {
  Candidate candidate{.partition = std::move(partition), .fit = {}};
  const Index components = candidate.components();
  candidate.fit =
      stats::fit_gaussian_mixture(points, candidate.partition.labels, components, rules.shape, rules.fit);
  if (candidate.fit.sound() && components > 1) {
    const stats::MixtureDensity density(candidate.fit.mixture);
    candidate.agreement =
        agreement(candidate.partition.labels, density.most_probable(points), points.weights);
  } else if (components > 1) {
    candidate.agreement = 0;
  }
  candidate.admitted = components == 1 || (candidate.fit.sound() && candidate.agreement >= rules.agreement);
  return candidate;
}

std::vector<Candidate> candidates(const WeightedPoints& points, const ValidationRules& rules,
                                  const Stream& random) {
  std::vector<Partition> partitions;
  if (rules.runs == 0) {
    partitions = bisect(points, rules.qmax, rules.least_rows);
  } else {
    const bool large_enough = points.total_weight() >= 2 * rules.least_rows;
    for (Index q = 1; q <= (large_enough ? std::min(rules.qmax, points.size()) : 1); ++q)
      partitions.push_back(
          random_start_kmeans(points, q, rules.runs, random.at_block(static_cast<std::uint64_t>(q) << 32)));
  }
  return parallel_map(static_cast<std::int64_t>(partitions.size()), [&](std::int64_t q) {
    return validated(points, std::move(partitions[static_cast<std::size_t>(q)]), rules);
  });
}

std::size_t best_candidate(const std::vector<Candidate>& all) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i].admitted && all[i].fit.bic < all[best].fit.bic) best = i;
  return best;
}

}  // namespace lehr::cluster
