#include "lehr/schedule/control.hpp"

#include <gmock/gmock.h>

#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& text) {
  return test::message_of<InvalidInput>([&] { Control::parse(text); });
}

Moment moment(std::int64_t step) {
  return {.step = step, .steps = 100, .progress = static_cast<double>(step) / 100, .seed = Seed{5}};
}

TEST(Control, IsAScheduleOrAController) {
  const Control schedule = Control::parse("linear(1, 0)");
  EXPECT_FALSE(schedule.closed_loop());
  EXPECT_EQ(schedule.text(), "linear(from=1, to=0)");
  Knob knob = schedule.start("step");
  EXPECT_EQ(knob.value(moment(25)), 0.75);
  knob.observe(0.3);
  EXPECT_EQ(knob.value(moment(25)), 0.75);

  const Control controller = Control::parse("acceptance_rate(target=0.44, start=2, decay=0.6)");
  EXPECT_TRUE(controller.closed_loop());
  EXPECT_EQ(controller.signal(), Signal::acceptance);
  EXPECT_EQ(controller.text(), "acceptance_rate(target=0.44, start=2)");
  knob = controller.start("step");
  EXPECT_DOUBLE_EQ(knob.value(moment(0)), 2);
  knob.observe(1);
  EXPECT_DOUBLE_EQ(knob.value(moment(1)), 2 * std::exp(0.56));
  EXPECT_DOUBLE_EQ(controller.start("step").value(moment(0)), 2);  // a start is a fresh copy
  EXPECT_EQ(Control(0.5).start("x").value(moment(3)), 0.5);
}

TEST(Control, EveryControllerParsesPrintsAndRuns) {
  for (const FamilyHelp& family : controller_families()) {
    const bool bandit = family.parameters.front().name == "low";
    const std::string text = family.name + (bandit ? "(low=1, high=2, arms=4)" : "()");
    const Control control = Control::parse(text);
    EXPECT_EQ(control.text(), text);
    Knob knob = control.start("knob");
    for (int step = 0; step < 20; ++step) {
      const double value = knob.value(moment(step));
      EXPECT_TRUE(std::isfinite(value)) << text;
      EXPECT_EQ(knob.value(moment(step)), value)
          << text;  // a value does not change until something is observed
      if (control.signal() == Signal::log_likelihoods)
        knob.observe(std::vector<double>{-1, -9, -3});
      else
        knob.observe(0.5);
    }
  }
}

TEST(Control, StateSurvivesACheckpoint) {
  for (const char* text :
       {"dual_averaging()", "step_size_pid(start=0.1)", "exp3(low=1, high=2)", "tsallis_inf(1, 2, arms=5)",
        "ucb(1, 2, arms=3)", "acceptance_rate()", "linear(1, 0)"}) {
    const Control control = Control::parse(text);
    Knob whole = control.start("knob");
    for (int step = 0; step < 10; ++step) whole.observe(0.1 * whole.value(moment(step)));
    StateWriter writer;
    whole.fields(writer);
    Knob resumed = control.start("knob");
    StateReader reader(writer.tensors);
    resumed.fields(reader);
    for (int step = 10; step < 40; ++step) {
      const double value = whole.value(moment(step));
      ASSERT_EQ(resumed.value(moment(step)), value) << text;
      whole.observe(0.1 * value);
      resumed.observe(0.1 * value);
    }
  }
}

TEST(Control, RequiresTheSignalThatAMethodGives) {
  const Control control = Control::parse("dual_averaging()");
  EXPECT_NO_THROW(control.require(Signal::acceptance, "step"));
  EXPECT_NO_THROW(Control(1.0).require(Signal::error, "step"));
  try {
    control.require(Signal::error, "options.step");
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_STREQ(error.what(),
                 "options.step: 'dual_averaging' observes acceptance, but here only error can be observed");
  }
  Knob tempering = Control::parse("ess_tempering()").start("b");
  EXPECT_THROW(tempering.observe(0.5), InvalidInput);
  Knob step = control.start("step");
  EXPECT_THROW(step.observe(std::vector<double>{0.5}), InvalidInput);
}

TEST(Control, RefusalsSayWhatAndWhere) {
  EXPECT_EQ(refusal("dual_averging()"),
            "control, column 1: no schedule or controller is called 'dual_averging' (did you mean "
            "'dual_averaging'?)");
  EXPECT_EQ(refusal("acceptance_rate(goal=0.2)").substr(0, 67),
            "control, column 17: 'acceptance_rate' has no argument 'goal' (known");
  EXPECT_THAT(refusal("acceptance_rate(target=2)"), HasSubstr("must be a number in [0, 1], found 2"));
  EXPECT_THAT(refusal("acceptance_rate(target=0)"), HasSubstr("target must be in (0, 1), found 0"));
  EXPECT_THAT(refusal("ucb(2, 1)"), HasSubstr("needs low < high"));
  EXPECT_THAT(refusal("warmup(0.1, ucb(1, 2))"), HasSubstr("column 13: no schedule is called 'ucb'"));
}

TEST(Control, TheDocumentationListsTheControllers) {
  std::ifstream file("docs/schedule.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(page, HasSubstr(family_table(controller_families())));
}

}  // namespace
}  // namespace lehr
