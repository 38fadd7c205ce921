#include "lehr/spin/elimination_order.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <queue>
#include <tuple>

namespace lehr::spin {

namespace {

// The graph of the spins that are left. Lists of neighbours keep eliminated spins until they are next read.
class Graph {
 public:
  Graph(const IsingModel& model, Index limit) : limit_(limit) {
    const auto n = static_cast<std::size_t>(model.size());
    lists_.resize(n), degrees_.resize(n), gone_.assign(n, 0);
    for (Index i = 0; i < model.size(); ++i) {
      const auto neighbours = model.neighbours(i);
      lists_[at(i)].assign(neighbours.begin(), neighbours.end());
      degrees_[at(i)] = static_cast<Index>(neighbours.size());
    }
  }

  bool gone(Index i) const { return gone_[at(i)] != 0; }
  Index degree(Index i) const { return degrees_[at(i)]; }
  const std::vector<Index>& neighbours(Index i) {
    std::erase_if(lists_[at(i)], [&](Index j) { return gone(j); });
    return lists_[at(i)];
  }
  // The couplings that the elimination of i would add; a large number for more neighbours than the limit.
  std::int64_t fill(Index i) {
    if (degree(i) > limit_) return std::numeric_limits<std::int64_t>::max();
    const std::vector<Index> around = neighbours(i);
    std::int64_t missing = 0;
    for (std::size_t a = 0; a < around.size(); ++a)
      for (std::size_t b = a + 1; b < around.size(); ++b) missing += coupled(around[a], around[b]) ? 0 : 1;
    return missing;
  }
  // Returns the neighbours of i, which are all coupled to each other afterwards.
  std::vector<Index> eliminate(Index i) {
    std::vector<Index> around = neighbours(i);
    gone_[at(i)] = 1;
    for (const Index j : around) --degrees_[at(j)];
    for (std::size_t a = 0; a < around.size(); ++a)
      for (std::size_t b = a + 1; b < around.size(); ++b)
        if (!coupled(around[a], around[b])) join(around[a], around[b]);
    return around;
  }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  bool coupled(Index a, Index b) const {
    const bool first = lists_[at(a)].size() <= lists_[at(b)].size();
    const std::vector<Index>& list = lists_[at(first ? a : b)];
    return std::ranges::find(list, first ? b : a) != list.end();
  }
  void join(Index a, Index b) {
    lists_[at(a)].push_back(b), lists_[at(b)].push_back(a);
    ++degrees_[at(a)], ++degrees_[at(b)];
  }

  Index limit_;
  std::vector<std::vector<Index>> lists_;
  std::vector<Index> degrees_;
  std::vector<std::int8_t> gone_;
};

// Eliminates spin i; false when it has too many neighbours.
bool take(Graph& graph, Index i, Index limit, EliminationOrder& result) {
  if (graph.degree(i) > limit) {
    result.width = graph.degree(i);
    return false;
  }
  std::vector<Index> around = graph.eliminate(i);
  const auto width = static_cast<Index>(around.size());
  result.width = std::max(result.width, width);
  result.cost += std::exp2(width + 1);
  result.order.push_back(i);
  result.neighbours.push_back(std::move(around));
  return true;
}

EliminationOrder min_fill(const IsingModel& model, Index limit) {
  EliminationOrder result;
  Graph graph(model, limit);
  // Scores may be old; they are computed anew before a spin is taken.
  using Score = std::tuple<std::int64_t, Index, Index>;  // fill, degree, spin
  const auto score = [&](Index i) { return Score{graph.fill(i), graph.degree(i), i}; };
  std::priority_queue<Score, std::vector<Score>, std::greater<>> queue;
  for (Index i = 0; i < model.size(); ++i) queue.push(score(i));
  while (!queue.empty()) {
    const Score old = queue.top();
    const Index i = std::get<2>(old);
    queue.pop();
    if (graph.gone(i)) continue;
    const Score now = score(i);
    if (now > old) {
      queue.push(now);
      continue;
    }
    if (!take(graph, i, limit, result)) return result;
    for (const Index j : result.neighbours.back())
      if (graph.degree(j) <= limit) queue.push(score(j));
  }
  result.complete = true;
  return result;
}

// The spins of the part around `root` by distance from it; `seen` marks them with `mark`.
std::vector<Index> by_distance(const IsingModel& model, Index root, std::vector<std::int8_t>& seen,
                               std::int8_t mark) {
  std::vector<Index> order{root};
  seen[static_cast<std::size_t>(root)] = mark;
  for (std::size_t k = 0; k < order.size(); ++k)
    for (const Index j : model.neighbours(order[k])) {
      if (seen[static_cast<std::size_t>(j)] == mark) continue;
      seen[static_cast<std::size_t>(j)] = mark;
      order.push_back(j);
    }
  return order;
}

EliminationOrder breadth_first(const IsingModel& model, Index limit) {
  EliminationOrder result;
  Graph graph(model, limit);
  std::vector<std::int8_t> seen(static_cast<std::size_t>(model.size()), 0);
  for (Index root = 0; root < model.size(); ++root) {
    if (seen[static_cast<std::size_t>(root)] != 0) continue;
    const Index far_end = by_distance(model, root, seen, 1).back();
    for (const Index i : by_distance(model, far_end, seen, 2))
      if (!take(graph, i, limit, result)) return result;
  }
  result.complete = true;
  return result;
}

}  // namespace

EliminationOrder elimination_order(const IsingModel& model, Index limit) {
  EliminationOrder first = min_fill(model, limit);
  EliminationOrder second = breadth_first(model, limit);
  if (first.complete != second.complete) return first.complete ? first : second;
  return second.complete && second.cost < first.cost ? second : first;
}

}  // namespace lehr::spin
