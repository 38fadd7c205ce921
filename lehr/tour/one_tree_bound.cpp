#include "lehr/tour/one_tree_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace lehr::tour {

namespace {

std::uint64_t key(const Edge& e) {
  return static_cast<std::uint64_t>(std::min(e.a, e.b)) << 32 |
         static_cast<std::uint64_t>(std::max(e.a, e.b));
}

std::vector<std::int32_t> degrees_of(City cities, std::span<const Edge> tree) {
  std::vector<std::int32_t> degrees(slot(cities), 0);
  for (const Edge& e : tree) ++degrees[slot(e.a)], ++degrees[slot(e.b)];
  return degrees;
}

std::vector<Edge> edges_of(const std::vector<City>& ends) {
  std::vector<Edge> edges;
  for (std::size_t k = 0; k + 1 < ends.size(); k += 2) edges.push_back({ends[k], ends[k + 1]});
  return edges;
}

void add_missing(std::span<const Edge> wanted, std::vector<City>& ends) {
  std::unordered_set<std::uint64_t> present;
  for (const Edge& e : edges_of(ends)) present.insert(key(e));
  for (const Edge& e : wanted)
    if (present.insert(key(e)).second) ends.insert(ends.end(), {e.a, e.b});
}

double sum(std::span<const double> values) {
  double total = 0;
  for (const double v : values) total += v;
  return total;
}

// The 1-tree on a graph of few edges: its value and degrees. The leaf with the longest second edge is the city left out.
struct OneTree {
  double value = 0;
  std::vector<Edge> tree;
  std::vector<std::int32_t> degrees;
};

OneTree one_tree_of(const Instance& instance, std::span<const double> penalties,
                    std::span<const Edge> edges) {
  OneTree result;
  result.tree = spanning_tree_of(instance, penalties, edges);
  result.degrees = degrees_of(instance.cities(), result.tree);
  // The tree's edge at a leaf is its shortest; the second one is the shortest of the others.
  std::vector<City> parent(slot(instance.cities()), -1);
  for (const Edge& e : result.tree) {
    if (result.degrees[slot(e.a)] == 1) parent[slot(e.a)] = e.b;
    if (result.degrees[slot(e.b)] == 1) parent[slot(e.b)] = e.a;
  }
  std::vector<double> second(slot(instance.cities()), endless);
  std::vector<City> partner(slot(instance.cities()), -1);
  with_distance(instance, [&](const auto& distance) {
    const auto offer = [&](City leaf, City other, double w) {
      if (parent[slot(leaf)] >= 0 && parent[slot(leaf)] != other && w < second[slot(leaf)])
        second[slot(leaf)] = w, partner[slot(leaf)] = other;
    };
    for (const Edge& e : edges) {
      if (parent[slot(e.a)] < 0 && parent[slot(e.b)] < 0) continue;
      const double w = distance(e.a, e.b) + (penalties[slot(e.a)] + penalties[slot(e.b)]);
      offer(e.a, e.b, w), offer(e.b, e.a, w);
    }
  });
  City chosen = -1;
  for (City i = 0; i < instance.cities(); ++i)
    if (second[slot(i)] < endless && (chosen < 0 || second[slot(i)] > second[slot(chosen)])) chosen = i;
  result.value = weight(instance, penalties, result.tree) - 2 * sum(penalties);
  if (chosen >= 0) {
    result.value += second[slot(chosen)];
    ++result.degrees[slot(chosen)], ++result.degrees[slot(partner[slot(chosen)])];
  }
  return result;
}

bool has_whole_lengths(const Instance& instance) {
  if (instance.metric != Metric::matrix) return is_whole(instance.metric);
  return std::ranges::all_of(instance.table, [](double d) { return d == std::floor(d) && d < 0x1p53; });
}

// What is certain of a sum that was rounded.
double certified(const Instance& instance, double value, double magnitude) {
  const double safe = value - magnitude * static_cast<double>(instance.cities()) * 0x1p-50;
  return has_whole_lengths(instance) ? std::ceil(safe) : safe;
}

struct CompleteTree {
  double value;
  std::vector<Edge> tree;
};

CompleteTree complete_one_tree(const Instance& instance, std::span<const double> penalties,
                               std::span<const Edge> likely) {
  CompleteTree result;
  result.tree = spanning_tree(instance, penalties, likely);
  const std::vector<std::int32_t> degrees = degrees_of(instance.cities(), result.tree);
  std::vector<City> leaves, parents;
  double magnitude = 0;  // of a term
  for (const Edge& e : result.tree) {
    magnitude = std::max(magnitude, std::abs(instance.distance(e.a, e.b)) + std::abs(penalties[slot(e.a)]) +
                                        std::abs(penalties[slot(e.b)]));
    if (degrees[slot(e.a)] == 1) leaves.push_back(e.a), parents.push_back(e.b);
    if (degrees[slot(e.b)] == 1) leaves.push_back(e.b), parents.push_back(e.a);
  }
  const std::vector<double> second = nearest_weights(instance, penalties, leaves, parents);
  result.value = certified(
      instance,
      weight(instance, penalties, result.tree) + *std::ranges::max_element(second) - 2 * sum(penalties),
      magnitude);
  return result;
}

}  // namespace

double one_tree_value(const Instance& instance, std::span<const double> penalties,
                      std::span<const Edge> likely) {
  return complete_one_tree(instance, penalties, likely).value;
}

OneTreeBound::State OneTreeBound::start(const Moment&) const {
  State state;
  const auto n = slot(instance->cities());
  state.penalties.assign(n, 0.0);
  state.best_penalties = state.penalties;
  state.degrees.assign(n, 2);
  for (City i = 0; i < instance->cities(); ++i)
    for (const City j : neighbours->of(i)) {
      const auto back = neighbours->of(j);
      if (i < j || std::find(back.begin(), back.end(), i) == back.end())
        state.edges.insert(state.edges.end(), {i, j});
    }
  const CompleteTree tree = complete_one_tree(*instance, state.penalties, {});
  add_missing(tree.tree, state.edges);
  state.bound = tree.value;
  state.unit = weight(*instance, state.penalties, tree.tree) / static_cast<double>(n);
  state.candidate_best = -endless;
  return state;
}

void OneTreeBound::advance(State& state, const Moment&) const {
  const std::vector<Edge> edges = edges_of(state.edges);
  OneTree tree = one_tree_of(*instance, state.penalties, edges);
  state.candidate_bound = tree.value;
  if (tree.value > state.candidate_best)
    state.candidate_best = tree.value, state.best_penalties = state.penalties;
  const double length =
      state.unit * step(static_cast<double>(state.iteration) / static_cast<double>(iterations));
  if (state.iteration == 0) state.degrees = tree.degrees;
  for (std::size_t i = 0; i < state.penalties.size(); ++i)
    state.penalties[i] += length * (0.7 * (tree.degrees[i] - 2) + 0.3 * (state.degrees[i] - 2));
  state.degrees = std::move(tree.degrees);
  ++state.iteration;
  if (state.iteration % exact_every != 0 && state.iteration < iterations) return;
  const CompleteTree complete = complete_one_tree(*instance, state.best_penalties, tree.tree);
  state.bound = std::max(state.bound, complete.value);
  add_missing(complete.tree, state.edges);
  state.candidate_best = -endless;
}

void OneTreeBound::measure(const State& state, Row& row) const {
  row.add("bound", state.bound);
  row.add("candidate_bound", state.candidate_bound);
}

}  // namespace lehr::tour
