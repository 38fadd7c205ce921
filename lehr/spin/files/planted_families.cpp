#include "lehr/spin/files/planted_families.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

// A closed walk that never turns straight back, cut to its loop; empty when the walk ends in a dead end or
// the loop is too short.
class LoopFinder {
 public:
  explicit LoopFinder(const Graph& graph)
      : model_(std::vector<double>(static_cast<std::size_t>(graph.vertices)), unit_couplings(graph)),
        place_(static_cast<std::size_t>(graph.vertices), -1) {}

  std::vector<Index> walk(Stream& random) {
    std::vector<Index> path;
    auto at = static_cast<Index>(uniform_index(random, model_.size()));
    while (place_[static_cast<std::size_t>(at)] < 0) {
      place_[static_cast<std::size_t>(at)] = static_cast<Index>(path.size());
      path.push_back(at);
      at = next(path, random);
      if (at < 0) break;
    }
    const Index begin = at < 0 ? static_cast<Index>(path.size()) : place_[static_cast<std::size_t>(at)];
    for (const Index i : path) place_[static_cast<std::size_t>(i)] = -1;
    return {path.begin() + begin, path.end()};
  }

 private:
  static std::vector<Coupling> unit_couplings(const Graph& graph) {
    std::vector<Coupling> couplings;
    for (const auto& [i, j] : graph.edges) couplings.push_back({i, j, 1});
    return couplings;
  }
  // A random neighbour of the path's end other than where it came from; -1 when there is none.
  Index next(const std::vector<Index>& path, Stream& random) const {
    const auto neighbours = model_.neighbours(path.back());
    const Index from = path.size() > 1 ? path[path.size() - 2] : -1;
    const auto choices = static_cast<std::int64_t>(neighbours.size()) - (from < 0 ? 0 : 1);
    if (choices < 1) return -1;
    auto choice = static_cast<std::size_t>(uniform_index(random, choices));
    if (from >= 0 && neighbours[choice] >= from) ++choice;  // neighbours ascend: skip `from`
    return neighbours[choice];
  }

  IsingModel model_;
  std::vector<Index> place_;  // of a vertex on the current path; -1: not on it
};

}  // namespace

Spins random_spins(Index n, Stream random) {
  Spins spins(static_cast<std::size_t>(n));
  for (std::int8_t& spin : spins) spin = (random() >> 63) != 0 ? 1 : -1;
  return spins;
}

Planted wishart(Index spins, Index columns, Seed seed) {
  constexpr Index kLargest = 10'000;
  if (spins < 2 || spins > kLargest || columns < 1)
    throw InvalidInput("wishart of {} spins and {} columns; expected 2 to {} spins, at least 1 column", spins,
                       columns, kLargest);
  Planted result{{}, random_spins(spins, Stream(seed, lane("planted")))};
  Eigen::VectorXd t(spins);
  for (Index i = 0; i < spins; ++i) t(i) = result.planted[static_cast<std::size_t>(i)];
  Stream random(seed, lane("weights"));
  Eigen::MatrixXd w(spins, columns);
  const double n = spins, stretch = std::sqrt(n / (n - 1));
  for (Index c = 0; c < columns; ++c) {
    for (Index i = 0; i < spins; ++i) w(i, c) = normal(random);
    w.col(c) = stretch * (w.col(c) - t * (t.dot(w.col(c)) / n));
  }
  const Eigen::MatrixXd j = w * w.transpose() / n;
  for (Index a = 0; a < spins; ++a)
    for (Index b = a + 1; b < spins; ++b) result.couplings.push_back({a, b, j(a, b)});
  return result;
}

Planted frustrated_loops(const Graph& graph, std::int64_t loops, std::int64_t shortest, Seed seed) {
  Planted result{{}, random_spins(graph.vertices, Stream(seed, lane("planted")))};
  const auto gauge = [&](Index i) { return result.planted[static_cast<std::size_t>(i)]; };
  LoopFinder finder(graph);
  Stream random(seed, lane("loops"));
  std::int64_t tries = 1000 * (loops + 10);
  for (std::int64_t found = 0; found < loops;) {
    if (tries-- == 0)
      throw InvalidInput("only {} of {} loops of at least {} edges were found on a graph of {} vertices",
                         found, loops, shortest, graph.vertices);
    const std::vector<Index> loop = finder.walk(random);
    const auto length = static_cast<std::int64_t>(loop.size());
    if (length < std::max<std::int64_t>(shortest, 3)) continue;
    const std::int64_t broken = uniform_index(random, length);
    for (std::int64_t k = 0; k < length; ++k) {
      const Index i = loop[static_cast<std::size_t>(k)], j = loop[static_cast<std::size_t>((k + 1) % length)];
      result.couplings.push_back({i, j, (k == broken ? 1.0 : -1.0) * gauge(i) * gauge(j)});
    }
    ++found;
  }
  return result;
}

}  // namespace lehr::spin
