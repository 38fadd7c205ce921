// Memory that cluster moves reuse from move to move, so that none of them allocates.
#pragma once

#include <cstdint>
#include <vector>

#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct ClusterScratch {
  std::vector<Index> members;        // the cluster, in the order of its growth
  std::vector<std::uint8_t> marked;  // of each spin; all 0 between moves

  void prepare(Index spins) {
    members.clear();
    marked.resize(static_cast<std::size_t>(spins), 0);
  }
  void mark(Index i) {
    marked[static_cast<std::size_t>(i)] = 1;
    members.push_back(i);
  }
  bool is_marked(Index i) const { return marked[static_cast<std::size_t>(i)] != 0; }
  void unmark() {
    for (const Index i : members) marked[static_cast<std::size_t>(i)] = 0;
  }
};

// What a cluster move did.
struct ClusterMove {
  std::int64_t size = 0;  // spins flipped
  double energy_change = 0;
};

}  // namespace lehr::spin
