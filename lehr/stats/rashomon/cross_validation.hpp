// Stratified cross-validation: the records are dealt into folds class by class, each fold is predicted by a learner that
// saw the others.
#pragma once

#include <cstdint>
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
  double standard_error = 0;       // of the folds' mean; folds share training records, so it is a rough one
};

// Folds run in parallel; fold k fits with the seed's value + k.
CrossValidation cross_validate(const Classifier& classifier, const LabelledTable& table,
                               const std::vector<int>& fold_of, Seed seed);

}  // namespace lehr::stats
