// The easy check for a large Rashomon set: do very different learners reach the same accuracy?
//
//   spread = best cross-validated accuracy - worst one
//
// All within 5 points of each other make a large ratio plausible, and with it a simple model that is as good. The check
// goes one way: learners also agree where nobody learns, which shows in the accuracy of always answering the most
// frequent class. Source: L. Semenova, C. Rudin and R. Parr, "On the existence of simpler machine learning models", 2022,
// section 5.
#pragma once

#include <string>
#include <vector>

#include "lehr/stats/rashomon/cart.hpp"
#include "lehr/stats/rashomon/cross_validation.hpp"
#include "lehr/stats/rashomon/gradient_boosted_trees.hpp"
#include "lehr/stats/rashomon/logistic_regression.hpp"
#include "lehr/stats/rashomon/random_forest.hpp"
#include "lehr/stats/rashomon/rbf_svm.hpp"

namespace lehr::stats {

struct FiveLearnersOptions {
  LogisticOptions logistic = {};
  CartOptions cart = {};
  RandomForestOptions forest = {};
  GradientBoostingOptions boosting = {};
  SvmOptions svm = {};

  void describe(OptionTable& table) {
    table.group("logistic", logistic);
    table.group("cart", cart);
    table.group("forest", forest);
    table.group("boosting", boosting);
    table.group("svm", svm);
  }
};

std::vector<Classifier> five_learners(const FiveLearnersOptions& options = {});

struct LearnerAccuracy {
  std::string name;
  CrossValidation validation;
};

// The share of the most frequent class: the accuracy of learning nothing.
double majority_accuracy(const LabelledTable& table);
// Best minus worst accuracy.
double accuracy_spread(const std::vector<LearnerAccuracy>& learners);
// The error of that difference, fold by fold, for two learners chosen beforehand; that they are the best and the worst of
// several makes the spread too large, which the error does not include. The learners share their folds.
double accuracy_spread_error(const std::vector<LearnerAccuracy>& learners);

}  // namespace lehr::stats
