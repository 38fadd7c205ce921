// The Rashomon ratio of decision trees by sampling from the prior: for all depths 1 .. D at once, because the first
// d levels of a tree drawn at depth D are a tree drawn at depth d.
//
//   naive         draws splits and labels: the share of trees with at most K errors
//   importance    draws a leaf's majority label with probability 1 - flip and another otherwise, and weights each
//                 tree by prod (1 / C) / q
//   rao_blackwell draws splits only; the share of labelings with at most K errors is counted exactly
//                 (leaf_labels.hpp). Smallest variance: it is the average of the other two over the labels.
//
// The errors are counted for every limit up to `limits[d]`, so the limit K may follow from the best tree of the
// same run. Candidates for members are the structures that some labeling brings into the set.
// Cost per structure O(n D + leaves x limit). A run is resumable; results do not depend on threads.
//
// Source: Semenova, Rudin and Parr (2022), section 5 (importance sampling of depth-7 trees); the exact
// count of labelings is Rao and Blackwell's conditioning.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/stats/rashomon/leaf_labels.hpp"
#include "lehr/stats/rashomon/rashomon_set.hpp"
#include "lehr/stats/rashomon/tree_class.hpp"

namespace lehr::stats {

enum class TreeEstimator { rao_blackwell, importance, naive };

struct TreeSamplingOptions {
  int depth = 7;                   // in [1, deepest_tree]
  std::int64_t samples = 100'000;  // structures
  TreeEstimator estimator = TreeEstimator::rao_blackwell;
  double flip = 0.1;  // importance: probability of a label that is not the leaf's majority, in (0, 1)
  TreePrior prior = {};
};

class TreeSampling {
 public:
  struct Depth {
    RatioAccumulator errors;
    std::int64_t best_errors = 0;
    std::uint64_t best_structure = 0;
    // Structures whose best labeling makes at most `limit` errors: every stride-th of them, by number.
    std::vector<std::uint64_t> candidates;
    std::vector<std::int64_t> candidate_errors;
    std::uint64_t stride = 1;
  };
  struct State {
    Seed seed;
    std::int64_t structures = 0;
    std::vector<Depth> depths;  // of depth 1, 2, ...
  };

  // `limits[d - 1]`: the largest limit on errors that will be asked for at depth d. `records` must outlive the
  // method. Throws InvalidInput for options out of range.
  TreeSampling(const TreeRecords& records, std::vector<std::int64_t> limits,
               const TreeSamplingOptions& options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // one batch of structures
  bool finished(const State& state) const { return state.structures >= options_.samples; }
  // structures, best_errors and log10_ratio of the deepest class at its present limit
  void measure(const State& state, Row& row) const;

  template <class Visitor, class AnyState>
  void fields(Visitor& visit, AnyState& state) const {
    visit("seed", state.seed.value);
    visit("structures", state.structures);
    for (std::size_t d = 0; d < state.depths.size(); ++d) {
      const std::string name = "depth" + std::to_string(d + 1);
      auto& depth = state.depths[d];
      depth.errors.fields(visit, name + ".errors");
      visit(name + ".best_errors", depth.best_errors);
      visit(name + ".best_structure", depth.best_structure);
      visit(name + ".candidates", depth.candidates);
      visit(name + ".candidate_errors", depth.candidate_errors);
      visit(name + ".stride", depth.stride);
    }
  }

  // The best tree drawn at a depth.
  DecisionTree best_tree(const State& state, int depth) const;

  // `count` trees of a depth drawn (up to the sampling of structures) from the prior restricted to at most
  // `limit` errors; none where no structure was found. `distinct_structures`: how many different structures the
  // candidates amount to, as an effective sample size.
  struct Members {
    std::vector<DecisionTree> trees;
    double effective_structures = 0;
  };
  Members members(const State& state, int depth, std::int64_t limit, std::int64_t count) const;

  int depth() const { return options_.depth; }

 private:
  struct Partial;
  Partial sample(std::int64_t first, std::int64_t last, Seed seed) const;
  void add_draw(const LeafCounts& counts, int depth, Seed seed, std::uint64_t number, LeafLabels& labels,
                Partial& partial) const;
  void keep_candidates(Depth& depth, int d) const;

  const TreeRecords& records_;
  std::vector<std::int64_t> limits_;
  TreeSamplingOptions options_;
};

}  // namespace lehr::stats
