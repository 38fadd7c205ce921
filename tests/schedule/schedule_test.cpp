#include "lehr/schedule/schedule.hpp"

#include <gmock/gmock.h>

#include <ctime>
#include <limits>
#include <numbers>

#include "lehr/schedule/families.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr double pi = std::numbers::pi;

std::string refusal(const std::string& text) {
  return test::message_of<InvalidInput>([&] { Schedule::parse(text); });
}

double mean_of(const std::string& text, std::int64_t steps = 100'000) {
  const std::vector<double> values = Schedule::parse(text).sample(steps);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(steps);
}

TEST(Schedule, ANumberIsAConstant) {
  EXPECT_EQ(Schedule(2.5)(0.3), 2.5);
  EXPECT_EQ(Schedule::parse(" -3e-4 ")(0.9), -3e-4);
  EXPECT_EQ(Schedule::parse("constant(value=7)").text(), "7");
  EXPECT_EQ(Schedule().at(3, 10), 0);
  EXPECT_THROW(Schedule(std::nan("")), InvalidInput);
}

TEST(Schedule, EndsAreExact) {
  for (const char* text :
       {"linear(0.3, 0.1)", "geometric(0.3, 0.1)", "cosine(0.3, 0.1)", "cosine_power(0.3, 0.1, 3)",
        "polynomial(0.3, 0.1, 2)", "wsd(0.3, 0.1)", "wsd(0.3, 0.1, shape=inverse)", "knots([0.3, 7, 0.1])",
        "knots([0.3, 7, 0.1], shape=cubic)"}) {
    const Schedule schedule = Schedule::parse(text);
    EXPECT_EQ(schedule(0), 0.3) << text;
    EXPECT_EQ(schedule(1), 0.1) << text;
    EXPECT_EQ(schedule(-5), 0.3) << text;
    EXPECT_EQ(schedule(5), 0.1) << text;
  }
}

// The mean over the run is the integral over [0, 1]; the rectangle rule's error is at most (from - to) /
// steps.
TEST(Schedule, IntegralsAreTheAnalyticOnes) {
  const double tolerance = 4e-5;
  EXPECT_NEAR(mean_of("linear(4, 1)"), 2.5, tolerance);
  EXPECT_NEAR(mean_of("geometric(4, 1)"), 3 / std::log(4.0), tolerance);
  EXPECT_NEAR(mean_of("cosine(4, 1)"), 2.5, tolerance);
  EXPECT_NEAR(mean_of("cosine_power(4, 1, 2)"), 1 + 3 * 3.0 / 8, tolerance);
  EXPECT_NEAR(mean_of("polynomial(4, 1, 3)"), 1 + 3.0 / 4, tolerance);
  EXPECT_NEAR(mean_of("tanh(from=0.1, to=2.1, scale=10)"), 5 * std::log(std::cosh(2.1) / std::cosh(0.1)),
              1e-4);  // the rectangle rule's (from - to) / steps
  EXPECT_NEAR(mean_of("inverse_sqrt(3, scale=0.5)"), 3 * (std::sqrt(3.0) - 1), tolerance);
  EXPECT_NEAR(mean_of("wsd(4, 1, start=0.5, warmup=0.25)"), 0.5 + 1 + 1.25, tolerance);
  EXPECT_NEAR(mean_of("wsd(4, 1, start=0.5, shape=sqrt)"), 2 + 0.5 * (1 + 3 * (1 - 2.0 / 3)), tolerance);
  EXPECT_NEAR(mean_of("wsd(4, 1, start=0, shape=inverse)"), 4.0 / 3 * std::log(4.0), tolerance);
  EXPECT_NEAR(mean_of("wsd(4, 1, start=0, shape=power, power=3)"), 1 + 3.0 / 4, tolerance);
  EXPECT_NEAR(mean_of("cyclic(1, 4, 5)"), 2.5, tolerance);
  EXPECT_NEAR(mean_of("cyclic(1, 4, 5, shape=cosine)"), 2.5, tolerance);
  EXPECT_NEAR(mean_of("restarts(linear(4, 1), count=3, decay=0.5)"), 2.5 * (1 + 0.5 + 0.25) / 3, tolerance);
  EXPECT_NEAR(mean_of("restarts(linear(4, 1), count=3, multiplier=2, decay=0.5)"), 2.5 * (1 + 1 + 1) / 7.0,
              tolerance);
  EXPECT_NEAR(mean_of("warmup(0.5, geometric(4, 1))"), 1 + 1.5 / std::log(4.0), tolerance);
  EXPECT_NEAR(mean_of("then(linear(4, 1), 2, at=0.25)"), 2.5 / 4 + 1.5, tolerance);
  EXPECT_NEAR(mean_of("scale(2, clamp(linear(0, 1), 0.25, 0.75))"), 1, tolerance);
}

