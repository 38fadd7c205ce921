// Grows a binary tree greedily: each node takes the split that raises a score of its two sides most.
//
//   gain = score(below) + score(above) - score(node)
//
// A target says what is summed over records and how a sum scores: class weights with score sum_c n_c^2 / n (the
// Gini index), gradients and curvatures with G^2 / (H + lambda) (Newton). Splits are found by counting over bins;
// small nodes sort their records' bins instead. Cost O(records x features) a level.
//
// Sources: L. Breiman, J. Friedman, R. Olshen and C. Stone, "Classification and regression trees", 1984; T. Chen and
// C. Guestrin, "XGBoost", 2016, eq. 7 (the score of gradients).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/rashomon/feature_bins.hpp"

namespace lehr::stats {

struct GrowthOptions {
  int depth = 30;          // at most
  double min_leaf = 1;     // least weight of a leaf
  double min_gain = 1e-9;  // a split gains more than this; below 0: nodes split even where nothing is gained
  std::int64_t features = 0;  // features tried at each node, drawn without replacement; 0: all
};

struct GrownTree {
  struct Node {
    int feature = -1;  // -1: a leaf
    double threshold = 0;
    int below = -1, above = -1;
    std::int64_t first = 0, last = 0;  // the node's records: rows[first .. last)
  };
  std::vector<Node> nodes;         // the root first
  std::vector<std::int32_t> rows;  // the training records, leaf by leaf
  std::vector<double> sums;        // of each node, `width` numbers

  // The leaf of row `row` of `values`.
  std::size_t leaf(const Eigen::MatrixXd& values, Eigen::Index row) const {
    std::size_t node = 0;
    while (nodes[node].feature >= 0)
      node = static_cast<std::size_t>(
          values(row, nodes[node].feature) > nodes[node].threshold ? nodes[node].above : nodes[node].below);
    return node;
  }
};

// A Target has width() numbers per record, add(record, double* sums), score(const double* sums) and
// weight(const double* sums).
template <class Target>
class TreeGrower {
 public:
  TreeGrower(const FeatureBins& bins, const Target& target, const GrowthOptions& options)
      : bins_(bins),
        target_(target),
        options_(options),
        width_(target.width()),
        total_(width_),
        side_(width_),
        rest_(width_) {}

  GrownTree grow(std::vector<std::int32_t> rows, Stream& random) {
    GrownTree tree;
    tree.rows = std::move(rows);
    open_node(tree, 0, static_cast<std::int64_t>(tree.rows.size()));
    grow_below(tree, 0, 0, random);
    return tree;
  }

 private:
  struct Split {
    double gain = 0;
    int feature = -1;
    std::size_t bin = 0;  // the last one below
    double threshold = 0;
  };

  int open_node(GrownTree& tree, std::int64_t first, std::int64_t last) {
    tree.nodes.push_back(
        {.feature = -1, .threshold = 0, .below = -1, .above = -1, .first = first, .last = last});
    tree.sums.resize(tree.sums.size() + width_, 0);
    double* const sums = tree.sums.data() + tree.sums.size() - width_;
    for (std::int64_t k = first; k < last; ++k) target_.add(tree.rows[static_cast<std::size_t>(k)], sums);
    return static_cast<int>(tree.nodes.size()) - 1;
  }

  void grow_below(GrownTree& tree, int node, int depth, Stream& random) {
    const auto at = static_cast<std::size_t>(node);
    if (depth >= options_.depth) return;
    std::copy_n(tree.sums.begin() + static_cast<std::ptrdiff_t>(at * width_), width_, total_.begin());
    const std::int64_t first = tree.nodes[at].first, last = tree.nodes[at].last;
    const Split split = best_split(tree.rows.data() + first, tree.rows.data() + last, random);
    if (split.feature < 0) return;
    const std::uint16_t* const codes = bins_.codes(split.feature);
    const auto middle = std::stable_partition(tree.rows.begin() + first, tree.rows.begin() + last,
                                              [&](std::int32_t row) { return codes[row] <= split.bin; });
    const std::int64_t border = middle - tree.rows.begin();
    const int below = open_node(tree, first, border), above = open_node(tree, border, last);
    GrownTree::Node& opened = tree.nodes[at];
    opened.feature = split.feature, opened.threshold = split.threshold;
    opened.below = below, opened.above = above;
    grow_below(tree, below, depth + 1, random);
    grow_below(tree, above, depth + 1, random);
  }

  Split best_split(const std::int32_t* first, const std::int32_t* last, Stream& random) {
    Split best{.gain = options_.min_gain, .feature = -1, .bin = 0, .threshold = 0};
    const double own = target_.score(total_.data());
    if (target_.weight(total_.data()) < 2 * options_.min_leaf || target_.pure(total_.data())) return best;
    choose_features(random);
    for (const int feature : chosen_) {
      if (bins_.bins(feature) < 2) continue;
      if (static_cast<std::size_t>(last - first) * 4 >= bins_.bins(feature))
        scan_counted(feature, first, last, own, best);
      else
        scan_sorted(feature, first, last, own, best);
    }
    return best;
  }

