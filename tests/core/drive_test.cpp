#include "lehr/core/drive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A cooled random walk: uses the step's random numbers, its progress and two evaluations a step.
struct Walk {
  struct State {
    double position = 0;
    std::vector<double> trail;
    std::int64_t steps = 0;
  };
  State start(const Moment& now) const {
    Stream random = now.random(lane("start"));
    return {normal(random), {}, 0};
  }
  void advance(State& state, const Moment& now) const {
    Stream random = now.random(lane("walk"));
    state.position += (1 - now.progress) * normal(random);
    state.trail.push_back(state.position);
    ++state.steps;
    now.spend(2);
  }
  void measure(const State& state, Row& row) const {
    row.add("position", state.position);
    row.add("steps", static_cast<double>(state.steps));
  }
  void fields(auto& visitor, auto& state) const {
    visitor("position", state.position);
    visitor("trail", state.trail);
    visitor("steps", state.steps);
  }
};

// The same, ending by itself after `length` steps.
struct ShortWalk : Walk {
  std::int64_t length = 5;
  bool finished(const State& state) const { return state.steps >= length; }
};

// The same, failing in its own way at step `at`.
struct FailingWalk : Walk {
  std::int64_t at = 25;
  bool throws = false;
  void advance(State& state, const Moment& now) const {
    Walk::advance(state, now);
    if (now.step != at) return;
    if (throws) throw InvalidInput("the walk is over");
    state.position = std::nan("");
  }
};

// Ends the run after step `step`, as a crash-free way to cut it there.
Observer stop_after(std::int64_t step) {
  return {[step](const Moment& now, const Row&) { return now.step >= step ? Observer::stop_run : step; }, {}};
}

Observers checkpoints_at(const std::filesystem::path& path, std::int64_t every_steps = 0) {
  Observers observers;
  observers.checkpoints = {.path = path, .every_steps = every_steps};
  return observers;
}

std::int64_t saved_steps(const std::filesystem::path& path) {
  const StateTensors tensors = load_state(path);
  std::int64_t steps = -1;
  StateReader{tensors}("drive.steps", steps);
  return steps;
}

TEST(Drive, EndsAfterTheStepsOfItsBudget) {
  const auto run = drive(Walk{}, Budget::steps(40), Seed{1});
  EXPECT_EQ(run.why, Stop::steps);
  EXPECT_EQ(run.used.steps, 40);
  EXPECT_EQ(run.used.evaluations, 80);
  EXPECT_EQ(run.state.trail.size(), 40U);
  EXPECT_EQ(run.last.find("position"), run.state.position);
}

TEST(Drive, EndsAfterTheEvaluationsOfItsBudget) {
  const auto run = drive(Walk{}, Budget::evaluations(31), Seed{1});
  EXPECT_EQ(run.why, Stop::evaluations);
  EXPECT_EQ(run.used.evaluations, 32);
}

TEST(Drive, EndsAtItsTarget) {
  const auto run = drive(Walk{}, Budget::steps(1000) | Budget::target_at_least("steps", 17), Seed{1});
  EXPECT_EQ(run.why, Stop::target);
  EXPECT_EQ(run.used.steps, 17);
}

TEST(Drive, EndsAfterTheSecondsOfItsBudget) {
  const auto run = drive(Walk{}, Budget::seconds(0.05), Seed{1});
  EXPECT_EQ(run.why, Stop::seconds);
  EXPECT_GE(run.used.seconds, 0.05);
  EXPECT_LT(run.used.seconds, 5);
}

TEST(Drive, EndsWhenTheMethodDoes) {
  const auto run = drive(ShortWalk{}, Budget{}, Seed{1});
  EXPECT_EQ(run.why, Stop::finished);
  EXPECT_EQ(run.used.steps, 5);
}

TEST(Drive, ComposedBudgets) {
  EXPECT_EQ(drive(Walk{}, Budget::steps(30) | Budget::evaluations(20), Seed{1}).used.steps, 10);
  EXPECT_EQ(drive(Walk{}, Budget::steps(30) & Budget::evaluations(20), Seed{1}).used.steps, 30);
  EXPECT_EQ(drive(Walk{}, Budget::steps(30) & Budget::steps(50), Seed{1}).used.steps, 50);
}

TEST(Drive, RefusesARunWithoutEnd) {
  EXPECT_THAT(message_of<InvalidInput>([] { drive(Walk{}, Budget{}, Seed{1}); }), HasSubstr("budget"));
}

