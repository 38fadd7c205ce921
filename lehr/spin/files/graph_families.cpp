#include "lehr/spin/files/graph_families.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <unordered_set>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

constexpr std::int64_t kMostVertices = 100'000'000, kMostEdges = 500'000'000;

Index checked_size(std::int64_t vertices, std::int64_t edges) {
  if (vertices < 1 || vertices > kMostVertices || edges > kMostEdges)
    throw InvalidInput("a graph of {} vertices and {} edges; expected 1 to {} and at most {}", vertices,
                       edges, kMostVertices, kMostEdges);
  return static_cast<Index>(vertices);
}

Edge ordered(std::int64_t i, std::int64_t j) {
  return {static_cast<Index>(std::min(i, j)), static_cast<Index>(std::max(i, j))};
}

std::uint64_t key_of(Edge edge) {
  return static_cast<std::uint64_t>(edge.first) << 32 | static_cast<std::uint32_t>(edge.second);
}

void shuffle(std::vector<Index>& values, Stream& random) {
  for (std::size_t k = values.size(); k > 1; --k)
    std::swap(values[k - 1],
              values[static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(k)))]);
}

// The edges of the pairing, after switching away loops and repetitions; empty when it got stuck.
std::vector<Edge> simple_pairing(std::vector<Index> stubs, Stream& random) {
  shuffle(stubs, random);
  const std::size_t count = stubs.size() / 2;
  std::vector<Edge> edges(count);
  std::vector<std::size_t> bad;
  std::unordered_set<std::uint64_t> present;
  present.reserve(count);
  std::vector<bool> is_placed(count, false);
  for (std::size_t k = 0; k < count; ++k) {
    edges[k] = ordered(stubs[2 * k], stubs[2 * k + 1]);
    is_placed[k] = edges[k].first != edges[k].second && present.insert(key_of(edges[k])).second;
    if (!is_placed[k]) bad.push_back(k);
  }
  std::size_t tries = 1000 * (bad.size() + 10);
  while (!bad.empty() && tries-- > 0) {
    const std::size_t k = bad.back();
    const auto other = static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(count)));
    const auto [a, b] = edges[k];
    auto [c, d] = edges[other];
    if (random() & 1) std::swap(c, d);
    const Edge first = ordered(a, c), second = ordered(b, d);
    if (!is_placed[other] || first.first == first.second || second.first == second.second ||
        first == second || present.contains(key_of(first)) || present.contains(key_of(second)))
      continue;
    present.erase(key_of(edges[other]));
    present.insert(key_of(first)), present.insert(key_of(second));
    edges[k] = first, edges[other] = second;
    is_placed[k] = true;
    bad.pop_back();
  }
  return bad.empty() ? edges : std::vector<Edge>();
}

}  // namespace

Graph torus_graph(std::int64_t rows, std::int64_t columns, std::int64_t layers) {
  const bool flat = layers == 1;
  if (rows < 3 || columns < 3 || (!flat && layers < 3))
    throw InvalidInput("a torus of {} x {}{}: each side must be at least 3", rows, columns,
                       flat ? "" : fmt::format(" x {}", layers));
  constexpr std::int64_t kLongestSide = 100'000;
  if (std::max({rows, columns, layers}) > kLongestSide)
    throw InvalidInput("a torus of {} x {} x {}: sides are at most {}", rows, columns, layers, kLongestSide);
  const std::int64_t n = rows * columns * layers;
  Graph graph{checked_size(n, (flat ? 2 : 3) * n), {}};
  const auto at = [&](std::int64_t i, std::int64_t j, std::int64_t k) {
    return (i % rows * columns + j % columns) * layers + k % layers;
  };
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t k = 0; k < layers; ++k) {
        graph.edges.push_back(ordered(at(i, j, k), at(i, j + 1, k)));
        graph.edges.push_back(ordered(at(i, j, k), at(i + 1, j, k)));
        if (!flat) graph.edges.push_back(ordered(at(i, j, k), at(i, j, k + 1)));
      }
  return graph;
}

Graph king_graph(std::int64_t rows, std::int64_t columns) {
  if (rows < 1 || columns < 1 || rows > kMostVertices || columns > kMostVertices)
    throw InvalidInput("a king's graph of {} x {}", rows, columns);
  Graph graph{checked_size(rows * columns, 4 * rows * columns), {}};
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      for (const auto& [down, right] : {std::pair{0, 1}, {1, -1}, {1, 0}, {1, 1}})
        if (i + down < rows && j + right >= 0 && j + right < columns)
          graph.edges.push_back(ordered(i * columns + j, (i + down) * columns + j + right));
  return graph;
}

