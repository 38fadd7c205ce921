#include "lehr/stats/rashomon/linear_class.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/stats/rashomon/logistic_regression.hpp"
#include "lehr/stats/rashomon/synthetic_tables.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::stats {
namespace {

// One feature with values -1 and 1 in equal parts: classifiers are directions (w, b) on a circle, right for all records
// on the quarter |b| < w, wrong for all on the opposite one, half right on the rest.
TEST(LinearClass, OneFeatureIsKnown) {
  LabelledTable table;
  table.features = {"x"};
  table.classes = {"0", "1"};
  table.values.resize(20, 1);
  for (int i = 0; i < 20; ++i) table.values(i, 0) = i % 2 == 0 ? -1 : 1, table.labels.push_back(i % 2);
  const LinearClass linear(table);
  const LinearSampling method(linear, 20, {.samples = 50});
  const auto run = drive(method, {}, Seed{1});
  EXPECT_EQ(run.state.best_errors, 0);
  EXPECT_EQ(linear.errors(run.state.best), 0);
  // A great circle is the whole class here, so every one of them gives the ratio exactly.
  EXPECT_NEAR(std::pow(10, run.state.errors.estimate(0).log10_ratio), 0.25, 1e-12);
  EXPECT_NEAR(std::pow(10, run.state.errors.estimate(9).log10_ratio), 0.25, 1e-12);
  EXPECT_NEAR(std::pow(10, run.state.errors.estimate(10).log10_ratio), 0.75, 1e-12);
  EXPECT_NEAR(run.state.errors.estimate(10).log10_error, 0, 1e-7);
}

TEST(LinearClass, CirclesAgreeWithSingleDirections) {
  const LabelledTable table = synthetic_table({.family = "linear", .records = 120, .noise = 0.1}, Seed{1});
  const LinearClass linear(table);
  const LinearSampling circles(linear, 40, {.samples = 3000});
  const LinearSampling directions(linear, 40, {.samples = 40'000, .estimator = LinearEstimator::naive});
  const auto a = drive(circles, {}, Seed{1}), b = drive(directions, {}, Seed{2});
  for (const std::int64_t limit : {20, 30, 40}) {
    const RatioEstimate one = a.state.errors.estimate(limit), other = b.state.errors.estimate(limit);
    EXPECT_NEAR(one.log10_ratio, other.log10_ratio, 4 * std::hypot(one.log10_error, other.log10_error))
        << limit;
  }
}

TEST(LinearClass, ArcsMatchTheErrorsOfTheirDirections) {
  const LabelledTable table = synthetic_table({.family = "sum", .records = 60}, Seed{5});
  const LinearClass linear(table);
  Stream random(Seed{1}, lane("test"));
  GreatCircle circle;
  for (int k = 0; k < 50; ++k) {
    circle.draw(linear, LinearClass::draw_direction(linear.dimension(), random), random);
    EXPECT_EQ(linear.errors(circle.at_fewest()), circle.fewest());
    EXPECT_NEAR(circle.shares(60).back(), 1, 1e-12);
    const std::int64_t limit = circle.fewest() + 5;
    EXPECT_LE(linear.errors(circle.draw_within(limit, random)), limit);
  }
}

TEST(LinearClass, HitAndRunStaysInsideAndDescentImproves) {
  const LabelledTable table = synthetic_table({.family = "linear", .records = 300, .noise = 0.1}, Seed{2});
  const LinearClass linear(table);
  const Eigen::VectorXd start = linear.direction_of(fit_logistic(table).col(0));
  const Eigen::VectorXd best = descend(linear, start, 200, Seed{1});
  EXPECT_LE(linear.errors(best), linear.errors(start));
  const std::int64_t limit = linear.errors(best) + 15;
  const auto members = hit_and_run(linear, best, limit, 200, 5, Seed{1});
  ASSERT_EQ(members.size(), 200u);
  for (const auto& w : members) EXPECT_LE(linear.errors(w), limit);
  EXPECT_THROW(hit_and_run(linear, -best, limit, 1, 1, Seed{1}), InvalidInput);
}

// Weights in the table's units classify as the direction does.
TEST(LinearClass, UnitsOfTheTable) {
  LabelledTable table = synthetic_table({.family = "linear", .records = 100}, Seed{2});
  table.values.col(0) = 100 * table.values.col(0).array() + 7;
  const LinearClass linear(table);
  Stream random(Seed{1}, lane("test"));
  for (int k = 0; k < 20; ++k) {
    const Eigen::VectorXd direction = LinearClass::draw_direction(linear.dimension(), random);
    const Eigen::VectorXd weights = linear.in_table_units(direction);
    std::int64_t errors = 0;
    for (Eigen::Index i = 0; i < table.records(); ++i)
      errors += (table.values.row(i).dot(weights.head(4)) + weights(4) > 0) !=
                (table.labels[static_cast<std::size_t>(i)] == 1);
    EXPECT_EQ(errors, linear.errors(direction));
    EXPECT_NEAR((linear.direction_of(weights) - direction).norm(), 0, 1e-9);
  }
}

TEST(LinearClass, ResumesBitForBit) {
  const LabelledTable table = synthetic_table({.family = "sum", .records = 80}, Seed{2});
  const LinearClass linear(table);
  const LinearSampling method(linear, 30, {.samples = 1000});
  const auto whole = drive(method, {}, Seed{3});
  const lehr::test::TemporaryFolder folder;
  Observers observers;
  observers.checkpoints.path = folder / "state.safetensors";
  drive(method, Budget::steps(2), Seed{3}, observers);
  const auto resumed = drive(method, Budget::steps(100), Seed{3}, observers);
  EXPECT_EQ(whole.state.errors.estimate(30).log10_ratio, resumed.state.errors.estimate(30).log10_ratio);
  EXPECT_EQ(whole.state.best, resumed.state.best);
}

TEST(LinearClass, NeedsTwoClasses) {
  LabelledTable table = synthetic_table({.family = "linear", .records = 30}, Seed{2});
  table.classes.push_back("2");
  EXPECT_THROW(LinearClass{table}, InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
