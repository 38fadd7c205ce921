#include "lehr/stats/rashomon/accuracy_spread.hpp"

#include <algorithm>

namespace lehr::stats {

std::vector<Classifier> five_learners(const FiveLearnersOptions& options) {
  return {logistic_regression(options.logistic), cart(options.cart), random_forest(options.forest),
          gradient_boosted_trees(options.boosting), rbf_svm(options.svm)};
}

double majority_accuracy(const LabelledTable& table) {
  const std::vector<std::int64_t> counts = table.class_counts();
  return static_cast<double>(*std::ranges::max_element(counts)) / static_cast<double>(table.records());
}

double accuracy_spread(const std::vector<LearnerAccuracy>& learners) {
  const auto [low, high] = std::ranges::minmax(
      learners, {}, [](const LearnerAccuracy& learner) { return learner.validation.accuracy; });
  return high.validation.accuracy - low.validation.accuracy;
}

}  // namespace lehr::stats