struct Witness {
  struct State {
    std::vector<double> progress;
    std::vector<std::int64_t> step;
  };
  State start(const Moment&) const { return {}; }
  void advance(State& state, const Moment& now) const {
    state.progress.push_back(now.progress);
    state.step.push_back(now.step);
    now.spend(3);
  }
};

TEST(Drive, ProgressIsStepOverSteps) {
  const auto run = drive(Witness{}, Budget::steps(8), Seed{1});
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(run.state.step[i], static_cast<std::int64_t>(i));
    EXPECT_EQ(run.state.progress[i], static_cast<double>(i) / 8);
  }
}

TEST(Drive, ProgressIsTheShareOfEvaluationsElsewhere) {
  const auto run = drive(Witness{}, Budget::evaluations(12), Seed{1});
  EXPECT_THAT(run.state.progress, ElementsAre(0, 0.25, 0.5, 0.75));
}

TEST(Drive, SeedsDecideTheRun) {
  const Budget budget = Budget::steps(20);
  EXPECT_EQ(drive(Walk{}, budget, Seed{1}).state.trail, drive(Walk{}, budget, Seed{1}).state.trail);
  EXPECT_NE(drive(Walk{}, budget, Seed{1}).state.trail, drive(Walk{}, budget, Seed{2}).state.trail);
}

TEST(Drive, ObserversDoNotChangeTheRun) {
  Observers observers;
  observers.list = {trace([](const Moment& now, const Row&) { now.random()(); }),
                    early_stop("position", 1000)};
  EXPECT_EQ(drive(Walk{}, Budget::steps(50), Seed{1}, observers).state.trail,
            drive(Walk{}, Budget::steps(50), Seed{1}).state.trail);
}

// ---- resuming

TEST(DriveResume, IsBitEqualFromEveryStep) {
  const Budget budget = Budget::steps(30);
  const auto whole = drive(Walk{}, budget, Seed{4});
  for (std::int64_t cut = 0; cut < 30; ++cut) {
    const TemporaryFolder folder;
    Observers observers = checkpoints_at(folder / "walk");
    observers.list = {stop_after(cut)};
    const auto first = drive(Walk{}, budget, Seed{4}, observers);
    ASSERT_EQ(first.used.steps, cut + 1);
    const auto second = drive(Walk{}, budget, Seed{4}, checkpoints_at(folder / "walk"));
    ASSERT_EQ(second.state.trail, whole.state.trail) << "cut after step " << cut;
    EXPECT_EQ(second.state.position, whole.state.position);
    EXPECT_EQ(second.used.steps, 30);
    EXPECT_EQ(second.used.evaluations, 60);
    EXPECT_GE(second.used.seconds, first.used.seconds);
  }
}

TEST(DriveResume, ARunThatReachedItsBudgetStaysAsItIs) {
  for (const Budget& budget :
       {Budget::steps(12), Budget::evaluations(24), Budget::target_at_least("steps", 12)}) {
    const TemporaryFolder folder;
    const auto first = drive(Walk{}, budget, Seed{4}, checkpoints_at(folder / "walk"));
    const auto again = drive(Walk{}, budget, Seed{4}, checkpoints_at(folder / "walk"));
    EXPECT_EQ(again.used.steps, 12) << budget.to_json();
    EXPECT_EQ(again.state.trail, first.state.trail);
    EXPECT_EQ(again.why, first.why);
  }
}

TEST(DriveResume, GoesOnUnderALargerBudget) {
  const TemporaryFolder folder;
  drive(ShortWalk{{}, 100}, Budget::evaluations(20), Seed{4}, checkpoints_at(folder / "walk"));
  const auto on =
      drive(ShortWalk{{}, 100}, Budget::evaluations(50), Seed{4}, checkpoints_at(folder / "walk"));
  EXPECT_EQ(on.used.steps, 25);
}

TEST(DriveResume, StartsAnewWhenAskedTo) {
  const TemporaryFolder folder;
  drive(Walk{}, Budget::steps(5), Seed{4}, checkpoints_at(folder / "walk"));
  Observers observers = checkpoints_at(folder / "walk");
  observers.checkpoints.resume = false;
  EXPECT_EQ(drive(Walk{}, Budget::steps(3), Seed{4}, observers).used.steps, 3);
}

TEST(DriveResume, RefusesTheCheckpointOfAnotherSeed) {
  const TemporaryFolder folder;
  drive(Walk{}, Budget::steps(5), Seed{4}, checkpoints_at(folder / "walk"));
  const std::string message = message_of<InvalidInput>(
      [&] { drive(Walk{}, Budget::steps(9), Seed{5}, checkpoints_at(folder / "walk")); });
  EXPECT_THAT(message, HasSubstr("walk: the checkpoint is of a run with seed 4, this one has seed 5"));
}

