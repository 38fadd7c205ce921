#include "lehr/core/budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::message_of;
using ::testing::HasSubstr;

Row row_with(double loss) {
  Row row;
  row.add("loss", loss);
  return row;
}

bool reached(const Budget& budget, const Usage& used, const Row* row = nullptr) {
  return budget.reached(used, row) != nullptr;
}

TEST(Budget, EachLimitIsReachedWhereItSays) {
  EXPECT_FALSE(reached(Budget::steps(10), {.steps = 9}));
  EXPECT_TRUE(reached(Budget::steps(10), {.steps = 10}));
  EXPECT_FALSE(reached(Budget::evaluations(10), {.evaluations = 9}));
  EXPECT_TRUE(reached(Budget::evaluations(10), {.evaluations = 12}));
  EXPECT_FALSE(reached(Budget::seconds(1.5), {.seconds = 1.4}));
  EXPECT_TRUE(reached(Budget::seconds(1.5), {.seconds = 1.5}));
  const Row low = row_with(3.2), high = row_with(3.3);
  EXPECT_TRUE(reached(Budget::target("loss", 3.2), {}, &low));
  EXPECT_FALSE(reached(Budget::target("loss", 3.2), {}, &high));
  EXPECT_TRUE(reached(Budget::target_at_least("loss", 3.3), {}, &high));
  EXPECT_FALSE(reached(Budget::target_at_least("loss", 3.3), {}, &low));
}

TEST(Budget, TargetsAreOpenWithoutTheirMetric) {
  const Row other;
  EXPECT_FALSE(reached(Budget::target("loss", 3.2), {}));
  EXPECT_FALSE(reached(Budget::target("loss", 3.2), {}, &other));
}

TEST(Budget, AnyOfTwoEndsWithTheFirst) {
  const Budget budget = Budget::steps(100) | Budget::evaluations(50);
  EXPECT_FALSE(reached(budget, {.steps = 99, .evaluations = 49}));
  EXPECT_EQ(budget.reached({.steps = 100}, nullptr)->kind, Budget::Kind::steps);
  EXPECT_EQ(budget.reached({.steps = 1, .evaluations = 50}, nullptr)->kind, Budget::Kind::evaluations);
}

TEST(Budget, AllOfTwoEndsWithTheLast) {
  const Budget budget = Budget::steps(100) & Budget::target("loss", 1);
  const Row low = row_with(0.5), high = row_with(2);
  EXPECT_FALSE(reached(budget, {.steps = 100}, &high));
  EXPECT_FALSE(reached(budget, {.steps = 99}, &low));
  EXPECT_TRUE(reached(budget, {.steps = 100}, &low));
}

TEST(Budget, AndDistributesOverOr) {
  const Budget budget =
      (Budget::steps(10) | Budget::evaluations(20)) & (Budget::steps(30) | Budget::evaluations(5));
  for (std::int64_t steps = 0; steps < 40; ++steps)
    for (std::int64_t evaluations = 0; evaluations < 25; ++evaluations)
      EXPECT_EQ(reached(budget, {.steps = steps, .evaluations = evaluations}),
                (steps >= 10 || evaluations >= 20) && (steps >= 30 || evaluations >= 5))
          << steps << " steps, " << evaluations << " evaluations";
}

TEST(Budget, ProgressIsTheShareOfWhatEndsFirst) {
  EXPECT_EQ(Budget::steps(10).progress({.steps = 4}), 0.4);
  EXPECT_EQ((Budget::steps(10) | Budget::evaluations(10)).progress({.steps = 4, .evaluations = 6}), 0.6);
  EXPECT_EQ((Budget::steps(10) & Budget::evaluations(10)).progress({.steps = 4, .evaluations = 6}), 0.4);
  EXPECT_EQ(Budget::steps(10).progress({.steps = 40}), 1);
  EXPECT_EQ(Budget::target("loss", 1).progress({.steps = 40}), 0);
  EXPECT_EQ((Budget::seconds(8) | Budget::target("loss", 1)).progress({.seconds = 2}), 0.25);
}

TEST(Budget, StepLimitIsWhenStepsAloneEndTheRun) {
  EXPECT_EQ(Budget::steps(10).step_limit(), 10);
  EXPECT_EQ((Budget::steps(10) | Budget::steps(7)).step_limit(), 7);
  EXPECT_EQ((Budget::steps(10) & Budget::steps(7)).step_limit(), 10);
  EXPECT_EQ((Budget::steps(10) & Budget::evaluations(7)).step_limit(), 0);
  EXPECT_EQ((Budget::steps(10) | Budget::seconds(1)).step_limit(), 10);
  EXPECT_EQ(Budget::seconds(1).step_limit(), 0);
}

TEST(Budget, KnowsWhatItNeeds) {
  EXPECT_TRUE((Budget::steps(1) | Budget::seconds(1)).uses_clock());
  EXPECT_FALSE(Budget::steps(1).uses_clock());
  EXPECT_TRUE((Budget::steps(1) & Budget::target("x", 1)).uses_target());
  EXPECT_FALSE(Budget::steps(1).uses_target());
  EXPECT_TRUE(Budget().empty());
  EXPECT_FALSE(Budget::steps(1).empty());
}

