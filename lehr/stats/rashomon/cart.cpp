#include "lehr/stats/rashomon/cart.hpp"

#include <algorithm>
#include <numeric>

#include "lehr/stats/rashomon/grow_tree.hpp"

namespace lehr::stats {
namespace {

DecisionTree cart_tree(const GrownTree& grown, std::size_t classes) {
  DecisionTree tree;
  for (std::size_t node = 0; node < grown.nodes.size(); ++node) {
    const auto sums = grown.sums.begin() + static_cast<std::ptrdiff_t>(node * classes);
    const auto most = std::max_element(sums, sums + static_cast<std::ptrdiff_t>(classes));
    const GrownTree::Node& from = grown.nodes[node];
    tree.nodes.push_back({.feature = from.feature,
                          .threshold = from.threshold,
                          .below = from.below,
                          .above = from.above,
                          .label = static_cast<int>(most - sums)});
  }
  return tree;
}

}  // namespace

DecisionTree grow_cart(const LabelledTable& training, const CartOptions& options) {
  const FeatureBins bins(training.values, 65536);
  const std::vector<double> equal_weights;
  const GiniTarget target(training.labels, training.classes.size(), equal_weights);
  std::vector<std::int32_t> rows(static_cast<std::size_t>(training.records()));
  std::iota(rows.begin(), rows.end(), 0);
  Stream unused(Seed{}, lane("cart"));  // every feature is tried
  TreeGrower grower(bins, target,
                    {.depth = options.depth, .min_leaf = options.min_leaf, .min_gain = -1e-9, .features = 0});
  return simplified(cart_tree(grower.grow(std::move(rows), unused), training.classes.size()));
}

Classifier cart(const CartOptions& options) {
  return {.name = "CART", .fit = [options](const LabelledTable& training, Seed) -> Predictor {
            return [tree = grow_cart(training, options)](const Eigen::MatrixXd& values) {
              std::vector<int> labels;
              for (Eigen::Index row = 0; row < values.rows(); ++row)
                labels.push_back(tree.predict(values, row));
              return labels;
            };
          }};
}

std::int64_t tree_errors(const DecisionTree& tree, const LabelledTable& table) {
  std::int64_t errors = 0;
  for (Eigen::Index row = 0; row < table.records(); ++row)
    errors += tree.predict(table.values, row) != table.labels[static_cast<std::size_t>(row)];
  return errors;
}

}  // namespace lehr::stats
