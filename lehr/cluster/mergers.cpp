#include "lehr/cluster/mergers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "lehr/core/parallel.hpp"

namespace lehr::cluster {

namespace {

constexpr std::size_t near_clusters = 4;
constexpr std::size_t judged_pairs = 8;

// The rise of the BIC when one Gaussian takes the place of the two that hold clusters a and b; the lower the better.
double rise_by_merger(const WeightedPoints& points, const Partition& partition, const ClusterPair& pair,
                      const ValidationRules& rules) {
  std::vector<Index> members;
  std::vector<int> labels;
  for (std::size_t i = 0; i < partition.labels.size(); ++i) {
    const int label = partition.labels[i];
    if (label != pair.first && label != pair.second) continue;
    members.push_back(static_cast<Index>(i));
    labels.push_back(label == pair.first ? 0 : 1);
  }
  const WeightedPoints both = select(points, members);
  stats::MixtureFitOptions single_step{.steps = 1, .floor = rules.fit.floor};
  const stats::MixtureFit two = stats::fit_gaussian_mixture(both, labels, 2, rules.shape, single_step);
  const stats::MixtureFit one =
      stats::fit_gaussian_mixture(both, std::vector<int>(labels.size(), 0), 1, rules.shape, single_step);
  if (!one.sound() || !two.sound()) return -std::numeric_limits<double>::infinity();
  return one.bic - two.bic;
}

}  // namespace

bool touch(const ClusterPair& a, const ClusterPair& b) {
  return a.first == b.first || a.first == b.second || a.second == b.first || a.second == b.second;
}

std::vector<ClusterPair> near_pairs(const Eigen::MatrixXd& centres) {
  std::set<ClusterPair> pairs;
  for (Index a = 0; a < centres.cols(); ++a) {
    std::vector<std::pair<double, Index>> others;
    for (Index b = 0; b < centres.cols(); ++b)
      if (a != b) others.emplace_back((centres.col(a) - centres.col(b)).squaredNorm(), b);
    std::ranges::sort(others);
    for (std::size_t i = 0; i < std::min(near_clusters, others.size()); ++i)
      pairs.emplace(static_cast<int>(std::min(a, others[i].second)),
                    static_cast<int>(std::max(a, others[i].second)));
  }
  return {pairs.begin(), pairs.end()};
}

std::vector<ClusterPair> promising_pairs(const WeightedPoints& points, const Partition& partition,
                                         const ValidationRules& rules) {
  std::vector<ClusterPair> pairs = near_pairs(partition.centres);
  if (pairs.size() <= judged_pairs) return pairs;
  const auto rises = parallel_map(static_cast<std::int64_t>(pairs.size()), [&](std::int64_t p) {
    return rise_by_merger(points, partition, pairs[static_cast<std::size_t>(p)], rules);
  });
  std::vector<std::size_t> order(pairs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return rises[a] < rises[b]; });
  std::vector<ClusterPair> chosen;
  for (std::size_t i = 0; i < judged_pairs; ++i) chosen.push_back(pairs[order[i]]);
  std::ranges::sort(chosen);
  return chosen;
}

std::vector<int> without_gaps(const std::vector<int>& labels) {
  std::vector<int> numbers(static_cast<std::size_t>(*std::ranges::max_element(labels)) + 1, -1);
  for (const int label : labels) numbers[static_cast<std::size_t>(label)] = 0;
  int next = 0;
  for (int& number : numbers)
    if (number == 0) number = next++;
  std::vector<int> result(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) result[i] = numbers[static_cast<std::size_t>(labels[i])];
  return result;
}

std::vector<int> merged(std::vector<int> labels, const std::vector<ClusterPair>& pairs) {
  for (int& label : labels)
    for (const ClusterPair& pair : pairs)
      if (label == pair.second) label = pair.first;
  return without_gaps(labels);
}

Partition polished(const WeightedPoints& points, const std::vector<int>& labels) {
  const auto count = [](const std::vector<int>& all) { return *std::ranges::max_element(all) + 1; };
  Partition cells = partition_of(points, labels, count(labels));
  if (cells.cells() == 1) return cells;
  Partition found = kmeans(points, cells.centres);
  std::vector<int> compact = without_gaps(found.labels);
  if (compact == found.labels && count(compact) == found.cells()) return found;
  const Index remaining = count(compact);
  return partition_of(points, std::move(compact), remaining);
}

}  // namespace lehr::cluster
