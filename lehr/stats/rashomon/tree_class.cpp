#include "lehr/stats/rashomon/tree_class.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::stats {

TreeRecords::TreeRecords(const LabelledTable& table)
    : features_(static_cast<int>(table.features.size())),
      classes_(static_cast<int>(table.classes.size())),
      total_(table.records()) {
  if (table.labels.empty()) throw InvalidInput("trees: the target {} has no classes", quote(table.target));
  values_.resize(static_cast<std::size_t>(table.values.size()));
  for (int f = 0; f < features_; ++f) {
    const auto column = table.values.col(f);
    const double low = column.minCoeff(), range = column.maxCoeff() - low;
    low_.push_back(low), range_.push_back(range);
    binary_ = binary_ && table.is_binary(f);
    std::vector<double> sorted(static_cast<std::size_t>(total_));
    for (Eigen::Index i = 0; i < total_; ++i) {
      const double scaled = range > 0 ? (column(i) - low) / range : 0;
      values_[static_cast<std::size_t>(i * features_ + f)] = sorted[static_cast<std::size_t>(i)] = scaled;
    }
    std::ranges::sort(sorted);
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    auto& midpoints = midpoints_.emplace_back();
    for (std::size_t k = 1; k < sorted.size(); ++k) midpoints.push_back(0.5 * (sorted[k - 1] + sorted[k]));
    if (midpoints.empty()) midpoints.push_back(0.5);  // a constant feature: its one split separates nothing
  }
  merge_equal(table.labels);
}

void TreeRecords::merge_equal(const std::vector<int>& labels) {
  const auto width = static_cast<std::size_t>(features_);
  std::vector<std::size_t> order(static_cast<std::size_t>(total_));
  std::iota(order.begin(), order.end(), 0);
  const auto record_at = [&](std::size_t row) { return values_.data() + row * width; };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::lexicographical_compare(record_at(a), record_at(a) + width, record_at(b),
                                        record_at(b) + width);
  });
  std::vector<double> merged;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const double* record = record_at(order[k]);
    if (k == 0 || !std::equal(record, record + width, record_at(order[k - 1]))) {
      merged.insert(merged.end(), record, record + width);
      counts_.resize(counts_.size() + static_cast<std::size_t>(classes_), 0);
    }
    ++counts_[counts_.size() - static_cast<std::size_t>(classes_) +
              static_cast<std::size_t>(labels[order[k]])];
  }
  values_ = std::move(merged);
  for (std::int64_t row = 0; row < rows(); ++row) {
    const std::int32_t* const own = counts(row);
    const auto found = std::find_if(own, own + classes_, [](std::int32_t n) { return n > 0; });
    const bool only = std::count_if(own, own + classes_, [](std::int32_t n) { return n > 0; }) == 1;
    only_class_.push_back(only ? static_cast<int>(found - own) : -1);
  }
}

void draw_structure(const TreeRecords& records, const TreePrior& prior, int depth, Seed seed,
                    std::uint64_t number, SplitStructure& structure) {
  Stream random(seed, lane("rashomon.structure"), number);
  Stream stops(seed, lane("rashomon.stop"), number);
  const std::size_t nodes = (std::size_t{1} << depth) - 1;
  structure.features.resize(nodes);
  structure.thresholds.resize(nodes);
  double splits = 1;  // probability that a node of this level splits
  for (std::size_t level = 0, node = 0; level < static_cast<std::size_t>(depth); ++level) {
    for (const std::size_t end = 2 * node + 1; node < end; ++node) {
      const auto feature = static_cast<int>(uniform_index(random, records.features()));
      double threshold = uniform(random);
      if (prior.splits == Splits::midpoints) {
        const auto& midpoints = records.midpoints(feature);
        threshold = midpoints[static_cast<std::size_t>(threshold * static_cast<double>(midpoints.size()))];
      }
      const bool parent_stops =
          node > 0 && structure.thresholds[(node - 1) / 2] == std::numeric_limits<double>::infinity();
      if (parent_stops || (prior.depth_penalty < 1 && uniform(stops) >= splits))
        threshold = std::numeric_limits<double>::infinity();
      structure.features[node] = feature;
      structure.thresholds[node] = threshold;
    }
    splits *= prior.depth_penalty;
  }
}

