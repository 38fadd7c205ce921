// Random forest: trees on bootstrap samples, a random subset of the features at each node, class shares averaged.
// Source: L. Breiman, "Random forests", Machine Learning 45, 2001. Trees grow in parallel; tree t draws from the
// stream addressed by t.
#pragma once

#include "lehr/core/options.hpp"
#include "lehr/stats/rashomon/classifier.hpp"

namespace lehr::stats {

struct RandomForestOptions {
  std::int64_t trees = 100;
  std::int64_t features = 0;
  double min_leaf = 5;
  int depth = 30;

  void describe(OptionTable& table) {
    table.add("trees", trees, "trees of the forest").range(1, 1e5);
    table.add("features", features, "features tried at a node; 0: the square root of their number")
        .range(0, 1e6);
    table.add("min_leaf", min_leaf, "least records of a leaf").range(1, 1e9);
    table.add("depth", depth, "deepest leaf").range(1, 60);
  }
};

Classifier random_forest(const RandomForestOptions& options = {});

}  // namespace lehr::stats
