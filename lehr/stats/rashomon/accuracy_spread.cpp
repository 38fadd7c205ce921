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

namespace {

double accuracy_of(const LearnerAccuracy& learner) { return learner.validation.accuracy; }

}  // namespace

double accuracy_spread(const std::vector<LearnerAccuracy>& learners) {
  return accuracy_of(*std::ranges::max_element(learners, {}, accuracy_of)) -
         accuracy_of(*std::ranges::min_element(learners, {}, accuracy_of));
}

double accuracy_spread_error(const std::vector<LearnerAccuracy>& learners) {
  std::vector<double> differences =
      std::ranges::max_element(learners, {}, accuracy_of)->validation.accuracies;
  const std::vector<double>& worst =
      std::ranges::min_element(learners, {}, accuracy_of)->validation.accuracies;
  for (std::size_t k = 0; k < differences.size(); ++k) differences[k] -= worst[k];
  return fold_error(differences);
}

}  // namespace lehr::stats