TEST(DriveResume, RefusesTheCheckpointOfOtherOptions) {
  const TemporaryFolder folder;
  Observers observers = checkpoints_at(folder / "walk");
  observers.checkpoints.options = R"({"width":3,"noise":{"kind":"white","scale":0.5}})";
  drive(Walk{}, Budget::steps(5), Seed{4}, observers);
  EXPECT_EQ(drive(Walk{}, Budget::steps(9), Seed{4}, observers).used.steps, 9);
  observers.checkpoints.options = R"({"width":3,"noise":{"kind":"white","scale":0.25}})";
  const std::string message =
      message_of<InvalidInput>([&] { drive(Walk{}, Budget::steps(9), Seed{4}, observers); });
  EXPECT_THAT(message,
              HasSubstr("walk: the checkpoint is of a run with other options: noise.scale was '0.5', is"));
  EXPECT_EQ(drive(Walk{}, Budget::steps(9), Seed{4}, checkpoints_at(folder / "walk")).used.steps, 9);
}

TEST(DriveResume, RefusesADamagedCheckpoint) {
  const TemporaryFolder folder;
  drive(Walk{}, Budget::steps(5), Seed{4}, checkpoints_at(folder / "walk"));
  const std::string whole = test::content_of(folder / "walk");
  for (const std::size_t size : {std::size_t{0}, std::size_t{4}, whole.size() / 2, whole.size() - 1}) {
    test::put(folder / "walk", whole.substr(0, size));
    EXPECT_THROW(drive(Walk{}, Budget::steps(9), Seed{4}, checkpoints_at(folder / "walk")), Error) << size;
  }
}

TEST(DriveResume, SavesEverySoManySteps) {
  const TemporaryFolder folder;
  const FailingWalk walk{{}, 25, true};
  EXPECT_THROW(drive(walk, Budget::steps(100), Seed{4}, checkpoints_at(folder / "walk", 10)), InvalidInput);
  EXPECT_EQ(saved_steps(folder / "walk"), 20);
}

TEST(DriveResume, InterruptsSaveTheState) {
  const TemporaryFolder folder;
  const auto whole = drive(Walk{}, Budget::steps(30), Seed{4});
  std::atomic<bool> interrupted = false;
  Observers observers = checkpoints_at(folder / "walk");
  observers.interrupted = &interrupted;
  observers.list = {trace([&](const Moment& now, const Row&) { interrupted = now.step == 11; })};
  const auto cut = drive(Walk{}, Budget::steps(30), Seed{4}, observers);
  EXPECT_EQ(cut.why, Stop::interrupted);
  EXPECT_EQ(cut.used.steps, 12);
  EXPECT_EQ(saved_steps(folder / "walk"), 12);
  EXPECT_EQ(drive(Walk{}, Budget::steps(30), Seed{4}, checkpoints_at(folder / "walk")).state.trail,
            whole.state.trail);
}

TEST(DriveResume, ASignalEndsTheRun) {
  Observers observers;
  observers.interrupted = interruption_flag();
  observers.list = {trace([](const Moment& now, const Row&) {
    if (now.step == 3) std::raise(SIGINT);
  })};
  const auto run = drive(Walk{}, Budget::steps(30), Seed{4}, observers);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  EXPECT_EQ(run.why, Stop::interrupted);
  EXPECT_EQ(run.used.steps, 4);
}

// Whatever makes drive look at the state, a bad one is neither passed on nor saved.
TEST(Drive, StopsAtNumbersThatAreNotFiniteAndKeepsTheLastGoodState) {
  const TemporaryFolder folder;
  Observers silent = checkpoints_at(folder / "walk", 1), watched = checkpoints_at(folder / "walk", 5);
  watched.list = {
      trace([](const Moment&, const Row& row) { ASSERT_FALSE(std::isnan(row.find("position").value())); })};
  silent.checkpoints.resume = watched.checkpoints.resume = false;
  const auto failure = [](const Observers& observers) {
    return message_of<NumericalFailure>(
        [&] { drive(FailingWalk{}, Budget::steps(100), Seed{4}, observers); });
  };
  EXPECT_THAT(failure(silent), HasSubstr("step 25: position is nan"));
  EXPECT_EQ(saved_steps(folder / "walk"), 25) << "the state before the bad step";
  EXPECT_THAT(failure(watched), HasSubstr("step 25: position is nan"));
  EXPECT_EQ(saved_steps(folder / "walk"), 25);
  EXPECT_THAT(failure({}), HasSubstr("step 99: position is nan")) << "seen when the run ends";
}

// ---- observers

