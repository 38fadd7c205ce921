#include "lehr/stats/rashomon/multilevel_splitting.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/stats/distributions.hpp"
#include "lehr/stats/rashomon/synthetic_tables.hpp"
#include "tests/stats/rashomon/tables.hpp"

namespace lehr::stats {
namespace {

// A class of one's own: points of the unit cube with loss max x, so that P(loss <= t) = t^d. At d = 20 and t = 0.01
// that is 1e-40.
TEST(MultilevelSplitting, RareEventOfKnownProbability) {
  const auto hypotheses = cube_class(20, [](HypothesisClass::ConstPoint x) { return x.maxCoeff(); });
  const MultilevelSplitting method(hypotheses, 0.01, {.populations = 10, .particles = 200, .moves = 60});
  const auto run = drive(method, {}, Seed{1});
  const RatioEstimate ratio = method.ratio(run.state);
  EXPECT_GT(ratio.log10_error, 0);
  EXPECT_LT(ratio.log10_error, 0.5);
  EXPECT_NEAR(ratio.log10_ratio, -40, 4 * ratio.log10_error);
  for (const auto& point : method.members(run.state, 100)) EXPECT_LE(point.maxCoeff(), 0.01);
}

// Standard normal prior, loss -x1: P(x1 >= 5) = 2.9e-7.
TEST(MultilevelSplitting, GaussianTail) {
  const auto hypotheses = gaussian_class(6, [](HypothesisClass::ConstPoint x) { return -x(0); });
  const MultilevelSplitting method(hypotheses, -5, {.populations = 20, .particles = 200});
  const RatioEstimate ratio = method.ratio(drive(method, {}, Seed{2}).state);
  EXPECT_NEAR(ratio.log10_ratio, std::log10(normal_cdf(-5)), 4 * ratio.log10_error);
  EXPECT_LT(ratio.log10_error, 0.15);
}

TEST(MultilevelSplitting, LinearClassifiersAgreeWithGreatCircles) {
  const LabelledTable table = synthetic_table({.family = "linear", .records = 150}, Seed{1});
  const LinearClass linear(table);
  const LinearSampling circles(linear, 10, {.samples = 5000});
  const RatioEstimate known = drive(circles, {}, Seed{1}).state.errors.estimate(10);
  const MultilevelSplitting method(linear_hypotheses(linear), 10.5 / 150,
                                   {.populations = 20, .particles = 200});
  const RatioEstimate ratio = method.ratio(drive(method, {}, Seed{1}).state);
  EXPECT_NEAR(ratio.log10_ratio, known.log10_ratio, 4 * std::hypot(ratio.log10_error, known.log10_error));
}

// A loss that no model reaches: populations give up, the ratio is 0 with an upper limit.
TEST(MultilevelSplitting, GivesUpWhereNothingIsLower) {
  const auto hypotheses = cube_class(3, [](HypothesisClass::ConstPoint x) { return x(0) < 0.5 ? 1.0 : 2.0; });
  const MultilevelSplitting method(hypotheses, 0.5, {});
  const auto run = drive(method, {}, Seed{1});
  const RatioEstimate ratio = method.ratio(run.state);
  EXPECT_EQ(ratio.log10_ratio, -std::numeric_limits<double>::infinity());
  EXPECT_LT(ratio.log10_upper, std::log10(0.6));
  EXPECT_TRUE(method.members(run.state, 10).empty());
}

TEST(MultilevelSplitting, ThreadsAndResumeDoNotChangeABit) {
  const auto hypotheses = cube_class(8, [](HypothesisClass::ConstPoint x) { return x.sum(); });
  const MultilevelSplitting method(hypotheses, 1.0, {.populations = 4, .particles = 100});
  const auto whole = drive(method, {}, Seed{6});
  const lehr::test::TemporaryFolder folder;
  Observers observers;
  observers.checkpoints.path = folder / "state.safetensors";
  drive(method, Budget::steps(3), Seed{6}, observers);
  set_threads(1);
  const auto resumed = drive(method, Budget::steps(1000), Seed{6}, observers);
  set_threads(0);
  EXPECT_EQ(whole.state.log_ratios, resumed.state.log_ratios);
  EXPECT_EQ(whole.state.points, resumed.state.points);
  // P(sum of 8 uniforms <= 1) = 1 / 8!
  const RatioEstimate ratio = method.ratio(whole.state);
  EXPECT_NEAR(ratio.log10_ratio, -std::log10(40320.0), 4 * ratio.log10_error);
}

TEST(MultilevelSplitting, RefusesWrongOptions) {
  const auto hypotheses = cube_class(2, [](HypothesisClass::ConstPoint x) { return x.sum(); });
  EXPECT_THROW(MultilevelSplitting(hypotheses, 1, {.populations = 1}), InvalidInput);
  EXPECT_THROW(MultilevelSplitting(hypotheses, std::nan(""), {}), InvalidInput);
  EXPECT_THROW(MultilevelSplitting({}, 1, {}), InvalidInput);
  SplittingOptions wrong;
  wrong.step = Control::parse("step_size_pid()");
  EXPECT_THROW(MultilevelSplitting(hypotheses, 1, wrong), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
