// A decision tree that predicts a class: nodes with a feature and a threshold, leaves with a label.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/json.hpp"

namespace lehr::stats {

struct TreeNode {
  int feature = -1;  // -1: a leaf
  double threshold = 0;
  int below = -1, above = -1;  // children: x[feature] <= threshold, and above it
  int label = 0;               // of a leaf
};

struct DecisionTree {
  std::vector<TreeNode> nodes;  // the root first

  // The label of the record `row` of `values` (records x features).
  int predict(const Eigen::MatrixXd& values, Eigen::Index row) const {
    int node = 0;
    while (nodes[static_cast<std::size_t>(node)].feature >= 0) {
      const TreeNode& split = nodes[static_cast<std::size_t>(node)];
      node = values(row, split.feature) > split.threshold ? split.above : split.below;
    }
    return nodes[static_cast<std::size_t>(node)].label;
  }
  std::int64_t leaves() const;
  int depth() const;
};

// The same predictions with fewer nodes: a split both of whose sides are one leaf of one label is that leaf.
DecisionTree simplified(const DecisionTree& tree);

// {"feature": "a", "threshold": 0.5, "below": {...}, "above": {...}}, leaves {"class": "yes"}.
Json tree_json(const DecisionTree& tree, const std::vector<std::string>& features,
               const std::vector<std::string>& classes);

// "if a > 0.5: (if colour=red: yes, else no), else no"; "colour=red" is a 0/1 feature of that name.
std::string tree_text(const DecisionTree& tree, const std::vector<std::string>& features,
                      const std::vector<std::string>& classes);

}  // namespace lehr::stats