TEST(DriveObservers, TraceSeesEveryRow) {
  std::vector<double> rows;
  std::vector<std::int64_t> steps;
  std::vector<double> progress;
  Observers observers;
  observers.list = {trace([&](const Moment& now, const Row& row) {
    rows.push_back(row.find("position").value());
    steps.push_back(now.step);
    progress.push_back(now.progress);
  })};
  const auto run = drive(Walk{}, Budget::steps(4), Seed{2}, observers);
  EXPECT_EQ(rows, run.state.trail);
  EXPECT_THAT(steps, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(progress, ElementsAre(0.25, 0.5, 0.75, 1));
}

TEST(DriveObservers, TraceSeesTheLastRowOfAMethodThatEnds) {
  std::vector<std::int64_t> steps;
  Observers observers;
  observers.list = {trace([&](const Moment& now, const Row&) { steps.push_back(now.step); })};
  const auto run = drive(ShortWalk{}, Budget::steps(100), Seed{2}, observers);
  EXPECT_EQ(run.why, Stop::finished);
  EXPECT_THAT(steps, ElementsAre(0, 1, 2, 3, 4));
}

TEST(DriveObservers, TraceOfEveryFifthRow) {
  std::vector<std::int64_t> steps;
  Observers observers;
  observers.list = {trace([&](const Moment& now, const Row&) { steps.push_back(now.step); }, 5)};
  drive(Walk{}, Budget::steps(22), Seed{2}, observers);
  EXPECT_THAT(steps, ElementsAre(4, 9, 14, 19));
  EXPECT_THROW(trace([](const Moment&, const Row&) {}, 0), InvalidInput);
}

TEST(DriveObservers, SeeTheRowsThatTheyAskFor) {
  std::vector<std::int64_t> sparse, stubborn, once;
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  Observers observers;
  observers.list = {
      {[&](const Moment& now, const Row&) { return sparse.push_back(now.step), now.step + 3; }, {}},
      {[&](const Moment& now, const Row&) { return stubborn.push_back(now.step), now.step; }, {}},
      {[&](const Moment& now, const Row&) { return once.push_back(now.step), never; }, {}}};
  drive(Walk{}, Budget::steps(8), Seed{2}, observers);
  EXPECT_THAT(sparse, ElementsAre(0, 3, 6));
  EXPECT_THAT(stubborn, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(once, ElementsAre(0));
}

TEST(DriveObservers, EarlyStopWaitsForItsPatience) {
  struct Valley : Walk {
    void measure(const State& state, Row& row) const {
      const double steps = static_cast<double>(state.steps);
      row.add("loss", std::max(20 - steps, steps));  // falls until step 10
    }
  };
  const auto stop_with = [](std::int64_t patience, double min_change) {
    Observers observers;
    observers.list = {early_stop("loss", patience, min_change)};
    return drive(Valley{}, Budget::steps(100), Seed{1}, observers);
  };
  const auto run = stop_with(6, 0);
  EXPECT_EQ(run.why, Stop::observer);
  EXPECT_EQ(run.used.steps, 16);
  EXPECT_EQ(stop_with(4, 1.5).used.steps, 13)
      << "every second row improves by more than 1.5, the last one at step 9";
  EXPECT_EQ(stop_with(200, 0).why, Stop::steps);
}

TEST(DriveObservers, EndIsCalledOnceHoweverTheRunEnds) {
  int ends = 0;
  Observers observers;
  observers.list = {{[](const Moment& now, const Row&) { return now.step + 1; }, [&] { ++ends; }}};
  drive(Walk{}, Budget::steps(3), Seed{1}, observers);
  EXPECT_EQ(ends, 1);
  EXPECT_THROW(drive(FailingWalk{{}, 2, true}, Budget::steps(9), Seed{1}, observers), InvalidInput);
  EXPECT_EQ(ends, 2);
  EXPECT_THROW(drive(FailingWalk{{}, 2, false}, Budget::steps(9), Seed{1}, observers), NumericalFailure);
  EXPECT_EQ(ends, 3);
}

TEST(DriveObservers, AnErrorOfEndReachesTheCaller) {
  Observers observers;
  observers.list = {{[](const Moment& now, const Row&) { return now.step + 1; },
                     [] { throw IoError("trace.csv", "the disk is full"); }}};
  EXPECT_THROW(drive(Walk{}, Budget::steps(3), Seed{1}, observers), IoError);
}

TEST(Drive, StopsHaveNames) {
  EXPECT_STREQ(name(Stop::finished), "finished");
  EXPECT_STREQ(name(Stop::interrupted), "interrupted");
}

}  // namespace
}  // namespace lehr
