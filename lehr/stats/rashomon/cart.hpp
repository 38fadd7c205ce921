// CART: one decision tree, grown greedily by the Gini index. Source: L. Breiman, J. Friedman, R. Olshen and C. Stone,
// "Classification and regression trees", 1984. Cost O(n p depth).
#pragma once

#include "lehr/core/options.hpp"
#include "lehr/stats/rashomon/classifier.hpp"
#include "lehr/stats/rashomon/decision_tree.hpp"

namespace lehr::stats {

struct CartOptions {
  int depth = 7;
  double min_leaf = 5;

  void describe(OptionTable& table) {
    table.add("depth", depth, "deepest leaf").range(1, 60);
    table.add("min_leaf", min_leaf, "least records of a leaf").range(1, 1e9);
  }
};

DecisionTree grow_cart(const LabelledTable& training, const CartOptions& options);
Classifier cart(const CartOptions& options = {});

// The share of the table's records that a tree gets wrong, times their number.
std::int64_t tree_errors(const DecisionTree& tree, const LabelledTable& table);

}  // namespace lehr::stats
