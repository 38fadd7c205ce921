#include "lehr/spin/max_flow.hpp"

#include <algorithm>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

void FlowNetwork::sort_arcs() {
  for (const Edge& edge : edges_) ++starts_[at(edge.a) + 1], ++starts_[at(edge.b) + 1];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  arcs_.resize(2 * edges_.size());
  std::vector<std::int64_t> free(starts_.begin(), starts_.end() - 1);
  for (const Edge& edge : edges_) {
    const std::int64_t there = free[at(edge.a)]++, back = free[at(edge.b)]++;
    arcs_[at(there)] = {edge.b, edge.forward, back};
    arcs_[at(back)] = {edge.a, edge.backward, there};
  }
  edges_ = {};
}

// Distances from the source; true when the sink is reached.
bool FlowNetwork::find_layers(std::int32_t source, std::int32_t sink, double slack) {
  levels_.assign(starts_.size() - 1, -1);
  queue_.assign(1, source);
  levels_[at(source)] = 0;
  for (std::size_t k = 0; k < queue_.size(); ++k)
    for (std::int64_t number = starts_[at(queue_[k])]; number < starts_[at(queue_[k]) + 1]; ++number) {
      const Arc& arc = arcs_[at(number)];
      if (levels_[at(arc.to)] >= 0 || arc.residual <= slack) continue;
      levels_[at(arc.to)] = levels_[at(queue_[k])] + 1;
      queue_.push_back(arc.to);
    }
  return levels_[at(sink)] >= 0;
}

// Pushes what the path can carry. Returns how many of its arcs still lead on from the source.
std::size_t FlowNetwork::saturate(std::vector<std::int64_t>& path, double slack, double& flow) {
  double amount = arcs_[at(path.front())].residual;
  for (const std::int64_t number : path) amount = std::min(amount, arcs_[at(number)].residual);
  flow += amount;
  std::size_t open = path.size();
  for (std::size_t k = path.size(); k-- > 0;) {
    Arc& arc = arcs_[at(path[k])];
    arc.residual -= amount;
    arcs_[at(arc.reverse)].residual += amount;
    if (arc.residual <= slack) open = k;
  }
  return open;
}

// A flow that leaves no path from layer to layer: depth-first, going on from where the last path was cut.
double FlowNetwork::fill_layers(std::int32_t source, std::int32_t sink, double slack) {
  next_.assign(starts_.begin(), starts_.end() - 1);
  double flow = 0;
  std::vector<std::int64_t> path;
  std::int32_t node = source;
  const auto go_to = [&](std::size_t length) {
    path.resize(length);
    node = path.empty() ? source : arcs_[at(path.back())].to;
  };
  while (true) {
    if (node == sink) {
      go_to(saturate(path, slack, flow));
    } else if (next_[at(node)] == starts_[at(node) + 1]) {  // a dead end: one arc back
      if (path.empty()) return flow;
      go_to(path.size() - 1);
      ++next_[at(node)];
    } else {
      const std::int64_t number = next_[at(node)];
      const Arc& arc = arcs_[at(number)];
      if (arc.residual > slack && levels_[at(arc.to)] == levels_[at(node)] + 1) {
        path.push_back(number);
        node = arc.to;
      } else {
        ++next_[at(node)];
      }
    }
  }
}

double FlowNetwork::push(std::int32_t source, std::int32_t sink, double slack) {
  sort_arcs();
  double flow = 0;
  while (find_layers(source, sink, slack)) flow += fill_layers(source, sink, slack);
  return flow;
}

}  // namespace lehr::spin
