#include "lehr/stats/rashomon/random_forest.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "lehr/core/parallel.hpp"
#include "lehr/stats/rashomon/grow_tree.hpp"

namespace lehr::stats {
namespace {

GrownTree grow_on_bootstrap(const LabelledTable& training, const FeatureBins& bins,
                            const GrowthOptions& growth, Stream random) {
  const std::int64_t n = training.records();
  std::vector<double> weights(static_cast<std::size_t>(n), 0);
  for (std::int64_t k = 0; k < n; ++k) ++weights[static_cast<std::size_t>(uniform_index(random, n))];
  std::vector<std::int32_t> rows;
  for (std::int64_t k = 0; k < n; ++k)
    if (weights[static_cast<std::size_t>(k)] > 0) rows.push_back(static_cast<std::int32_t>(k));
  const GiniTarget target(training.labels, training.classes.size(), weights);
  GrownTree tree = TreeGrower(bins, target, growth).grow(std::move(rows), random);
  tree.rows = {};
  for (std::size_t node = 0; node < tree.nodes.size(); ++node) {  // class shares
    double* const sums = tree.sums.data() + node * target.width();
    const double weight = target.weight(sums);
    for (std::size_t c = 0; c < target.width(); ++c) sums[c] /= weight;
  }
  return tree;
}

std::vector<int> vote(const std::vector<GrownTree>& trees, std::size_t classes,
                      const Eigen::MatrixXd& values) {
  return parallel_map(values.rows(), [&](std::int64_t row) {
    std::vector<double> shares(classes, 0);
    for (const GrownTree& tree : trees) {
      const double* const leaf = tree.sums.data() + tree.leaf(values, row) * classes;
      for (std::size_t c = 0; c < classes; ++c) shares[c] += leaf[c];
    }
    return static_cast<int>(std::ranges::max_element(shares) - shares.begin());
  });
}

}  // namespace

Classifier random_forest(const RandomForestOptions& options) {
  return {
      .name = "random forest", .fit = [options](const LabelledTable& training, Seed seed) -> Predictor {
        const FeatureBins bins(training.values, 65536);
        const auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(training.values.cols())));
        const GrowthOptions growth{
            .depth = options.depth,
            .min_leaf = options.min_leaf,
            .min_gain = -1e-9,
            .features = options.features > 0 ? options.features : std::max<std::int64_t>(1, root)};
        auto trees =
            std::make_shared<const std::vector<GrownTree>>(parallel_map(options.trees, [&](std::int64_t t) {
              return grow_on_bootstrap(training, bins, growth,
                                       {seed, lane("forest"), static_cast<std::uint64_t>(t)});
            }));
        return [trees, classes = training.classes.size()](const Eigen::MatrixXd& values) {
          return vote(*trees, classes, values);
        };
      }};
}

}  // namespace lehr::stats
