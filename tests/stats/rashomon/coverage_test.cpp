// Standard errors say what they should: 95 % intervals of 1000 repeats contain the exact ratio in 93 to 97 % of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/rashomon/accuracy_spread.hpp"
#include "lehr/stats/rashomon/exact_trees.hpp"
#include "lehr/stats/rashomon/synthetic_tables.hpp"
#include "lehr/stats/rashomon/tree_sampling.hpp"
#include "lehr/stats/rashomon/tree_splitting.hpp"
#include "lehr/stats/summary.hpp"
#include "tests/stats/rashomon/tables.hpp"

namespace lehr::stats {
namespace {

constexpr std::uint64_t repeats = 1000;

double log10_exact(const TreeRecords& records, int depth, std::int64_t limit) {
  const auto distribution = ExactTrees(records, {}).error_distribution(depth, limit);
  return std::log10(std::accumulate(distribution->begin(), distribution->end(), 0.0));
}

class RatioCoverage : public testing::TestWithParam<TreeEstimator> {};

TEST_P(RatioCoverage, OfSampling) {
  const TreeRecords records(test::random_binary(50, 4, 2, 3));
  const std::int64_t limit = *ExactTrees(records, {}).best_errors(2) + 4;
  const double exact = log10_exact(records, 2, limit);
  const TreeSampling method(records, {limit, limit}, {.depth = 2, .samples = 4000, .estimator = GetParam()});
  std::uint64_t covered = 0;
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    const RatioEstimate ratio = drive(method, {}, Seed{seed}).state.depths[1].errors.estimate(limit);
    covered += std::abs(ratio.log10_ratio - exact) <= 1.96 * ratio.log10_error;
  }
  EXPECT_GE(covered, 930u);
  EXPECT_LE(covered, 970u);
}

INSTANTIATE_TEST_SUITE_P(All, RatioCoverage,
                         testing::Values(TreeEstimator::naive, TreeEstimator::importance,
                                         TreeEstimator::rao_blackwell));

// Limits that adapt to the particles bias the ratio by a share of order 1 / particles: 3 % with 50, 0.3 % with 200.
TEST(SplittingCoverage, OfManyPopulations) {
  const TreeRecords records(test::random_binary(50, 4, 2, 3));
  const std::int64_t limit = *ExactTrees(records, {}).best_errors(2) + 4;
  const double exact = log10_exact(records, 2, limit);
  const TreeSplitting method(records, {}, 2, limit, {.populations = 40, .particles = 200, .moves = 2});
  std::uint64_t covered = 0;
  for (std::uint64_t seed = 1; seed <= repeats; ++seed) {
    const RatioEstimate ratio = method.ratio(drive(method, {}, Seed{seed}).state, limit);
    covered += std::abs(ratio.log10_ratio - exact) <= 1.96 * ratio.log10_error;
  }
  EXPECT_GE(covered, 930u);
  EXPECT_LE(covered, 970u);
}

struct ValidatedLearner {
  Classifier learner;
  SyntheticTableOptions law;
};

// The expected accuracy of learners that saw 90 of 100 records, over 1000 tables and 4000 new records, against each
// table's own cross-validation, by Student's t with 9 degrees of freedom. The correction is a bound for learners as stable
// as logistic regression: their intervals may cover more.
TEST(CrossValidationCoverage, OfTheExpectedAccuracy) {
  const SyntheticTableOptions linear{.family = "linear", .records = 100, .noise = 0.2, .margin = 0},
      step{.family = "step", .records = 100, .noise = 0.2};
  for (const auto& [learner, law] : {ValidatedLearner{logistic_regression({}), linear},
                                     {cart({}), linear},
                                     {rbf_svm({}), linear},
                                     {rbf_svm({}), step}}) {
    SyntheticTableOptions many = law;
    many.records = 4000;
    const LabelledTable fresh = synthetic_table(many, Seed{999'983});
    struct Validated {
      double accuracy, error, on_fresh;
    };
    const auto found = parallel_map(repeats, [&](std::int64_t i) {
      const Seed seed{static_cast<std::uint64_t>(i + 1)};
      const LabelledTable table = synthetic_table(law, seed);
      const std::vector<int> folds = stratified_folds(table, 10, seed);
      const CrossValidation validation = cross_validate(learner, table, folds, Seed{1});
      const LabelledTable training = select_records(table, fold_records(folds, 0).training);
      const std::vector<int> labels = learner.fit(training, Seed{1})(fresh.values);
      double right = 0;
      for (std::size_t k = 0; k < labels.size(); ++k)
        right += training.classes[static_cast<std::size_t>(labels[k])] ==
                 fresh.classes[static_cast<std::size_t>(fresh.labels[k])];
      return Validated{validation.accuracy, validation.standard_error,
                       right / static_cast<double>(labels.size())};
    });
    double expected = 0;
    for (const Validated& v : found) expected += v.on_fresh / repeats;
    const auto covered = std::ranges::count_if(
        found, [&](const Validated& v) { return t_interval(v.accuracy, v.error, 9).contains(expected); });
    EXPECT_GE(covered, 930) << learner.name << law.family;
    if (learner.name != "logistic regression") {
      EXPECT_LE(covered, 970) << learner.name << law.family;
    }
  }
}

// `spread_error` of two learners that are chosen beforehand: the expected difference of their accuracies on new records, against
// each table's own, by Student's t with 9 degrees of freedom. Where one of them cannot learn the law (logistic regression on
// steps) the difference is that of an unstable learner and is covered in 0.925 only; docs/stats.md says so.
TEST(CrossValidationCoverage, OfADifferenceOfAccuracies) {
  for (const SyntheticTableOptions& law :
       {SyntheticTableOptions{.family = "linear", .records = 100, .noise = 0.2, .margin = 0},
        SyntheticTableOptions{.family = "step", .records = 100, .noise = 0.2}}) {
    SyntheticTableOptions many = law;
    many.records = 4000;
    const LabelledTable fresh = synthetic_table(many, Seed{999'983});
    const std::array learners{logistic_regression({}), cart({})};
    struct Compared {
      double difference, error, on_fresh;
    };
    const auto found = parallel_map(repeats, [&](std::int64_t i) {
      const Seed seed{static_cast<std::uint64_t>(i + 1)};
      const LabelledTable table = synthetic_table(law, seed);
      const std::vector<int> folds = stratified_folds(table, 10, seed);
      const LabelledTable training = select_records(table, fold_records(folds, 0).training);
      std::vector<LearnerAccuracy> accuracies;
      std::array<double, 2> right{};
      for (std::size_t l = 0; l < 2; ++l) {
        accuracies.push_back({learners[l].name, cross_validate(learners[l], table, folds, Seed{1})});
        const std::vector<int> labels = learners[l].fit(training, Seed{1})(fresh.values);
        for (std::size_t k = 0; k < labels.size(); ++k)
          right[l] += training.classes[static_cast<std::size_t>(labels[k])] ==
                      fresh.classes[static_cast<std::size_t>(fresh.labels[k])];
      }
      return Compared{accuracies[0].validation.accuracy - accuracies[1].validation.accuracy,
                      accuracy_spread_error(accuracies),
                      (right[0] - right[1]) / static_cast<double>(many.records)};
    });
    double expected = 0;
    for (const Compared& c : found) expected += c.on_fresh / repeats;
    const auto covered = std::ranges::count_if(
        found, [&](const Compared& c) { return t_interval(c.difference, c.error, 9).contains(expected); });
    EXPECT_GE(covered, law.family == "linear" ? 930 : 900) << law.family;
    EXPECT_LE(covered, 970) << law.family;
  }
}

}  // namespace
}  // namespace lehr::stats
