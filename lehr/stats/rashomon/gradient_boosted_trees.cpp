#include "lehr/stats/rashomon/gradient_boosted_trees.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "lehr/stats/rashomon/grow_tree.hpp"

namespace lehr::stats {
namespace {

constexpr std::int64_t boosting_bins = 255;

struct BoostedTrees {
  std::size_t outputs = 1;      // 1 for two classes, else one per class
  std::vector<double> offsets;  // of each output
  struct Tree {
    GrownTree splits;
    std::vector<double> values;  // of each node
  };
  std::vector<Tree> trees;  // round by round, output by output

  std::vector<int> predict(const Eigen::MatrixXd& values) const {
    std::vector<int> labels;
    std::vector<double> scores(outputs);
    for (Eigen::Index row = 0; row < values.rows(); ++row) {
      scores = offsets;
      for (std::size_t t = 0; t < trees.size(); ++t)
        scores[t % outputs] += trees[t].values[trees[t].splits.leaf(values, row)];
      labels.push_back(outputs == 1 ? (scores[0] > 0 ? 1 : 0)
                                    : static_cast<int>(std::ranges::max_element(scores) - scores.begin()));
    }
    return labels;
  }
};

// One boosting run.
class Booster {
 public:
  Booster(const LabelledTable& training, const GradientBoostingOptions& options)
      : training_(training),
        options_(options),
        bins_(training.values, boosting_bins),
        n_(training.labels.size()) {
    model_.outputs = training.classes.size() == 2 ? 1 : training.classes.size();
    const std::vector<std::int64_t> counts = training.class_counts();
    for (std::size_t k = 0; k < model_.outputs; ++k) {
      // Smoothed, for classes that this part of the records lacks.
      const double own = static_cast<double>(counts[model_.outputs == 1 ? 1 : k]) + 0.5;
      const double rest = static_cast<double>(n_) - own + 1;
      model_.offsets.push_back(model_.outputs == 1 ? std::log(own / rest)
                                                   : std::log(own / static_cast<double>(n_)));
      scores_.insert(scores_.end(), n_, model_.offsets.back());
    }
    gradients_.resize(n_), curvatures_.resize(n_);
  }

  BoostedTrees run() {
    Stream unused(Seed{}, lane("boosting"));  // every feature is tried
    const NewtonTarget target(gradients_, curvatures_, options_.lambda);
    TreeGrower grower(
        bins_, target,
        {.depth = options_.depth, .min_leaf = options_.min_leaf, .min_gain = 1e-9, .features = 0});
    for (std::int64_t round = 0; round < options_.rounds; ++round) {
      find_shares();
      for (std::size_t k = 0; k < model_.outputs; ++k) {
        find_gradients(k);
        std::vector<std::int32_t> rows(n_);
        std::iota(rows.begin(), rows.end(), 0);
        add_tree(grower.grow(std::move(rows), unused), target, k);
      }
    }
    return std::move(model_);
  }

 private:
  // The class probabilities at the present scores: logistic, or softmax over the outputs.
  void find_shares() {
    shares_ = scores_;
    if (model_.outputs == 1) {
      for (double& s : shares_) s = 1 / (1 + std::exp(-s));
      return;
    }
    for (std::size_t i = 0; i < n_; ++i) {
      double highest = shares_[i], sum = 0;
      for (std::size_t k = 1; k < model_.outputs; ++k) highest = std::max(highest, shares_[k * n_ + i]);
      for (std::size_t k = 0; k < model_.outputs; ++k)
        sum += shares_[k * n_ + i] = std::exp(shares_[k * n_ + i] - highest);
      for (std::size_t k = 0; k < model_.outputs; ++k) shares_[k * n_ + i] /= sum;
    }
  }

  void find_gradients(std::size_t k) {
    const int own = model_.outputs == 1 ? 1 : static_cast<int>(k);
    for (std::size_t i = 0; i < n_; ++i) {
      const double p = shares_[k * n_ + i];
      gradients_[i] = p - (training_.labels[i] == own ? 1 : 0);
      curvatures_[i] = std::max(p * (1 - p), 1e-12);
    }
  }

  void add_tree(GrownTree grown, const NewtonTarget& target, std::size_t k) {
    BoostedTrees::Tree tree{std::move(grown), {}};
    for (std::size_t node = 0; node < tree.splits.nodes.size(); ++node) {
      const double value = options_.rate * target.leaf_value(tree.splits.sums.data() + node * target.width());
      tree.values.push_back(value);
      const GrownTree::Node& leaf = tree.splits.nodes[node];
      if (leaf.feature >= 0) continue;
      for (std::int64_t r = leaf.first; r < leaf.last; ++r)
        scores_[k * n_ + static_cast<std::size_t>(tree.splits.rows[static_cast<std::size_t>(r)])] += value;
    }
    tree.splits.rows = {};
    tree.splits.sums = {};
    model_.trees.push_back(std::move(tree));
  }

  const LabelledTable& training_;
  GradientBoostingOptions options_;
  FeatureBins bins_;
  std::size_t n_;
  BoostedTrees model_;
  std::vector<double> scores_, shares_, gradients_,
      curvatures_;  // output by output; the last two of one output
};

}  // namespace

Classifier gradient_boosted_trees(const GradientBoostingOptions& options) {
  return {.name = "gradient boosted trees",
          .fit = [options](const LabelledTable& training, Seed) -> Predictor {
            auto model = std::make_shared<const BoostedTrees>(Booster(training, options).run());
            return [model](const Eigen::MatrixXd& values) { return model->predict(values); };
          }};
}

}  // namespace lehr::stats