TEST(Budget, JsonRoundTrip) {
  for (const Budget& budget :
       {Budget::steps(2000), Budget::evaluations(7), Budget::seconds(0.25), Budget::target("loss", 3.2),
        Budget::target_at_least("accuracy", 0.9), Budget::steps(5) | Budget::seconds(60),
        (Budget::steps(100) & Budget::target("loss", 3.2)) | Budget::evaluations(9)}) {
    const Json json = budget.to_json();
    EXPECT_EQ(Budget::from_json(json, "budget").to_json(), json) << json;
  }
}

TEST(Budget, ReadsItsForms) {
  EXPECT_EQ(Budget::from_json(2000, "budget").step_limit(), 2000);
  EXPECT_EQ(Budget::from_json(2000.0, "budget").step_limit(), 2000);
  const Json table = {{"steps", 10}, {"evaluations", 5}, {"target", {{"metric", "loss"}, {"at_most", 1.5}}}};
  const Budget budget = Budget::from_json(table, "budget");
  const Row low = row_with(1.5);
  EXPECT_TRUE(reached(budget, {.steps = 10}));
  EXPECT_TRUE(reached(budget, {.evaluations = 5}));
  EXPECT_TRUE(reached(budget, {}, &low));
  EXPECT_FALSE(reached(budget, {.steps = 9, .evaluations = 4}));
}

std::string refusal(const Json& value) {
  return message_of<InvalidInput>([&] { Budget::from_json(value, "arm 'a': budget"); });
}

TEST(Budget, EveryRefusalNamesItsKey) {
  EXPECT_THAT(refusal("soon"), testing::AllOf(HasSubstr("arm 'a': budget"), HasSubstr("found '\"soon\"'")));
  EXPECT_THAT(refusal({{"stps", 5}}), HasSubstr("unknown key 'stps' (did you mean 'steps'?)"));
  EXPECT_THAT(refusal({{"steps", 0}}), HasSubstr("budget.steps: must be at least 1, found 0"));
  EXPECT_THAT(refusal({{"steps", -3}}), HasSubstr("found -3"));
  EXPECT_THAT(refusal({{"steps", 2.5}}), HasSubstr("budget.steps: expected a whole number, found '2.5'"));
  EXPECT_THAT(refusal({{"steps", "many"}}), HasSubstr("budget.steps: expected a whole number"));
  EXPECT_THAT(refusal({{"evaluations", 1e300}}), HasSubstr("budget.evaluations"));
  EXPECT_THAT(refusal({{"steps", std::numeric_limits<std::uint64_t>::max()}}), HasSubstr("must be at most"));
  EXPECT_THAT(refusal({{"steps", std::numeric_limits<std::int64_t>::max()}}), HasSubstr("must be at most"));
  EXPECT_THAT(refusal({{"seconds", "1 h"}}), HasSubstr("budget.seconds: expected a number"));
  EXPECT_THAT(refusal({{"seconds", 0}}), HasSubstr("budget.seconds: must be positive"));
  EXPECT_THAT(refusal({{"seconds", std::nan("")}}), HasSubstr("budget.seconds: must be positive and finite"));
  EXPECT_THAT(refusal({{"target", 3}}), HasSubstr("budget.target: expected"));
  EXPECT_THAT(refusal({{"target", {{"at_most", 3}}}}), HasSubstr("needs metric"));
  EXPECT_THAT(refusal({{"target", {{"metric", "loss"}}}}), HasSubstr("needs one of at_most and at_least"));
  EXPECT_THAT(refusal({{"target", {{"metric", "loss"}, {"at_most", 1}, {"at_least", 2}}}}),
              HasSubstr("needs one of"));
  EXPECT_THAT(refusal({{"target", {{"metric", "loss"}, {"at_mots", 1}}}}),
              HasSubstr("did you mean 'at_most'?"));
  EXPECT_THAT(refusal({{"target", {{"metric", "loss"}, {"at_most", "low"}}}}),
              HasSubstr("the bound must be a number"));
  EXPECT_THAT(refusal({{"target", {{"metric", "loss"}, {"at_most", std::nan("")}}}}),
              HasSubstr("the bound must be a number"));
  EXPECT_THAT(refusal({{"all", Json::array()}}), HasSubstr("budget.all: expected a list of budgets"));
}

TEST(Budget, FactoriesRefuseWhatCannotEnd) {
  EXPECT_THROW(Budget::steps(0), InvalidInput);
  EXPECT_THROW(Budget::evaluations(-1), InvalidInput);
  EXPECT_THROW(Budget::seconds(0), InvalidInput);
  EXPECT_THROW(Budget::seconds(std::numeric_limits<double>::infinity()), InvalidInput);
}

// 40 alternatives of two limits would make 2^40 combinations.
TEST(Budget, MemoryStaysBounded) {
  Json all = Json::array();
  for (int i = 0; i < 40; ++i) all.push_back(Json{{"steps", i + 1}, {"evaluations", i + 1}});
  EXPECT_THAT(refusal({{"all", all}}), HasSubstr("combinations"));
}

}  // namespace
}  // namespace lehr
