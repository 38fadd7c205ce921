#include "lehr/schedule/laws/curve.hpp"

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::laws {
namespace {

const std::vector<std::int64_t> eight_steps{2, 3, 4, 5, 6, 7, 8, 9};
const std::vector<double> eight_losses(8, 3.0);
Plan ten_steps() { return {std::vector<double>(10, 1e-3), 0}; }

TEST(FillRates, RampsUpBeforeTheFirstRowAndInterpolates) {
  const std::vector<std::int64_t> steps{4, 6, 8};
  const std::vector<double> rates{0.4, 0.2, 0.1};
  const Plan linear = fill_rates(steps, rates, 10, 4);
  const std::vector<double> expected{0, 0.1, 0.2, 0.3, 0.4, 0.3, 0.2, 0.15, 0.1, 0.1};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(linear.rates[i], expected[i], 1e-15) << i;
  EXPECT_EQ(linear.warmup, 4);
  const Plan hold = fill_rates(steps, rates, 10, 0, Interpolation::hold);
  EXPECT_EQ(hold.rates, (std::vector<double>{0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1}));
}

TEST(FillRates, RefusesRowsOutsideTheRun) {
  const std::vector<std::int64_t> steps{4, 12};
  const std::vector<double> rates{0.4, 0.2};
  EXPECT_EQ(test::message_of<InvalidInput>([&] { fill_rates(steps, rates, 10, 0); }),
            "learning-rate log, row 2: step 12 lies outside 0 to 9");
  const std::vector<std::int64_t> hostile{4, 9'000'000'000'000'000'000};
  EXPECT_EQ(test::message_of<InvalidInput>([&] { fill_rates(hostile, rates, hostile.back() + 1, 0); }),
            "learning-rate log: the run has 9000000000000000001 steps, allowed are 1 to 100000000");
}

TEST(Interpolation, NamesTheKnownWords) {
  EXPECT_EQ(interpolation("hold"), Interpolation::hold);
  EXPECT_EQ(test::message_of<InvalidInput>([] { interpolation("linaer"); }),
            "unknown interpolation 'linaer' (did you mean 'linear'?)");
}

TEST(MakeCurve, NamesCurveRowAndValueOfWhatIsWrong) {
  const auto with = [](std::vector<std::int64_t> steps, std::vector<double> losses,
                       std::vector<double> rates = {}) {
    return test::message_of<InvalidInput>([&] { make_curve("run", ten_steps(), steps, losses, rates); });
  };
  EXPECT_NO_THROW(make_curve("run", ten_steps(), eight_steps, eight_losses));
  EXPECT_EQ(with({1, 2}, {3, 3}), "curve 'run': 2 rows, at least 8 are needed");
  EXPECT_EQ(with({2, 3, 4, 5, 6, 7, 8, 10}, eight_losses),
            "curve 'run', row 8: step 10 lies outside the schedule's steps 0 to 9");
  EXPECT_EQ(with({2, 3, 4, 4, 6, 7, 8, 9}, eight_losses),
            "curve 'run', row 4: step 4 follows step 4, steps must increase");
  std::vector<double> losses = eight_losses;
  losses[2] = -1;
  EXPECT_EQ(with(eight_steps, losses),
            "curve 'run', row 3: the loss at step 4 is -1, expected a positive number");
  losses[2] = std::nan("");
  EXPECT_EQ(with(eight_steps, losses),
            "curve 'run', row 3: the loss at step 4 is nan, expected a positive number");
}

TEST(MakeCurve, RefusesLoggedRatesThatDifferFromTheSchedule) {
  std::vector<double> rates(8, 1e-3);
  rates[5] *= 1 + 5e-7;
  EXPECT_NO_THROW(make_curve("run", ten_steps(), eight_steps, eight_losses, rates));
  rates[5] = 1e-3 * (1 + 2e-6);
  EXPECT_EQ(test::message_of<InvalidInput>(
                [&] { make_curve("run", ten_steps(), eight_steps, eight_losses, rates); }),
            "curve 'run', row 6: the logged learning rate at step 7 is 0.001000002, the schedule's is 0.001");
}

TEST(MedianFilter, RemovesSpikesAndKeepsMonotoneCurves) {
  const std::vector<double> falling{9, 8, 7, 6, 5, 4};
  EXPECT_EQ(median_filter(falling, 5), falling);
  EXPECT_EQ(median_filter(std::vector<double>{3, 3, 30, 3, 3}, 3), std::vector<double>(5, 3.0));
  EXPECT_THROW(median_filter(falling, 4), InvalidInput);
}

TEST(ReportSteps, SpreadFromTheWarmupToTheLastStep) {
  const Plan plan{std::vector<double>(1000, 1.0), 100};
  const std::vector<std::int64_t> steps = report_steps(plan, 10);
  EXPECT_EQ(steps.size(), 10U);
  EXPECT_EQ(steps.front(), 100);
  EXPECT_EQ(steps.back(), 999);
  EXPECT_EQ(report_steps({std::vector<double>(3, 1.0), 0}, 10), (std::vector<std::int64_t>{0, 1, 2}));
}

}  // namespace
}  // namespace lehr::laws