TEST(Schedule, ValuesByHand) {
  EXPECT_THAT(Schedule::parse("steps([3, 2, 1])").sample(6), ElementsAre(3, 3, 2, 2, 1, 1));
  EXPECT_THAT(Schedule::parse("steps([3, 2, 1], at=[0.1, 0.5])").sample(10),
              ElementsAre(3, 2, 2, 2, 2, 1, 1, 1, 1, 1));
  EXPECT_THAT(Schedule::parse("steps([3, 1], at=[4steps])").sample(6), ElementsAre(3, 3, 3, 3, 1, 1));
  EXPECT_THAT(Schedule::parse("knots([0, 4, 0])").sample(5, true), ElementsAre(0, 2, 4, 2, 0));
  EXPECT_THAT(Schedule::parse("knots([0, 3, 0], at=[3steps])").sample(5, true), ElementsAre(0, 1, 2, 3, 0));
  EXPECT_THAT(Schedule::parse("knots([1, 4, 16], shape=geometric)").sample(5, true),
              ElementsAre(1, 2, 4, 8, 16));
  EXPECT_THAT(Schedule::parse("cyclic(0, 2, 2)").sample(8), ElementsAre(0, 1, 2, 1, 0, 1, 2, 1));
  EXPECT_THAT(Schedule::parse("restarts(linear(4, 0), 2)").sample(8), ElementsAre(4, 3, 2, 1, 4, 3, 2, 1));
  EXPECT_THAT(Schedule::parse("restarts(linear(4, 0), 2, multiplier=3)").sample(8),
              ElementsAre(4, 2, 4, testing::DoubleNear(10 / 3.0, 1e-15), testing::DoubleNear(8 / 3.0, 1e-15),
                          2, testing::DoubleNear(4 / 3.0, 1e-15), testing::DoubleNear(2 / 3.0, 1e-15)));
  EXPECT_THAT(Schedule::parse("warmup(4steps, 8)").sample(6), ElementsAre(0, 2, 4, 6, 8, 8));
  EXPECT_THAT(Schedule::parse("warmup(0.5, 8, from=0.5, shape=geometric)").sample(8),
              ElementsAre(0.5, 1, 2, 4, 8, 8, 8, 8));
  EXPECT_THAT(Schedule::parse("then(linear(0, 2), then(7, 9, at=2steps), at=0.5)").sample(8),
              ElementsAre(0, 0.5, 1, 1.5, 7, 7, 9, 9));
}

TEST(Schedule, TanhSaturatesAtItsScale) {
  EXPECT_EQ(Schedule::parse("tanh(from=0.1, to=2.1, scale=10)")(0.25), 10 * std::tanh(0.6));
  EXPECT_EQ(Schedule::parse("tanh(-1, 1)").sample(3, true),
            (std::vector<double>{std::tanh(-1.0), 0, std::tanh(1.0)}));
  EXPECT_EQ(Schedule::parse("tanh(0, 50, 3)")(1), 3);
  EXPECT_EQ(Schedule::parse("tanh(0.1, 2.1, scale=1)").text(), "tanh(from=0.1, to=2.1)");
}

// Values printed by PchipInterpolator of scipy 1.10.1: x = [0, .2, .5, 1], y = [1, 3, 2.5, 0].
TEST(Schedule, CubicKnotsAreThoseOfPchip) {
  const Schedule schedule = Schedule::parse("knots([1, 3, 2.5, 0], at=[0.2, 0.5], shape=cubic)");
  EXPECT_NEAR(schedule(0.1), 2.3666666666666667, 1e-14);
  EXPECT_NEAR(schedule(0.3), 2.923703703703704, 1e-14);
  EXPECT_NEAR(schedule(0.45), 2.6203703703703702, 1e-14);
  EXPECT_NEAR(schedule(0.9), 0.6749333333333332, 1e-14);
}

