// The labelings of a tree's leaves that make few errors, counted exactly.
//
// Leaf l holds n_lc records of class c; labelled c it makes n_l - n_lc errors, x_lc = max_k n_lk - n_lc more than
// its best label. The labelings of leaves 1 .. l with at most s extra errors number
//
//   W_0(s) = 1,   W_l(s) = sum_c W_(l-1)(s - x_lc),   0 for s < 0
//
// so that a share W_L(s) / C^L of all labelings makes at most least + s errors. Empty leaves count for nothing in
// either. Cost O(leaves x C x s).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::stats {

// The errors of the best labeling; counts are leaf by leaf, `classes` each.
std::int64_t least_errors(const std::vector<std::int32_t>& counts, int classes);
// The best labeling: the first of the most frequent classes of each leaf; 0 in empty ones.
std::vector<int> majority_labels(const std::vector<std::int32_t>& counts, int classes);
std::int64_t errors_of(const std::vector<std::int32_t>& counts, int classes, const std::vector<int>& labels);

class LeafLabels {
 public:
  // The natural logarithm of what `shares` is multiplied by: C^(leaves / 2).
  static double log_scale(int depth, int classes);

  // shares[s], s = 0 .. most_extra: the share of all labelings with at most least_errors + s errors, times
  // C^(leaves / 2). Valid until the next call.
  std::span<const double> shares(const std::vector<std::int32_t>& counts, int classes,
                                 std::int64_t most_extra);

  // A labeling drawn uniformly from those with at most least_errors + most_extra errors.
  std::vector<int> draw(const std::vector<std::int32_t>& counts, int classes, std::int64_t most_extra,
                        Stream& random);

 private:
  // What the labels of a leaf cost beyond its best one; empty for an empty leaf.
  void find_extra(const std::int32_t* count, int classes);
  void add_leaf(const std::vector<double>& before, std::vector<double>& after) const;

  std::vector<std::int64_t> extra_;
  std::vector<double> ways_, next_;
};

}  // namespace lehr::stats