  void choose_features(Stream& random) {
    if (chosen_.empty() || options_.features > 0) {
      order_.resize(static_cast<std::size_t>(bins_.features()));
      std::iota(order_.begin(), order_.end(), 0);
    }
    const auto count = options_.features > 0
                           ? std::min<std::size_t>(order_.size(), static_cast<std::size_t>(options_.features))
                           : order_.size();
    if (count < order_.size())
      for (std::size_t k = 0; k < count; ++k)
        std::swap(order_[k], order_[k + static_cast<std::size_t>(uniform_index(
                                            random, static_cast<std::int64_t>(order_.size() - k)))]);
    chosen_.assign(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  // Sums per bin in one pass, then the borders between bins that hold records.
  void scan_counted(int feature, const std::int32_t* first, const std::int32_t* last, double own,
                    Split& best) {
    const std::size_t bins = bins_.bins(feature);
    histogram_.assign(bins * width_, 0);
    present_.assign(bins, 0);
    const std::uint16_t* const codes = bins_.codes(feature);
    for (const std::int32_t* row = first; row != last; ++row) {
      target_.add(*row, histogram_.data() + codes[*row] * width_);
      present_[codes[*row]] = 1;
    }
    std::ranges::fill(side_, 0);
    std::size_t before = bins;  // the last bin with records so far
    for (std::size_t bin = 0; bin < bins; ++bin) {
      if (present_[bin] == 0) continue;
      if (before < bins) consider(feature, before, bin, own, best);
      for (std::size_t w = 0; w < width_; ++w) side_[w] += histogram_[bin * width_ + w];
      before = bin;
    }
  }

  void scan_sorted(int feature, const std::int32_t* first, const std::int32_t* last, double own,
                   Split& best) {
    const std::uint16_t* const codes = bins_.codes(feature);
    sorted_.clear();
    for (const std::int32_t* row = first; row != last; ++row) sorted_.emplace_back(codes[*row], *row);
    std::ranges::sort(sorted_);
    std::ranges::fill(side_, 0);
    for (std::size_t k = 0; k < sorted_.size(); ++k) {
      if (k > 0 && sorted_[k].first != sorted_[k - 1].first)
        consider(feature, sorted_[k - 1].first, sorted_[k].first, own, best);
      target_.add(sorted_[k].second, side_.data());
    }
  }

  // The split between two bins; side_ holds what lies below it.
  void consider(int feature, std::size_t bin, std::size_t next, double own, Split& best) {
    for (std::size_t w = 0; w < width_; ++w) rest_[w] = total_[w] - side_[w];
    if (target_.weight(side_.data()) < options_.min_leaf || target_.weight(rest_.data()) < options_.min_leaf)
      return;
    const double gain = target_.score(side_.data()) + target_.score(rest_.data()) - own;
    if (gain <= best.gain) return;
    best = {.gain = gain, .feature = feature, .bin = bin, .threshold = bins_.threshold(feature, bin, next)};
  }

  const FeatureBins& bins_;
  const Target& target_;
  GrowthOptions options_;
  std::size_t width_;
  std::vector<double> total_, side_, rest_, histogram_;
  std::vector<std::uint8_t> present_;
  std::vector<std::pair<std::uint16_t, std::int32_t>> sorted_;
  std::vector<int> order_, chosen_;
};

// Class weights, for the Gini index.
class GiniTarget {
 public:
  // `labels` and `weights` (empty: 1 each) of the records; both must outlive the target.
  GiniTarget(const std::vector<int>& labels, std::size_t classes, const std::vector<double>& weights)
      : labels_(labels), classes_(classes), weights_(weights) {}
  std::size_t width() const { return classes_; }
  void add(std::int32_t row, double* sums) const {
    const auto at = static_cast<std::size_t>(row);
    sums[labels_[at]] += weights_.empty() ? 1 : weights_[at];
  }
  double weight(const double* sums) const {
    double weight = 0;
    for (std::size_t c = 0; c < classes_; ++c) weight += sums[c];
    return weight;
  }
  double score(const double* sums) const {
    double squares = 0;
    for (std::size_t c = 0; c < classes_; ++c) squares += sums[c] * sums[c];
    return squares / weight(sums);
  }
  bool pure(const double* sums) const {
    return std::count_if(sums, sums + classes_, [](double n) { return n > 0; }) < 2;
  }

 private:
  const std::vector<int>& labels_;
  std::size_t classes_;
  const std::vector<double>& weights_;
};

// Gradients and curvatures of a loss, for Newton steps -G / (H + lambda). Weight: the number of records.
class NewtonTarget {
 public:
  NewtonTarget(const std::vector<double>& gradients, const std::vector<double>& curvatures, double lambda)
      : gradients_(gradients), curvatures_(curvatures), lambda_(lambda) {}
  std::size_t width() const { return 3; }
  void add(std::int32_t row, double* sums) const {
    const auto at = static_cast<std::size_t>(row);
    sums[0] += gradients_[at], sums[1] += curvatures_[at], sums[2] += 1;
  }
  double weight(const double* sums) const { return sums[2]; }
  double score(const double* sums) const { return sums[0] * sums[0] / (sums[1] + lambda_); }
  bool pure(const double*) const { return false; }
  double leaf_value(const double* sums) const { return -sums[0] / (sums[1] + lambda_); }

 private:
  const std::vector<double>& gradients_;
  const std::vector<double>& curvatures_;
  double lambda_;
};

}  // namespace lehr::stats
