// Stratified cross-validation: the records are dealt into folds class by class, each fold is predicted by a learner that
// saw the others.
//
//   accuracy  = share of all records predicted correctly
//   error     = s sqrt(1 / K + 1 / (K - 1)),  s the standard deviation of the K folds' accuracies
//
// The error is that of the expected accuracy of learners trained on n (K - 1) / K records of the same law, with K - 1
// degrees of freedom: intervals are accuracy +- t_(K-1) error, 2.26 for 10 folds. s sqrt(1 / K), which takes folds for
// independent, leaves out that they share their training records, and covers in 0.74 to 0.92; the second term is C. Nadeau
// and Y. Bengio's correction, n_test / n_train ("Inference for the generalization error", Machine Learning 52, 2003). It
// takes the folds' correlation for 1 / K, which no single table can tell (Y. Bengio and Y. Grandvalet, 2004): measured
// on three laws and four learners, intervals cover in 0.93 to 0.98, and in 0.88 to 0.94 where a learner is unstable or
// finds nothing to learn (CART on step and xor, logistic regression on xor).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lehr/stats/rashomon/classifier.hpp"

namespace lehr::stats {

// The fold of each record, in [0, folds): every fold has its share of every class, within one record. Throws InvalidInput
// unless 2 <= folds <= records.
std::vector<int> stratified_folds(const LabelledTable& table, std::int64_t folds, Seed seed);

// The records inside fold `fold` (test) and outside it (training).
struct Fold {
  std::vector<Eigen::Index> training, test;
};
Fold fold_records(const std::vector<int>& fold_of, int fold);

struct CrossValidation {
  std::vector<double> accuracies;  // of each fold
  double accuracy = 0;             // share of all records predicted correctly
  double standard_error = 0;       // of the expected accuracy, as above
};

// The error above of K folds' values, or of differences of two learners' values on the same folds; NaN for K = 1.
double fold_error(std::span<const double> values);

// Folds run in parallel; fold k fits with the seed's value + k.
CrossValidation cross_validate(const Classifier& classifier, const LabelledTable& table,
                               const std::vector<int>& fold_of, Seed seed);

}  // namespace lehr::stats
