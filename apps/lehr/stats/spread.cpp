#include "apps/lehr/stats/spread.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "apps/lehr/stats/table_options.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/stats/rashomon/accuracy_spread.hpp"

namespace lehr::command {

using namespace stats;

namespace {

// Within so much of each other, learners agree (the paper's 5 points).
constexpr double agreement = 0.05;

struct SpreadOptions {
  TableOptions table;
  std::int64_t folds = 10;
  FiveLearnersOptions learners;

  void describe(OptionTable& option) {
    table.describe(option);
    option.add("folds", folds, "of the cross-validation").range(2, 1000);
    learners.describe(option);
  }
};

struct TimedAccuracy : LearnerAccuracy {
  double seconds = 0;
};

Table learners_table(const std::vector<TimedAccuracy>& learners) {
  Table table{.title = "Cross-validated accuracy",
              .columns = {"learner", "accuracy", "±", "worst fold", "best fold", "seconds"},
              .rows = {},
              .formats = {"", ".4f", ".2g", ".4f", ".4f", ".3g"}};
  for (const TimedAccuracy& l : learners) {
    const auto [low, high] = std::ranges::minmax(l.validation.accuracies);
    table.rows.push_back(
        {l.name, l.validation.accuracy, json_number(l.validation.standard_error), low, high, l.seconds});
  }
  return table;
}

Figure accuracy_figure(const std::vector<TimedAccuracy>& learners, double majority) {
  Figure figure{
      .name = "accuracy",
      .title = "Accuracy of the learners",
      .caption = "",
      .x = {.label = "learner", .log = false, .low = 0.5, .high = static_cast<double>(learners.size()) + 0.5},
      .y = {.label = "accuracy", .log = false, .low = {}, .high = {}},
      .series = {}};
  for (std::size_t k = 0; k < learners.size(); ++k) {
    const CrossValidation& v = learners[k].validation;
    const double x = static_cast<double>(k) + 1;
    figure.caption += fmt::format("{}{}: {}", k == 0 ? "" : ", ", k + 1, learners[k].name);
    figure.series.push_back({.label = learners[k].name,
                             .style = Series::Style::points,
                             .x = {x},
                             .y = {v.accuracy},
                             .low = {v.accuracy - v.standard_error},
                             .high = {v.accuracy + v.standard_error}});
  }
  figure.caption += ". Bars are one standard error of the accuracy on new records.";
  figure.series.push_back({.label = "most frequent class",
                           .style = Series::Style::dashed,
                           .x = {0.5, static_cast<double>(learners.size()) + 0.5},
                           .y = {majority, majority},
                           .low = {},
                           .high = {}});
  return figure;
}

std::string verdict(double spread, double best, double majority) {
  if (spread > agreement)
    return fmt::format(
        "The learners differ by {:.3f}: the choice of the class of models matters, a simple one need not be "
        "as good.",
        spread);
  if (best < majority + agreement)
    return fmt::format(
        "The learners agree within {:.3f}, but none does clearly better than always answering the most "
        "frequent class "
        "({:.3f}): agreement without success says nothing about simple models.",
        spread, majority);
  return fmt::format(
      "All learners are within {:.3f} of each other: a large Rashomon set is plausible, and with it a simple "
      "model that "
      "is as good. lehr stats rashomon measures it.",
      spread);
}

Report spread_report(const SpreadOptions& options, const LabelledTable& table,
                     const std::vector<TimedAccuracy>& learners) {
  Report report;
  report.title = fmt::format("Spread of five learners on {}", options.table.name());
  report.notes = table.notes;
  const std::vector<LearnerAccuracy> plain(learners.begin(), learners.end());
  const double spread = accuracy_spread(plain), majority = majority_accuracy(table);
  double best = 0;
  report.tables = {labelled_table_summary(table, options.table.name()), learners_table(learners)};
  report.json = {{"table", options.table.name()}, {"records", table.records()}, {"folds", options.folds}};
  report.metric("spread", spread);
  report.metric("spread_error", accuracy_spread_error(plain));
  for (const TimedAccuracy& l : learners) {
    best = std::max(best, l.validation.accuracy);
    std::string name = l.name;
    for (char& c : name)
      if (c == ' ' || c == '-') c = '_';
    report.metric("accuracy_" + name, l.validation.accuracy);
    report.json["learners"].push_back({{"name", l.name},
                                       {"accuracy", l.validation.accuracy},
                                       {"standard_error", json_number(l.validation.standard_error)},
                                       {"accuracies", l.validation.accuracies},
                                       {"seconds", l.seconds}});
  }
  report.metric("best_accuracy", best);
  report.metric("majority", majority);
  report.figures.push_back(accuracy_figure(learners, majority));
  report.notes.push_back(verdict(spread, best, majority));
  report.json["spread"] = spread;
  report.json["majority"] = majority;
  report.json["notes"] = report.notes;
  return report;
}

Report spread(const SpreadOptions& options, TaskContext& context) {
  const LabelledTable table = options.table.load(context);
  const std::vector<int> fold_of = stratified_folds(table, options.folds, context.seed);
  std::vector<TimedAccuracy> learners;
  for (const Classifier& learner : five_learners(options.learners)) {
    if (context.observers.interrupted != nullptr && context.observers.interrupted->load())
      throw InvalidInput("interrupted before all learners were validated");
    const auto start = std::chrono::steady_clock::now();
    TimedAccuracy& timed = learners.emplace_back();
    timed.name = learner.name;
    timed.validation = cross_validate(learner, table, fold_of, context.seed);
    timed.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return spread_report(options, table, learners);
}

}  // namespace

Task stats_spread_task() {
  return make_task<SpreadOptions>(
      "stats.spread", "", "do five very different learners reach the same accuracy",
      "Cross-validates logistic regression, CART, a random forest, gradient boosted trees and an RBF-kernel "
      "SVM on the same "
      "folds of a labelled table. When all are within 5 points of each other, and better than the most "
      "frequent class, a "
      "large Rashomon set is plausible: a simple model may be as good as the best. The check goes one way; "
      "`lehr stats "
      "rashomon` measures the set.",
      {"stats spread data.csv", "stats spread data.csv --target y --folds 5"}, spread);
}

}  // namespace lehr::command
