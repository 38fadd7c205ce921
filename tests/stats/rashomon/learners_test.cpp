#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/rashomon/accuracy_spread.hpp"
#include "lehr/stats/rashomon/decision_tree.hpp"
#include "lehr/stats/rashomon/synthetic_tables.hpp"
#include "tests/stats/rashomon/tables.hpp"

namespace lehr::stats {
namespace {

double training_accuracy(const Classifier& learner, const LabelledTable& table) {
  const std::vector<int> labels = learner.fit(table, Seed{1})(table.values);
  double right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += labels[i] == table.labels[i];
  return right / static_cast<double>(labels.size());
}

double validated_accuracy(const Classifier& learner, const LabelledTable& table, std::int64_t folds = 10) {
  return cross_validate(learner, table, stratified_folds(table, folds, Seed{1}), Seed{1}).accuracy;
}

// On a step every learner comes close to the truth, on a ring all but the linear one do.
TEST(Learners, SolveWhatTheyCan) {
  const LabelledTable step = synthetic_table({.family = "step", .records = 400}, Seed{1});
  for (const Classifier& learner : five_learners())
    EXPECT_GT(validated_accuracy(learner, step, 4), 0.93) << learner.name;
  const LabelledTable ring = synthetic_table({.family = "ring", .records = 400}, Seed{1});
  for (const Classifier& learner : five_learners()) {
    if (learner.name == "logistic regression")
      EXPECT_LT(validated_accuracy(learner, ring, 4), 0.65);
    else
      EXPECT_GT(validated_accuracy(learner, ring, 4), 0.88) << learner.name;
  }
}

// scikit-learn 1.2.1 on wine (standardised, 10 folds, mean of three shuffles): LogisticRegression() 0.983,
// DecisionTreeClassifier(max_depth=7, min_samples_leaf=5) 0.867,
// RandomForestClassifier(min_samples_leaf=5) 0.976, GradientBoostingClassifier(min_samples_leaf=5) 0.961,
// SVC() 0.985. Folds differ: the margins are two standard deviations of the difference between shuffles, at
// least 4 of the 178 records.
TEST(Learners, WineAsInScikitLearn) {
  const auto path = test::stored("ppp-clustering/wine.csv");
  if (path.empty()) GTEST_SKIP() << "the stored tables are not there";
  const LabelledTable wine = read_labelled_table(path);
  const std::map<std::string, std::pair<double, double>> known = {{"logistic regression", {0.983, 0.023}},
                                                                  {"CART", {0.867, 0.04}},
                                                                  {"random forest", {0.976, 0.023}},
                                                                  {"gradient boosted trees", {0.961, 0.03}},
                                                                  {"RBF-kernel SVM", {0.985, 0.023}}};
  for (const Classifier& learner : five_learners()) {
    const auto [accuracy, margin] = known.at(learner.name);
    EXPECT_NEAR(validated_accuracy(learner, wine), accuracy, margin) << learner.name;
  }
}

// One feature, two classes: the optimality condition of the penalised likelihood holds.
TEST(Learners, LogisticRegressionIsStationary) {
  const LabelledTable table = synthetic_table({.family = "step", .records = 200, .noise = 0.2}, Seed{2});
  const Eigen::VectorXd weights = fit_logistic(table, {.C = 0.7}).col(0);
  const Standardisation standardise(table.values);
  const Eigen::MatrixXd design = standardise(table.values);
  Eigen::VectorXd residual(table.records());
  for (Eigen::Index i = 0; i < table.records(); ++i) {
    const double z = table.values.row(i).dot(weights.head(4)) + weights(4);
    residual(i) = 1 / (1 + std::exp(-z)) - table.labels[static_cast<std::size_t>(i)];
  }
  const Eigen::VectorXd standard = weights.head(4).cwiseProduct(standardise.scale.transpose());
  EXPECT_NEAR((0.7 * design.transpose() * residual + standard).cwiseAbs().maxCoeff(), 0, 1e-3);
  EXPECT_NEAR(residual.sum(), 0, 1e-3);
}

// Exclusive or on 0/1 features: no split gains anything at the root, yet depth 2 solves it.
TEST(Learners, CartSplitsWhereNothingIsGained) {
  LabelledTable table;
  table.features = {"a", "b"};
  table.classes = {"0", "1"};
  table.values.resize(40, 2);
  for (int i = 0; i < 40; ++i) {
    table.values.row(i) << (i & 1), (i >> 1 & 1);
    table.labels.push_back((i & 1) ^ (i >> 1 & 1));
  }
  EXPECT_EQ(tree_errors(grow_cart(table, {.depth = 1, .min_leaf = 1}), table), 20);
  const DecisionTree tree = grow_cart(table, {.depth = 2, .min_leaf = 1});
  EXPECT_EQ(tree_errors(tree, table), 0);
  EXPECT_EQ(tree.leaves(), 4);
  EXPECT_EQ(tree_text(tree, table.features, table.classes),
            "if a > 0.5: (if b > 0.5: 0, else 1), else (if b > 0.5: 1, else 0)");
  const Json json = tree_json(tree, table.features, table.classes);
  EXPECT_EQ(json["feature"], "a");
  EXPECT_EQ(json["below"]["above"]["class"], "1");
}

// Unlimited CART fits any table without contradictions; its thresholds lie between the values.
TEST(Learners, CartFitsPerfectlyWithoutLimits) {
  const LabelledTable table = synthetic_table({.family = "checkerboard", .records = 500}, Seed{4});
  EXPECT_EQ(training_accuracy(cart({.depth = 60, .min_leaf = 1}), table), 1);
  EXPECT_GT(training_accuracy(gradient_boosted_trees({.rounds = 300, .rate = 0.5, .depth = 6, .min_leaf = 1}),
                              table),
            0.999);
  EXPECT_GT(training_accuracy(rbf_svm({.C = 1e4, .gamma = 50}), table), 0.999);
}

// Bins of equally many records stand in for sorting: the tree of 65536 bins and of 255 agree where both see all values.
TEST(Learners, ContradictionsGiveTheMajority) {
  LabelledTable table = synthetic_table({.family = "step", .records = 30}, Seed{4});
  table.values.setConstant(1);
  table.values(0, 0) = 2;  // one record differs
  for (std::size_t i = 0; i < 30; ++i) table.labels[i] = i < 20 ? 1 : 0;
  for (const Classifier& learner : five_learners()) {
    const std::vector<int> labels = learner.fit(table, Seed{1})(table.values);
    EXPECT_EQ(labels[5], 1) << learner.name;
    EXPECT_EQ(labels[25], 1) << learner.name;
  }
}

TEST(Learners, DoNotDependOnThreads) {
  const LabelledTable table = synthetic_table({.family = "sine", .records = 200}, Seed{4});
  for (const Classifier& learner : five_learners({.forest = {.trees = 20}, .boosting = {.rounds = 20}})) {
    set_threads(1);
    const auto one = cross_validate(learner, table, stratified_folds(table, 5, Seed{1}), Seed{1});
    set_threads(0);
    const auto many = cross_validate(learner, table, stratified_folds(table, 5, Seed{1}), Seed{1});
    EXPECT_EQ(one.accuracies, many.accuracies) << learner.name;
  }
}

TEST(CrossValidation, FoldsHoldTheirShareOfEveryClass) {
  const LabelledTable table = test::random_binary(103, 4, 3, 1);
  const std::vector<int> folds = stratified_folds(table, 5, Seed{1});
  std::map<std::pair<int, int>, int> counts;
  std::map<int, int> sizes;
  for (std::size_t i = 0; i < folds.size(); ++i) ++counts[{folds[i], table.labels[i]}], ++sizes[folds[i]];
  for (int fold = 0; fold < 5; ++fold) {
    EXPECT_NEAR(sizes[fold], 103.0 / 5, 1);
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR((counts[{fold, c}]),
                  static_cast<double>(table.class_counts()[static_cast<std::size_t>(c)]) / 5, 1);
  }
  EXPECT_THROW(stratified_folds(table, 1, Seed{1}), InvalidInput);
  EXPECT_THROW(stratified_folds(table, 104, Seed{1}), InvalidInput);
}

double spread_of(const std::string& family, double noise) {
  const LabelledTable table = synthetic_table({.family = family, .records = 800, .noise = noise}, Seed{1});
  const std::vector<int> folds = stratified_folds(table, 10, Seed{1});
  std::vector<LearnerAccuracy> learners;
  for (const Classifier& learner : five_learners())
    learners.push_back({learner.name, cross_validate(learner, table, folds, Seed{1})});
  for (const auto& l : learners)
    testing::Test::RecordProperty(family + " " + l.name, std::to_string(l.validation.accuracy));
  return accuracy_spread(learners);
}

// The paper's contrast: learners agree on simple problems and not on complex ones.
TEST(AccuracySpreadSlow, SmallOnSimpleProblemsLargeOnComplexOnes) {
  for (const double noise : {0.0, 0.1, 0.2, 0.3}) EXPECT_LE(spread_of("step", noise), 0.07) << noise;
  EXPECT_LE(spread_of("linear", 0), 0.07);
  for (const char* family : {"xor", "xor3", "ring", "band", "sine", "sum"})
    EXPECT_GE(spread_of(family, 0), 0.10) << family;
}

}  // namespace
}  // namespace lehr::stats
