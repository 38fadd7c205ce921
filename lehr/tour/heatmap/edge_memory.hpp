// What heatmap-guided tree search remembers of edges: weights W, visits Q and the rows' mean weights Omega.
//
//   Z_ij = W_ij / Omega_i + alpha sqrt(ln(M + 1) / (Q_ij + 1))        the potential of going from i to the candidate j
//   Omega_i = sum_{j != i} W_ij / (n - 1)
//
// Only candidates have a slot with Z's parts in it. Slots stand in groups of four, so that four potentials
// are computed at a time, and two groups with what every choice reads share a cache line; a row fills whole
// groups, and what its last one has too many can never be chosen: its weights and rarities are 0. Weights of other edges (entries of the heatmap that are no candidates, edges
// learned from improving moves) stand on the side; they count in Omega and in the construction of tours.
// Row sums are kept as weights change, so Omega costs nothing per use.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lehr/tour/heatmap/heatmap.hpp"

namespace lehr::tour {

// The candidates of every city: fixed during a run.
struct CandidateRows {
  City count = 0;
  std::vector<std::int32_t>
      starts;  // count + 1: rows begin at multiples of 4; what follows the end of a row is not in use
  std::vector<std::int32_t> sizes;  // count
  std::vector<City> cities;         // not in use: -1
  std::vector<double> distances;
  std::vector<float> near_distances;  // the same, for comparisons of four at a time; not in use: infinity
  std::vector<std::int32_t>
      mirrors;  // the slot of the same edge from its other end, -1 where that is no candidate there
  std::vector<std::pair<City, std::int32_t>>
      sorted;  // rows by city, with the slot; empty where all rows are short

  std::int32_t begin(City i) const { return starts[static_cast<std::size_t>(i)]; }
  std::int32_t size(City i) const { return sizes[static_cast<std::size_t>(i)]; }
  std::int32_t end(City i) const { return begin(i) + size(i); }
  // The slot of the edge from i to j, or -1.
  std::int32_t find(City i, City j) const;
};

// The `most` cities (0: all) of largest P with P >= 1e-4 (the earlier of equal ones), or the `most` nearest
// where `use_heatmap` is false. Throws InvalidInput for a heatmap that gives no candidates at all, and for
// more than 25 million slots.
CandidateRows candidate_rows(const Instance& instance, const Heatmap& heatmap, bool use_heatmap, City most);

class EdgeMemory {
 public:
  struct alignas(32) Group {
    std::array<City, 4> cities;
    std::array<float, 4> weights;
  };
  // What only exploration reads.
  struct alignas(32) Visits {
    std::array<float, 4> rarities;  // 1 / sqrt(Q + 1), 0 where not in use
    std::array<std::uint32_t, 4> counts;
  };
  // A row of candidates: its first slot, its groups, and 1 / Omega (0 where the row's weights are all 0).
  struct Row {
    std::int32_t begin = 0, groups = 0;
    float inverse_mean = 0;
  };
  struct Other {
    City city;
    float weight;
  };

  EdgeMemory() = default;
  // W = 100 P, Q = 0, M = 0.
  EdgeMemory(std::shared_ptr<const CandidateRows> rows, const Heatmap& heatmap);

  const CandidateRows& rows() const { return *rows_; }
  const Row& row(City i) const { return row_heads_[static_cast<std::size_t>(i)]; }
  const Group* groups() const { return groups_.data(); }  // of all rows; slot k is in group k / 4
  const Visits* visits() const { return visits_.data(); }
  City city(std::int32_t k) const { return groups_[at(k) / 4].cities[at(k) % 4]; }
  float weight(std::int32_t k) const { return groups_[at(k) / 4].weights[at(k) % 4]; }
  std::uint32_t visits(std::int32_t k) const { return visits_[at(k) / 4].counts[at(k) % 4]; }
  const std::vector<Other>& others_of(City i) const { return others_[static_cast<std::size_t>(i)]; }
  double mean(City i) const { return sums_[static_cast<std::size_t>(i)] / (rows_->count - 1); }

  std::int64_t evaluations() const { return evaluations_; }  // M
  void count_evaluation() { ++evaluations_; }

  // Q += 1 on the edge of a slot, from both of its ends.
  void visit(std::int32_t k) {
    visit_slot(k);
    if (const std::int32_t mirror = rows_->mirrors[static_cast<std::size_t>(k)]; mirror >= 0)
      visit_slot(mirror);
  }
  void visit(City i, City j) {
    if (const std::int32_t k = rows_->find(i, j); k >= 0) {
      visit(k);
    } else if (const std::int32_t back = rows_->find(j, i); back >= 0) {
      visit_slot(back);
    }
  }
  // W += amount on the edge, from both of its ends.
  void learn(City i, City j, double amount) {
    learn_from(i, j, amount);
    learn_from(j, i, amount);
  }

  template <class Visitor>
  void fields(Visitor& visitor) {
    std::vector<float> weights, other_weights;
    std::vector<std::uint32_t> visits;
    std::vector<City> other_cities;
    std::vector<std::int64_t> other_ends;
    pack(weights, visits, other_ends, other_cities, other_weights);
    visitor("memory.weights", weights);
    visitor("memory.visits", visits);
    visitor("memory.other_ends", other_ends);
    visitor("memory.other_cities", other_cities);
    visitor("memory.other_weights", other_weights);
    visitor("memory.sums", sums_);
    visitor("memory.evaluations", evaluations_);
    unpack(weights, visits, other_ends, other_cities, other_weights);
  }

 private:
  static std::size_t at(std::int32_t k) { return static_cast<std::size_t>(k); }
  void visit_slot(std::int32_t k) {
    Visits& group = visits_[at(k) / 4];
    std::uint32_t& count = group.counts[at(k) % 4];
    if (count != UINT32_MAX) ++count;
    group.rarities[at(k) % 4] = rarity_of(count);
  }
  static float rarity_of(std::uint32_t count) { return 1 / std::sqrt(static_cast<float>(count) + 1); }
  void learn_from(City i, City j, double amount);
  void set_sum(City i, double sum);
  void pack(std::vector<float>& weights, std::vector<std::uint32_t>& visits,
            std::vector<std::int64_t>& other_ends, std::vector<City>& other_cities,
            std::vector<float>& other_weights) const;
  void unpack(const std::vector<float>& weights, const std::vector<std::uint32_t>& visits,
              const std::vector<std::int64_t>& other_ends, const std::vector<City>& other_cities,
              const std::vector<float>& other_weights);

  std::shared_ptr<const CandidateRows> rows_;
  std::vector<Group> groups_;
  std::vector<Visits> visits_;
  std::vector<std::vector<Other>> others_;
  std::vector<double> sums_;
  std::vector<Row> row_heads_;
  std::int64_t evaluations_ = 0;
};

}  // namespace lehr::tour
