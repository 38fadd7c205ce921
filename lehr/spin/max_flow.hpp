// Maximum flow and minimum cut by Dinic's algorithm (1970): shortest augmenting paths found in layers.
// O(V^2 E) at worst, far from it on the sparse networks of persistency.hpp.
#pragma once

#include <cstdint>
#include <vector>

namespace lehr::spin {

class FlowNetwork {
 public:
  explicit FlowNetwork(std::int32_t nodes) : starts_(static_cast<std::size_t>(nodes) + 1, 0) {}

  // An arc with capacity `forward` from a to b and `backward` from b to a; both >= 0. Before `push`.
  void add_arc(std::int32_t a, std::int32_t b, double forward, double backward) {
    edges_.push_back({a, b, forward, backward});
  }
  // Pushes the maximum flow, once; residual capacities of at most `slack` count as none. Returns its value.
  double push(std::int32_t source, std::int32_t sink, double slack);
  // After `push`: true where the source still reaches the node: its side of the smallest minimum cut.
  bool on_source_side(std::int32_t node) const { return levels_[static_cast<std::size_t>(node)] >= 0; }

 private:
  struct Edge {
    std::int32_t a, b;
    double forward, backward;
  };
  struct Arc {
    std::int32_t to;
    double residual;
    std::int64_t reverse;  // the position of the arc back
  };
  void sort_arcs();
  bool find_layers(std::int32_t source, std::int32_t sink, double slack);
  double fill_layers(std::int32_t source, std::int32_t sink, double slack);
  std::size_t saturate(std::vector<std::int64_t>& path, double slack, double& flow);

  std::vector<Edge> edges_;
  std::vector<std::int64_t> starts_;  // arcs from node i: [starts_[i], starts_[i + 1])
  std::vector<Arc> arcs_;
  std::vector<std::int32_t> levels_, queue_;
  std::vector<std::int64_t> next_;  // the first arc of each node that may still lead on
};

}  // namespace lehr::spin
