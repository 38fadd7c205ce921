#include "lehr/spin/max_flow.hpp"

#include <algorithm>

namespace lehr::spin {

void FlowNetwork::add_arc(std::int32_t a, std::int32_t b, double forward, double backward) {
  arcs_of_[static_cast<std::size_t>(a)].push_back(static_cast<std::int64_t>(arcs_.size()));
  arcs_.push_back({b, forward});
  arcs_of_[static_cast<std::size_t>(b)].push_back(static_cast<std::int64_t>(arcs_.size()));
  arcs_.push_back({a, backward});
}

bool FlowNetwork::find_layers(std::int32_t source, std::int32_t sink, double slack) {
  levels_.assign(arcs_of_.size(), -1);
  std::vector<std::int32_t> queue{source};
  levels_[static_cast<std::size_t>(source)] = 0;
  for (std::size_t k = 0; k < queue.size(); ++k)
    for (const std::int64_t number : arcs_of_[static_cast<std::size_t>(queue[k])]) {
      const Arc& arc = arcs_[static_cast<std::size_t>(number)];
      std::int32_t& level = levels_[static_cast<std::size_t>(arc.to)];
      if (level >= 0 || arc.residual <= slack) continue;
      level = levels_[static_cast<std::size_t>(queue[k])] + 1;
      queue.push_back(arc.to);
    }
  return levels_[static_cast<std::size_t>(sink)] >= 0;
}

// Pushes flow along one path of the layers; returns how much, 0 when there is no path left.
double FlowNetwork::augment(std::int32_t source, std::int32_t sink, double slack) {
  std::vector<std::int64_t> path;
  std::int32_t node = source;
  while (node != sink) {
    const auto at = static_cast<std::size_t>(node);
    if (next_[at] == arcs_of_[at].size()) {  // a dead end: one arc back
      if (path.empty()) return 0;
      node = arcs_[static_cast<std::size_t>(path.back() ^ 1)].to;
      ++next_[static_cast<std::size_t>(node)];
      path.pop_back();
      continue;
    }
    const std::int64_t number = arcs_of_[at][next_[at]];
    const Arc& arc = arcs_[static_cast<std::size_t>(number)];
    if (arc.residual > slack && levels_[static_cast<std::size_t>(arc.to)] == levels_[at] + 1) {
      path.push_back(number);
      node = arc.to;
    } else {
      ++next_[at];
    }
  }
  double amount = arcs_[static_cast<std::size_t>(path.front())].residual;
  for (const std::int64_t number : path)
    amount = std::min(amount, arcs_[static_cast<std::size_t>(number)].residual);
  for (const std::int64_t number : path) {
    arcs_[static_cast<std::size_t>(number)].residual -= amount;
    arcs_[static_cast<std::size_t>(number ^ 1)].residual += amount;
  }
  return amount;
}

double FlowNetwork::push(std::int32_t source, std::int32_t sink, double slack) {
  double flow = 0;
  while (find_layers(source, sink, slack)) {
    next_.assign(arcs_of_.size(), 0);
    for (double amount = augment(source, sink, slack); amount > 0; amount = augment(source, sink, slack))
      flow += amount;
  }
  return flow;
}

}  // namespace lehr::spin