Graph chimera_graph(std::int64_t rows, std::int64_t columns, std::int64_t shore) {
  constexpr std::int64_t kLargest = 10'000;
  if (rows < 1 || columns < 1 || shore < 1 || std::max({rows, columns, shore}) > kLargest)
    throw InvalidInput("chimera of {} x {} cells with shores of {}; each must be 1 to {}", rows, columns,
                       shore, kLargest);
  const std::int64_t cells = rows * columns;
  Graph graph{checked_size(2 * shore * cells, cells * shore * (shore + 2)), {}};
  const auto at = [&](std::int64_t i, std::int64_t j, std::int64_t side, std::int64_t k) {
    return ((i * columns + j) * 2 + side) * shore + k;
  };
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t k = 0; k < shore; ++k) {
        for (std::int64_t l = 0; l < shore; ++l)
          graph.edges.push_back(ordered(at(i, j, 0, k), at(i, j, 1, l)));
        if (i + 1 < rows) graph.edges.push_back(ordered(at(i, j, 0, k), at(i + 1, j, 0, k)));
        if (j + 1 < columns) graph.edges.push_back(ordered(at(i, j, 1, k), at(i, j + 1, 1, k)));
      }
  return graph;
}

Graph complete_graph(std::int64_t vertices) {
  constexpr std::int64_t kLargest = 20'000;
  if (vertices > kLargest)
    throw InvalidInput("a complete graph of {} vertices; at most {} are made", vertices, kLargest);
  Graph graph{checked_size(vertices, vertices * (vertices - 1) / 2), {}};
  for (Index i = 0; i < graph.vertices; ++i)
    for (Index j = i + 1; j < graph.vertices; ++j) graph.edges.emplace_back(i, j);
  return graph;
}

Graph random_graph(std::int64_t vertices, double density, Stream random) {
  if (!(density >= 0 && density <= 1)) throw InvalidInput("density {}; expected 0 to 1", density);
  if (density == 1) return complete_graph(vertices);
  const double pairs = 0.5 * static_cast<double>(vertices) * static_cast<double>(vertices - 1);
  Graph graph{checked_size(vertices, static_cast<std::int64_t>(density * pairs)), {}};
  if (density == 0) return graph;
  const double log_miss = std::log1p(-density);
  std::int64_t i = 1, j = -1;  // pairs (j, i) with j < i
  while (i < vertices) {
    const double skipped = std::floor(std::log1p(-uniform(random)) / log_miss);
    if (skipped > pairs) break;
    j += 1 + static_cast<std::int64_t>(skipped);
    while (i < vertices && j >= i) j -= i++;
    if (i < vertices) graph.edges.emplace_back(static_cast<Index>(j), static_cast<Index>(i));
  }
  return graph;
}

Graph regular_graph(std::int64_t vertices, std::int64_t degree, Stream random) {
  if (degree < 0 || degree >= vertices || vertices * degree % 2 != 0)
    throw InvalidInput(
        "no graph of {} vertices has every degree {}: expected a degree below the number of "
        "vertices and an even product of both",
        vertices, degree);
  Graph graph{checked_size(vertices, vertices * degree / 2), {}};
  if (degree == 0) return graph;
  if (degree == vertices - 1) return complete_graph(vertices);
  std::vector<Index> stubs;
  for (Index i = 0; i < graph.vertices; ++i) stubs.insert(stubs.end(), static_cast<std::size_t>(degree), i);
  constexpr int kTries = 100;
  for (int attempt = 0; attempt < kTries && graph.edges.empty(); ++attempt)
    graph.edges = simple_pairing(stubs, random);
  if (graph.edges.empty())
    throw InvalidInput("no graph of {} vertices with every degree {} was found in {} tries", vertices, degree,
                       kTries);
  std::ranges::sort(graph.edges);
  return graph;
}

Graph planar_union(std::int64_t vertices, std::int64_t layers, double density, Stream random) {
  if (vertices < 3 || layers < 1) throw InvalidInput("{} planar graphs of {} vertices", layers, vertices);
  if (!(density >= 0 && density <= 1)) throw InvalidInput("density {}; expected 0 to 1", density);
  Graph graph{checked_size(vertices, 3 * vertices * layers), {}};
  std::vector<Index> names(static_cast<std::size_t>(vertices));
  std::iota(names.begin(), names.end(), 0);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    shuffle(names, random);
    const auto link = [&](Index i, Index j) {
      if (uniform(random) < density)
        graph.edges.push_back(
            ordered(names[static_cast<std::size_t>(i)], names[static_cast<std::size_t>(j)]));
    };
    std::vector<std::array<Index, 3>> faces{{0, 1, 2}, {0, 1, 2}};  // both sides of the first triangle
    link(0, 1), link(1, 2), link(0, 2);
    for (Index v = 3; v < graph.vertices; ++v) {
      const auto face =
          static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(faces.size())));
      const auto [a, b, c] = faces[face];
      link(a, v), link(b, v), link(c, v);
      faces[face] = {a, b, v};
      faces.push_back({a, c, v});
      faces.push_back({b, c, v});
    }
  }
  std::ranges::sort(graph.edges);
  graph.edges.erase(std::unique(graph.edges.begin(), graph.edges.end()), graph.edges.end());
  return graph;
}

}  // namespace lehr::spin
