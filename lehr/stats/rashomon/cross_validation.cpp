#include "lehr/stats/rashomon/cross_validation.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::stats {

std::vector<int> stratified_folds(const LabelledTable& table, std::int64_t folds, Seed seed) {
  if (folds < 2 || folds > table.records())
    throw InvalidInput("cross-validation: folds must be in [2, {}], found {}", table.records(), folds);
  std::vector<int> fold_of(table.labels.size());
  std::int64_t dealt = 0;
  for (int c = 0; c < static_cast<int>(table.classes.size()); ++c) {
    Stream random(seed, lane("folds"), static_cast<std::uint64_t>(c));
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < table.labels.size(); ++i)
      if (table.labels[i] == c) members.push_back(i);
    for (std::size_t k = members.size(); k > 1; --k)
      std::swap(members[k - 1],
                members[static_cast<std::size_t>(uniform_index(random, static_cast<std::int64_t>(k)))]);
    for (const std::size_t i : members) fold_of[i] = static_cast<int>(dealt++ % folds);
  }
  return fold_of;
}

Fold fold_records(const std::vector<int>& fold_of, int fold) {
  Fold records;
  for (std::size_t i = 0; i < fold_of.size(); ++i)
    (fold_of[i] == fold ? records.test : records.training).push_back(static_cast<Eigen::Index>(i));
  return records;
}

double fold_error(std::span<const double> values) {
  const auto folds = static_cast<double>(values.size());
  return standard_deviation(values) * std::sqrt(1 / folds + 1 / (folds - 1));
}

CrossValidation cross_validate(const Classifier& classifier, const LabelledTable& table,
                               const std::vector<int>& fold_of, Seed seed) {
  const std::int64_t folds = 1 + *std::ranges::max_element(fold_of);
  const std::vector<std::int64_t> right = parallel_map(folds, [&](std::int64_t fold) {
    const Fold records = fold_records(fold_of, static_cast<int>(fold));
    const LabelledTable training = select_records(table, records.training);
    const Predictor predict = classifier.fit(training, Seed{seed.value + static_cast<std::uint64_t>(fold)});
    const std::vector<int> labels = predict(table.values(records.test, Eigen::all));
    std::int64_t count = 0;
    for (std::size_t k = 0; k < labels.size(); ++k)
      count += labels[k] == table.labels[static_cast<std::size_t>(records.test[k])];
    return count;
  });
  CrossValidation result;
  std::int64_t all = 0;
  for (std::int64_t fold = 0; fold < folds; ++fold) {
    const auto size = std::ranges::count(fold_of, static_cast<int>(fold));
    result.accuracies.push_back(static_cast<double>(right[static_cast<std::size_t>(fold)]) /
                                static_cast<double>(size));
    all += right[static_cast<std::size_t>(fold)];
  }
  result.accuracy = static_cast<double>(all) / static_cast<double>(table.records());
  result.standard_error = fold_error(result.accuracies);
  return result;
}

}  // namespace lehr::stats
