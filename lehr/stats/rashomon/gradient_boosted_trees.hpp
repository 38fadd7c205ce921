// Gradient boosted trees: scores F_c(x), one per class (one for two classes), that grow by small trees fitted to the
// gradient of the logistic loss, with Newton steps in the leaves.
//
//   F <- F + rate * tree,   leaf value -G / (H + lambda),   g = p - y,  h = p (1 - p)
//
// Sources: J. Friedman, "Greedy function approximation: a gradient boosting machine", 2001; T. Chen and C. Guestrin,
// "XGBoost", 2016. Cost O(rounds n p depth), by counting over at most 255 bins a feature.
#pragma once

#include "lehr/core/options.hpp"
#include "lehr/stats/rashomon/classifier.hpp"

namespace lehr::stats {

struct GradientBoostingOptions {
  std::int64_t rounds = 100;
  double rate = 0.1;
  int depth = 3;
  double min_leaf = 5;
  double lambda = 1;

  void describe(OptionTable& table) {
    table.add("rounds", rounds, "trees, one after the other (of each class)").range(1, 1e5);
    table.add("rate", rate, "learning rate").above(0).range(0, 1);
    table.add("depth", depth, "depth of a tree").range(1, 30);
    table.add("min_leaf", min_leaf, "least records of a leaf").range(1, 1e9);
    table.add("lambda", lambda, "L2 penalty of a leaf's value").at_least(0);
  }
};

Classifier gradient_boosted_trees(const GradientBoostingOptions& options = {});

}  // namespace lehr::stats