TEST(Schedule, CubicKnotsNeverOvershoot) {
  const Schedule schedule = Schedule::parse("knots([5, 4.9, 1, 0.99, 0.98, 0.1], shape=cubic)");
  const std::vector<double> values = schedule.sample(10'001, true);
  EXPECT_TRUE(std::is_sorted(values.rbegin(), values.rend()));
}

TEST(Schedule, StepsOfWarmupAreExact) {
  const std::int64_t T = 24'000, W = 2160;
  const Schedule schedule = Schedule::parse("warmup(2160steps, cosine(from=3e-4, to=3e-5))");
  double worst = 0;
  for (std::int64_t s = 0; s < T; ++s) {
    const double expected =
        s < W ? 3e-4 * static_cast<double>(s) / W
              : 3e-5 + 0.5 * (3e-4 - 3e-5) * (1 + std::cos(pi * static_cast<double>(s - W) / (T - W)));
    worst = std::max(worst, std::abs(schedule.at(s, T) - expected));
  }
  EXPECT_LT(worst, 1e-18);
}

TEST(Schedule, SharesOfStepsMeetWholeSteps) {
  for (std::int64_t steps = 1; steps <= 2000; ++steps)
    for (std::int64_t k = 1; k < std::min<std::int64_t>(steps, 50); ++k) {
      const double share = static_cast<double>(k) / static_cast<double>(steps);
      const Schedule schedule = Schedule::parse(fmt::format("then(1, 2, at={})", share));
      ASSERT_EQ(schedule.at(k - 1, steps), 1) << k << " of " << steps;
      ASSERT_EQ(schedule.at(k, steps), 2) << k << " of " << steps;
      if (steps % 97 != 0) break;
    }
}

TEST(Schedule, SamplesAreItsValues) {
  const Schedule schedule = Schedule::parse("warmup(0.1, restarts(cosine(3, 1), 3, multiplier=1.5))");
  const std::vector<double> open = schedule.sample(77), closed = schedule.sample(78, true);
  for (std::int64_t i = 0; i < 77; ++i) {
    EXPECT_EQ(open[static_cast<std::size_t>(i)], schedule.at(i, 77));
    EXPECT_EQ(closed[static_cast<std::size_t>(i)], schedule.at(i, 77));
    EXPECT_NEAR(schedule.at(i, 77), schedule(static_cast<double>(i) / 77), 1e-13);
  }
  EXPECT_EQ(closed.back(), schedule(1));
  EXPECT_TRUE(schedule.sample(0).empty());
  EXPECT_THROW(schedule.sample(-1), InvalidInput);
  EXPECT_EQ(schedule.sample(1, true), schedule.sample(1));
}

TEST(Schedule, StepsNeedTheLengthOfTheRun) {
  const Schedule schedule = Schedule::parse("then(1, warmup(10steps, 2), at=0.5)");
  EXPECT_TRUE(schedule.needs_steps());
  EXPECT_FALSE(Schedule::parse("then(1, warmup(0.1, 2), at=0.5)").needs_steps());
  EXPECT_THROW(schedule(0.5), InvalidInput);
  EXPECT_EQ(schedule(Moment{.step = 55, .steps = 100, .progress = 0.55, .seed = {}}), 1);
  EXPECT_THROW(schedule(Moment{.step = 55, .progress = 0.55, .seed = {}}), InvalidInput);
  EXPECT_THROW(schedule.at(15, 18), InvalidInput);  // 10 steps do not fit in the second half
  EXPECT_THROW(schedule.at(0, 0), InvalidInput);
  EXPECT_THROW(Schedule(1)(std::nan("")), InvalidInput);
  EXPECT_EQ(Schedule::parse("then(1, 2, at=0.5)").at(INT64_MAX - 1, INT64_MAX), 2);
}

TEST(Schedule, ValuesPerStep) {
  const std::vector<double> values{3, 1, 4, 1, 5, 9, 2.5};
  EXPECT_EQ(Schedule::per_step(values).sample(7), values);
  EXPECT_EQ(Schedule::per_step(values).text(), "steps(values=[3, 1, 4, 1, 5, 9, 2.5])");
  EXPECT_EQ(Schedule::through(values).sample(7, true), values);
  EXPECT_EQ(Schedule::through(values).text(), "knots(values=[3, 1, 4, 1, 5, 9, 2.5])");
  EXPECT_THROW(Schedule::per_step({}), InvalidInput);
  EXPECT_THROW(Schedule::through({1}), InvalidInput);
}

TEST(Schedule, ValuesThatOverflowAreRefused) {
  EXPECT_THROW(Schedule::parse("scale(1e300, 1e300)")(0.5), NumericalFailure);
  EXPECT_TRUE(std::isfinite(Schedule::parse("linear(1e308, -1e308)")(0.5)));
  EXPECT_NEAR(Schedule::parse("geometric(1e-200, 1e200)")(0.5), 1, 1e-12);
}

TEST(ScheduleText, IsShortAndReadsBack) {
  const std::vector<std::pair<const char*, const char*>> forms{
      {"geometric(10, 0.05)", "geometric(from=10, to=0.05)"},
      {"geometric( to = 0.00005,from=1e1 )", "geometric(from=10, to=5e-5)"},
      {"warmup(500steps, wsd(peak=3e-4, to=3e-5, start=0.8, shape=linear))",
       "warmup(500steps, wsd(peak=3e-4, to=3e-5))"},
      {"wsd(1, 0.1, 20000steps, exponential, warmup=100steps)",
       "wsd(peak=1, to=0.1, start=20000steps, shape=exponential, warmup=100steps)"},
      {"warmup(100000steps, 0.001)", "warmup(100000steps, 0.001)"},
      {"knots([1,2],shape=cubic)", "knots(values=[1, 2], shape=cubic)"},
      {"then(1, constant(2), 0.3)", "then(1, 2, at=0.3)"},
      {"restarts(inner=linear(1, 0), count=4, decay=1)", "restarts(linear(from=1, to=0), count=4)"},
      {"scale(1e21, clamp(100000, 0, 24000))", "scale(1e21, clamp(1e5, low=0, high=24000))"}};
  for (const auto& [given, expected] : forms) {
    EXPECT_EQ(Schedule::parse(given).text(), expected);
    EXPECT_EQ(Schedule::parse(expected).text(), expected);
  }
}

TEST(ScheduleText, RefusalsSayWhatAndWhere) {
  EXPECT_EQ(refusal("geometric(form=1, to=2)"),
            "schedule, column 11: 'geometric' has no argument 'form' (did you mean 'from'?)");
  EXPECT_EQ(refusal("warmup(0.1, cosin(1, 2))"),
            "schedule, column 13: no schedule is called 'cosin' (did you mean 'cosine'?)");
  EXPECT_EQ(refusal("cosine"), "schedule, column 1: 'cosine' needs its arguments: cosine(from, to)");
  EXPECT_EQ(refusal("cosine(1)"),
            "schedule, column 1: 'cosine' needs the argument 'to' (value at the end): cosine(from, to)");
  EXPECT_EQ(refusal("geometric(0, 1)"),
            "schedule, column 11: 'from' of 'geometric' must be a number above 0, found 0");
  EXPECT_EQ(refusal("cosine(1, from=2, to=3)"), "schedule, column 11: 'from' of 'cosine' is given twice");
  EXPECT_EQ(refusal("cosine(from=1, 2)"),
            "schedule, column 16: an argument without a name may not follow a named one");
  EXPECT_EQ(refusal("wsd(1, 0, shape=liner)"),
            "schedule, column 17: 'shape' of 'wsd' cannot be 'liner' (did you mean 'linear'?)");
  EXPECT_EQ(refusal("warmup(500step, 1)"),
            "schedule, column 11: unknown unit 'step' (did you mean 'steps'?)");
  EXPECT_EQ(refusal("warmup(2.5steps, 1)"),
            "schedule, column 8: steps are whole numbers from 0 to 1e15, found 2.5");
  EXPECT_EQ(refusal("knots([1, 2, 3], at=[0.7, 0.2])"),
            "schedule, column 27: 'at' must rise: found 0.2 after 0.7");
  EXPECT_NO_THROW(Schedule::parse("knots([1, 2, 3], at=[0.7])"));
  EXPECT_EQ(refusal("knots([1, 2], at=[0.7])"),
            "schedule, column 1: 'knots': 2 values need 0 positions in 'at', found 1");
  EXPECT_EQ(refusal("linear(1, 1e999)"), "schedule, column 11: the number '1e999' is out of range");
  EXPECT_THAT(refusal("linear(1, inf)"),
              HasSubstr("column 11: 'to' of 'linear' must be a number, found 'inf'"));
  EXPECT_THAT(refusal("linear(1, -inf)"), HasSubstr("column 11: expected a number"));
  EXPECT_THAT(refusal("wsd(1, 0, shape=exponential)"), HasSubstr("needs values above 0"));
  EXPECT_THAT(refusal("wsd(1, 0, power=2)"), HasSubstr("shape=power"));
  EXPECT_THAT(refusal(""), HasSubstr("column 1: expected a value, found the end of the text"));
  EXPECT_THAT(refusal("cosine(1, 2) x"), HasSubstr("column 14: expected the end, found 'x'"));
  EXPECT_THAT(refusal("table(\"no such file.csv\""), HasSubstr("expected ',' or ')', found the end"));
  EXPECT_THAT(refusal("[1]"), HasSubstr("expected a schedule, found a list"));
  EXPECT_THAT(refusal("polynomial(1, 2, 3, 4)"), HasSubstr("takes at most 3 arguments"));
}

TEST(ScheduleText, HostileTextIsRefusedCheaply) {
  EXPECT_THAT(refusal(std::string(70'000, '[')), HasSubstr("allowed are 65536"));
  EXPECT_THAT(refusal(std::string(60'000, '[')), HasSubstr("nested more than 32 deep"));
  std::string deep = "1";
  for (int i = 0; i < 40; ++i) deep = "scale(1, " + deep + ")";
  EXPECT_THAT(refusal(deep), HasSubstr("nested more than 32 deep"));
  EXPECT_THAT(refusal(std::string("cos\0ine(1, 2)", 13)), StartsWith("schedule, column 4"));
}

TEST(ScheduleFamilies, DefaultsAndDescriptionsAreWhole) {
  for (const FamilyHelp& family : schedule_families()) {
    EXPECT_FALSE(family.summary.empty()) << family.name;
    bool bare_may_follow = true;
    for (const schedule::Parameter& parameter : family.parameters) {
      EXPECT_FALSE(parameter.help.empty()) << family.name << "." << parameter.name;
      EXPECT_TRUE(!parameter.bare || bare_may_follow) << family.name << "." << parameter.name;
      bare_may_follow = parameter.bare;
      if (parameter.kind != schedule::ArgumentKind::number || parameter.default_text.empty()) continue;
      EXPECT_EQ(Schedule::parse(parameter.default_text).text(), parameter.default_text);
    }
  }
}

TEST(ScheduleFamilies, TheDocumentationListsThem) {
  std::ifstream file("docs/schedule.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(page, HasSubstr(family_table(schedule_families())));
}

TEST(ScheduleOption, ReadsNumbersAndText) {
  EXPECT_EQ(OptionType<Schedule>::from_json(0.25).text(), "0.25");
  EXPECT_EQ(OptionType<Schedule>::from_json("cosine(1, 0)").text(), "cosine(from=1, to=0)");
  EXPECT_EQ(OptionType<Schedule>::to_json(Schedule::parse("cosine(1, 0)")), "cosine(from=1, to=0)");
}

TEST(ScheduleSpeed, AMillionStepsTakeMilliseconds) {
  for (const char* text : {"warmup(2160steps, cosine(from=3e-4, to=3e-5))", "wsd(1, 0.1, shape=exponential)",
                           "knots([5, 3, 2, 1, 0.5, 0.1], shape=cubic)"}) {
    const Schedule schedule = Schedule::parse(text);
    double seconds = std::numeric_limits<double>::infinity();  // of processor time, the least of three
    for (int repeat = 0; repeat < 3; ++repeat) {
      const std::clock_t start = std::clock();
      const std::vector<double> values = schedule.sample(1'000'000);
      seconds = std::min(seconds, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
      EXPECT_GT(values.front() + values.back(), 0);
    }
    EXPECT_LT(seconds, 1.0) << text;  // measured: well under 0.05 s; the bound allows for sanitizers
  }
}

}  // namespace
}  // namespace lehr