LeafCounts::LeafCounts(const TreeRecords& records, int depth)
    : leaf_(static_cast<std::size_t>(records.rows())) {
  for (int d = 0; d <= depth; ++d)
    counts_.emplace_back((std::size_t{1} << d) * static_cast<std::size_t>(records.classes()));
  for (std::int64_t row = 0; row < records.rows(); ++row)
    for (int c = 0; c < records.classes(); ++c)
      counts_[0][static_cast<std::size_t>(c)] += records.counts(row)[c];
}

void LeafCounts::count(const TreeRecords& records, const SplitStructure& structure) {
  const std::int64_t rows = records.rows();
  const int classes = records.classes(), features = records.features();
  const double* const values = records.record(0);
  const std::int32_t* const weights = records.counts(0);
  std::ranges::fill(leaf_, std::uint16_t{0});
  for (int d = 1; d <= depth(); ++d) {
    auto& counts = counts_[static_cast<std::size_t>(d)];
    std::ranges::fill(counts, 0);
    const std::size_t first = (std::size_t{1} << (d - 1)) - 1;
    const int* const split_feature = structure.features.data() + first;
    const double* const split_threshold = structure.thresholds.data() + first;
    for (std::int64_t row = 0; row < rows; ++row) {
      std::uint16_t& leaf = leaf_[static_cast<std::size_t>(row)];
      const bool above = values[row * features + split_feature[leaf]] > split_threshold[leaf];
      leaf = static_cast<std::uint16_t>(2 * leaf + (above ? 1 : 0));
      std::int32_t* const count =
          counts.data() + static_cast<std::size_t>(leaf) * static_cast<std::size_t>(classes);
      const std::int32_t* const weight = weights + row * classes;
      if (const int only = records.only_class(row); only >= 0)
        count[only] += weight[only];
      else
        for (int c = 0; c < classes; ++c) count[c] += weight[c];
    }
  }
}

namespace {

// Appends the subtree of node `node`, whose leaves are [first, first + 2^levels), and returns its place; -1 where no
// record arrives.
int append_reached(const TreeRecords& records, const SplitStructure& structure, std::size_t node,
                   std::size_t first, int levels, const std::vector<std::int32_t>& counts,
                   const std::vector<int>& labels, DecisionTree& tree) {
  const auto classes = static_cast<std::size_t>(records.classes());
  if (levels == 0) {
    const auto begin = counts.begin() + static_cast<std::ptrdiff_t>(first * classes);
    if (std::all_of(begin, begin + static_cast<std::ptrdiff_t>(classes),
                    [](std::int32_t n) { return n == 0; }))
      return -1;
    tree.nodes.push_back({.feature = -1, .threshold = 0, .below = -1, .above = -1, .label = labels[first]});
    return static_cast<int>(tree.nodes.size()) - 1;
  }
  const std::size_t half = std::size_t{1} << (levels - 1);
  const int place = static_cast<int>(tree.nodes.size());
  tree.nodes.emplace_back();
  const int below = append_reached(records, structure, 2 * node + 1, first, levels - 1, counts, labels, tree);
  const int above =
      append_reached(records, structure, 2 * node + 2, first + half, levels - 1, counts, labels, tree);
  if (below < 0 || above < 0) {  // nothing is separated: the side that is reached moves up by one place
    tree.nodes.erase(tree.nodes.begin() + place);
    for (auto moved = tree.nodes.begin() + place; moved != tree.nodes.end(); ++moved)
      if (moved->feature >= 0) --moved->below, --moved->above;
    return below < 0 && above < 0 ? -1 : place;
  }
  const int feature = structure.features[node];
  // Between two values every threshold is the same split.
  const bool two_values = records.midpoints(feature).size() == 1;
  const double threshold = two_values ? records.midpoints(feature).front() : structure.thresholds[node];
  tree.nodes[static_cast<std::size_t>(place)] = {.feature = feature,
                                                 .threshold = records.unscaled(feature, threshold),
                                                 .below = below,
                                                 .above = above,
                                                 .label = 0};
  return place;
}

}  // namespace

DecisionTree labelled_tree(const TreeRecords& records, const SplitStructure& structure, int depth,
                           const std::vector<std::int32_t>& counts, const std::vector<int>& labels) {
  DecisionTree tree;
  append_reached(records, structure, 0, 0, depth, counts, labels, tree);
  return simplified(tree);
}

}  // namespace lehr::stats
