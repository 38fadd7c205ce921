// The class of decision trees of a given depth, its prior, and a table as the class sees it.
//
// Prior: every inner node takes a feature uniformly (repeats on a path are allowed) and a split of it uniformly:
// a threshold on the range of the feature, or one of the midpoints between its values; on a 0/1 feature both are
// the one split there is. Every leaf takes one of the C labels uniformly. With a depth penalty g < 1 a node at
// depth k splits with probability g^k only and is a leaf otherwise.
#pragma once

#include <cstdint>
#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/stats/rashomon/decision_tree.hpp"
#include "lehr/stats/rashomon/labelled_table.hpp"

namespace lehr::stats {

enum class Splits { range, midpoints };
inline constexpr int deepest_tree = 10;

struct TreePrior {
  Splits splits = Splits::range;
  double depth_penalty = 1;  // g in (0, 1]
};

// The records with features scaled to [0, 1]; equal records stand together as one with counts.
class TreeRecords {
 public:
  // Throws InvalidInput for a table without labels.
  explicit TreeRecords(const LabelledTable& table);

  std::int64_t rows() const {
    return static_cast<std::int64_t>(counts_.size()) / classes_;
  }                                              // different records
  std::int64_t total() const { return total_; }  // records
  int features() const { return features_; }
  int classes() const { return classes_; }
  const double* record(std::int64_t row) const { return values_.data() + row * features_; }
  const std::int32_t* counts(std::int64_t row) const { return counts_.data() + row * classes_; }
  // The class of all records that stand together here; -1 where there are several.
  int only_class(std::int64_t row) const { return only_class_[static_cast<std::size_t>(row)]; }
  bool is_binary() const { return binary_; }  // every feature is 0 or 1
  // Midpoints between the feature's different scaled values, ascending.
  const std::vector<double>& midpoints(int feature) const {
    return midpoints_[static_cast<std::size_t>(feature)];
  }
  // A scaled threshold in the units of the table.
  double unscaled(int feature, double threshold) const {
    return low_[static_cast<std::size_t>(feature)] + threshold * range_[static_cast<std::size_t>(feature)];
  }

 private:
  void merge_equal(const std::vector<int>& labels);

  int features_, classes_;
  std::int64_t total_;
  bool binary_ = true;
  std::vector<double> values_;        // rows x features, a record after the other
  std::vector<std::int32_t> counts_;  // rows x classes
  std::vector<int> only_class_;
  std::vector<double> low_, range_;
  std::vector<std::vector<double>> midpoints_;
};

// The splits of a full tree in level order: the children of node k are 2 k + 1 and 2 k + 2. A node that does not
// split sends every record below (threshold infinity), and so do its descendants.
struct SplitStructure {
  std::vector<int> features;
  std::vector<double> thresholds;  // scaled
};

// The structure of depth `depth` with the address (seed, number): its first d levels are those of the structure of
// depth d with the same address.
void draw_structure(const TreeRecords& records, const TreePrior& prior, int depth, Seed seed,
                    std::uint64_t number, SplitStructure& structure);

// Class counts of the 2^d leaves of the structure cut at depth d, for d = 0 .. depth: counts[d] is leaf by leaf.
class LeafCounts {
 public:
  LeafCounts(const TreeRecords& records, int depth);
  void count(const TreeRecords& records, const SplitStructure& structure);
  const std::vector<std::int32_t>& at(int depth) const { return counts_[static_cast<std::size_t>(depth)]; }
  int depth() const { return static_cast<int>(counts_.size()) - 1; }

 private:
  std::vector<std::uint16_t> leaf_;  // of each row, at the level in progress
  std::vector<std::vector<std::int32_t>> counts_;
};

// The tree of depth `depth` with these splits and `labels` (2^depth, leaf by leaf), in the units of the table. Splits
// that separate no records are left out: `counts` are those of the leaves.
DecisionTree labelled_tree(const TreeRecords& records, const SplitStructure& structure, int depth,
                           const std::vector<std::int32_t>& counts, const std::vector<int>& labels);

}  // namespace lehr::stats
