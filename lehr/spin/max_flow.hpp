// Maximum flow and minimum cut by Dinic's algorithm (1970): shortest augmenting paths found in layers.
// O(V^2 E) at worst, near linear on the sparse networks of persistency.hpp.
#pragma once

#include <cstdint>
#include <vector>

namespace lehr::spin {

class FlowNetwork {
 public:
  explicit FlowNetwork(std::int32_t nodes) : arcs_of_(static_cast<std::size_t>(nodes)) {}

  // An arc with capacity `forward` from a to b and `backward` from b to a; both >= 0.
  void add_arc(std::int32_t a, std::int32_t b, double forward, double backward);
  // Pushes the maximum flow; residual capacities of at most `slack` count as none. Returns its value.
  double push(std::int32_t source, std::int32_t sink, double slack);
  // After `push`: true where the source still reaches the node: its side of the smallest minimum cut.
  bool on_source_side(std::int32_t node) const { return levels_[static_cast<std::size_t>(node)] >= 0; }

 private:
  struct Arc {
    std::int32_t to;
    double residual;
  };
  bool find_layers(std::int32_t source, std::int32_t sink, double slack);
  double augment(std::int32_t source, std::int32_t sink, double slack);

  std::vector<Arc> arcs_;  // the reverse of arc k is k ^ 1
  std::vector<std::vector<std::int64_t>> arcs_of_;
  std::vector<std::int32_t> levels_;
  std::vector<std::size_t> next_;  // the first arc of each node that may still lead on
};

}  // namespace lehr::spin
