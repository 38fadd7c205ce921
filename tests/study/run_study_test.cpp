#include "lehr/study/run_study.hpp"

#include <bit>
#include <set>

#include "fake_tasks.hpp"
#include "lehr/study/results.hpp"
#include "lehr/study/study_report.hpp"
#include "lehr/study/trace_recorder.hpp"
#include "tests/core/child_process.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::study {
namespace {

using fake::Folder;

const std::string three_arms = R"(task = "fake.bowl"
seeds = 3
[options]
noise = 0.5
[[arm]]
name = "near"
options = { x = 0.4 }
[[arm]]
name = "far"
options = { x = 2 }
[[arm]]
name = "reading"
task = "fake.reader"
options = { text = "@near/schedule", file = "@far/numbers", number = "@far/metric:loss" }
)";

const std::string searching = R"(task = "fake.bowl"
seeds = 2
[[arm]]
name = "given"
[[arm]]
name = "searched"
options = { x = "@search" }
[search]
knob = "x"
range = [-4, 4]
objective = "loss"
budget = { evaluations = 60 }
)";

// Everything a run leaves in its store, with doubles as bits: two runs are equal when these texts are.
std::string contents(const std::filesystem::path& run_folder) {
  const store::Store store = store::Store::open_existing(store_file(run_folder));
  EXPECT_EQ(store.integrity_check(), "ok");
  std::string text;
  const auto bits = [](double value) { return fmt::format("{:016x}", std::bit_cast<std::uint64_t>(value)); };
  const std::int64_t run = store.runs().at(0);
  for (const store::Cell& cell : store.cells(run)) {
    text += fmt::format("{} {} {} {}\n", cell.arm, cell.seed, store::name(cell.state), cell.message);
    if (cell.state != store::CellState::done) continue;
    const store::CellResult result = store.result(cell.id);
    for (const auto& [name, value] : result.metrics) text += name + " " + bits(value) + "\n";
    for (const Artifact& artifact : result.artifacts)
      text +=
          fmt::format("{} {} {} {}\n", artifact.name, artifact.extension, artifact.path, artifact.content);
    text += result.report + "\n";
  }
  for (const store::Trial& trial : store.trials(run))
    text += fmt::format("{} {} {} {}\n", trial.number, trial.value, bits(trial.objective), trial.message);
  return text;
}

Study study_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_study(text, "study.toml", overrides);
}

RunOutcome run_in(const Folder& folder, const Study& study, RunSettings settings = {}) {
  settings.out = folder.path();
  return run_study(study, fake::tasks(), settings);
}

MetricValues metric_of(const RunOutcome& outcome, const std::string& arm, const std::string& metric) {
  const store::Store store = store::Store::open_existing(outcome.store);
  return load_results(store, store.runs().at(0)).find(arm)->metrics.at(metric);
}

TEST(RunStudy, RunsEveryCellUnderItsSeed) {
  const Folder folder("cells");
  const RunOutcome outcome = run_in(folder, study_of(three_arms));
  EXPECT_EQ(outcome.cells, 9);
  EXPECT_EQ(outcome.done, 9);
  EXPECT_FALSE(outcome.interrupted);
  const MetricValues near = metric_of(outcome, "near", "loss");
  EXPECT_EQ(near.seeds, (std::vector<std::uint64_t>{1, 2, 3}));
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(near.values[i], (0.4 - 0.3) * (0.4 - 0.3) + 0.5 * fake::bowl_noise(near.seeds[i]));
}

TEST(RunStudy, ReferencesGiveTextsFilesAndNumbers) {
  const Folder folder("references");
  const RunOutcome outcome = run_in(folder, study_of(three_arms));
  const MetricValues length = metric_of(outcome, "reading", "length");
  EXPECT_EQ(length.values[0], static_cast<double>(std::string("geometric(from=1.4, to=0.1)").size()));
  EXPECT_EQ(metric_of(outcome, "reading", "file_seed").values, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(metric_of(outcome, "reading", "number").values, metric_of(outcome, "far", "loss").values);
}

TEST(RunStudy, AnArmOfOneSeedServesAllSeeds) {
  const Folder folder("one-seed");
  const RunOutcome outcome = run_in(folder, study_of(three_arms, {"arm.far.seeds=[2]"}));
  EXPECT_EQ(metric_of(outcome, "reading", "file_seed").values, (std::vector<double>{2, 2, 2}));
}

TEST(RunStudy, AWrongArtifactNameIsAnError) {
  const Folder folder("artifact");
  EXPECT_EQ(test::message_of<InvalidInput>(
                [&] { run_in(folder, study_of(three_arms, {"arm.reading.options.text=@near/shedule"})); }),
            "arm 'reading' seed 1: text: arm 'near' has no artifact 'shedule' (did you mean 'schedule'?)");
  const Folder other("metric");
  EXPECT_EQ(test::message_of<InvalidInput>([&] {
              run_in(other, study_of(three_arms, {"arm.reading.options.number=@near/metric:lost"}));
            }),
            "arm 'reading' seed 1: number: arm 'near' has no metric 'lost' (did you mean 'loss'?)");
}

TEST(RunStudy, ResultsDoNotDependOnTheNumberOfJobs) {
  const Folder one("jobs1"), four("jobs4");
  for (const std::string& text : {three_arms, searching}) {
    RunSettings settings{.restart = true};
    const RunOutcome serial = run_in(one, study_of(text), settings);
    settings.jobs = 4;
    const RunOutcome parallel = run_in(four, study_of(text), settings);
    EXPECT_EQ(contents(serial.folder), contents(parallel.folder));
  }
}

TEST(RunStudy, TheSearchFindsTheMinimumOfTheBowl) {
  const Folder folder("search");
  const RunOutcome outcome = run_in(folder, study_of(searching));
  EXPECT_EQ(outcome.done, 4);
  const MetricValues x = metric_of(outcome, "searched", "x");
  EXPECT_NEAR(x.values[0], 0.3, 0.05);
  const store::Store store = store::Store::open_existing(outcome.store);
  const auto trials = store.trials(store.runs().at(0));
  ASSERT_EQ(trials.size(), 60U);
  double best = trials[0].objective;
  for (const store::Trial& trial : trials) best = std::min(best, trial.objective);
  EXPECT_EQ(metric_of(outcome, "searched", "loss").values[0], best) << "the arm runs the best candidate";
}

TEST(RunStudy, TheSearchMaximisesAndSearchesSchedules) {
  const Folder folder("schedules");
  const std::string text = R"toml(
[[arm]]
name = "reading"
task = "fake.reader"
options = { text = "@search" }
[search]
knob = "text"
family = "knots(3)"
low = 0.1
high = 10
objective = "length"
direction = "max"
method = "random"
seeds = 2
budget = { evaluations = 20 }
arm = "reading"
)toml";
  const RunOutcome outcome = run_in(folder, study_of(text));
  const store::Store store = store::Store::open_existing(outcome.store);
  const auto trials = store.trials(store.runs().at(0));
  ASSERT_EQ(trials.size(), 10U) << "each candidate runs under two seeds";
  double longest = 0;
  for (const store::Trial& trial : trials) longest = std::max(longest, -trial.objective);
  EXPECT_EQ(metric_of(outcome, "reading", "length").values[0], longest);
}

TEST(RunStudy, FailedCellsAreKeptAndOthersGoOn) {
  const Folder folder("failures");
  const RunOutcome outcome = run_in(folder, study_of(three_arms, {"arm.near.options.fail_seed=2"}));
  EXPECT_EQ(outcome.done, 7);
  EXPECT_EQ(outcome.failed, 2);
  ASSERT_EQ(outcome.failures.size(), 2U);
  EXPECT_EQ(outcome.failures[0].message, "loss is not finite at step 3");
  EXPECT_EQ(
      outcome.failures[1].message,
      "arm 'reading' seed 2: text: needs arm 'near' seed 2, which is failed: loss is not finite at step 3");
}

TEST(RunStudy, AStudyThatChangedIsNotResumed) {
  const Folder folder("changed");
  run_in(folder, study_of(three_arms));
  const RunSettings resume{.resume = true};
  EXPECT_EQ(
      test::message_of<InvalidInput>(
          [&] { run_in(folder, study_of(three_arms, {"options.noise=0.25"}), resume); }),
      fmt::format(
          "study.toml: the study has changed since the run in {} began (arms.near.options.noise was '0.5', "
          "is '0.25'); restore it, or start a new run",
          (folder.path() / "study").string()));
  EXPECT_EQ(run_in(folder, study_of("title = 'new'\n" + three_arms), resume).done, 9) << "titles may change";
}

TEST(RunStudy, AnUnfinishedRunIsNotThrownAwaySilently) {
  const Folder folder("unfinished");
  const Study study = study_of("task = 'fake.bowl'\nseeds = 3\n");
  std::atomic<bool> stop = false;
  RunSettings settings{.interrupted = &stop};
  settings.progress = [&](const Progress& news) { stop = stop || news.event == Progress::Event::cell_done; };
  const RunOutcome outcome = run_in(folder, study, settings);
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(outcome.done, 1);
  EXPECT_EQ(
      test::message_of<InvalidInput>([&] { run_in(folder, study); }),
      fmt::format(
          "{}: holds an unfinished run (1 of 3 cells); go on with --resume, or start over with --restart",
          (folder.path() / "study").string()));
  EXPECT_EQ(run_in(folder, study, {.resume = true}).done, 3);
  EXPECT_EQ(run_in(folder, study).done, 3) << "a finished run is replaced";
}

TEST(RunStudy, ANewRunTakesNoCheckpointsOfAnother) {
  const Folder folder("stale"), fresh("fresh");
  const std::string text = "task = 'fake.walk'\n[options]\nsteps = 20\n";
  const RunOutcome old = run_in(folder, study_of(text, {"options.drift=1"}));
  std::filesystem::remove(old.store);
  const RunOutcome outcome = run_in(folder, study_of(text), {.resume = true});
  EXPECT_EQ(contents(outcome.folder), contents(run_in(fresh, study_of(text)).folder));
}

TEST(RunStudy, AFolderThatCannotBeMadeIsAnIoError) {
  const Folder folder("blocked");
  std::ofstream(folder.path() / "study") << "a file";
  EXPECT_THROW(run_in(folder, study_of("task = 'fake.walk'\n")), IoError);
}

TEST(RunStudy, ResumeSkipsWhatIsDone) {
  const Folder folder("skip");
  std::vector<std::string> started;
  RunSettings settings{.resume = true};
  settings.progress = [&](const Progress& news) {
    if (news.event == Progress::Event::cell_started)
      started.push_back(fmt::format("{} {}", news.arm, news.seed));
  };
  run_in(folder, study_of(three_arms), settings);
  EXPECT_EQ(started.size(), 9U);
  run_in(folder, study_of(three_arms), settings);
  EXPECT_EQ(started.size(), 9U);
}

TEST(RunStudy, AnInterruptedDriveGoesOnFromItsCheckpoint) {
  const Folder whole("whole"), parts("parts");
  const Study study = study_of("task = 'fake.walk'\n[options]\nsteps = 200\npause_us = 200\n");
  const RunOutcome undisturbed = run_in(whole, study);
  int interruptions = 0;
  RunOutcome outcome;
  do {
    std::atomic<bool> stop = false;
    RunSettings settings{.resume = true, .interrupted = &stop};
    settings.progress = [&](const Progress& news) { stop = stop || news.share > 0.3 * (interruptions + 1); };
    outcome = run_in(parts, study, settings);
    if (outcome.interrupted) ++interruptions;
  } while (outcome.interrupted);
  EXPECT_GE(interruptions, 2);
  EXPECT_EQ(contents(outcome.folder), contents(undisturbed.folder));
}

TEST(RunStudy, TracesAreKept) {
  const Folder folder("traces");
  const RunOutcome outcome = run_in(folder, study_of("task = 'fake.walk'\n[options]\nsteps = 50\n"));
  const store::Store store = store::Store::open_existing(outcome.store);
  const store::CellResult result = store.result(store.cells(store.runs().at(0)).at(0).id);
  ASSERT_EQ(result.traces.size(), 1U);
  EXPECT_EQ(result.traces[0].columns, (std::vector<std::string>{"step", "progress", "position"}));
  ASSERT_EQ(result.traces[0].values.size(), 150U);
  EXPECT_EQ(result.traces[0].values[147], 49);
  EXPECT_EQ(result.traces[0].values[149], result.metrics[0].second) << "the last row is the end's position";
}

TEST(TraceRecorder, ThinsOutLongRuns) {
  const auto rows_of = [](std::int64_t steps, std::int64_t known) {
    std::int64_t rows = 0;
    for (std::int64_t step = 0; step < steps; step = TraceRecorder::next_step(step, known)) ++rows;
    return rows;
  };
  EXPECT_EQ(rows_of(1000, 1000), 1000);
  EXPECT_EQ(rows_of(1'000'000, 1'000'000), 1000);
  EXPECT_EQ(rows_of(500, 0), 500);
  EXPECT_LT(rows_of(1'000'000, 0), 256 * 14);
}

// ---- several processes, sudden deaths ---------------------------------------------------------------------

const std::string walking = R"(task = "fake.walk"
seeds = 3
[options]
steps = 12
pause_us = 300
[[arm]]
name = "still"
[[arm]]
name = "drifting"
options = { drift = "@search", steps = 15 }
[[arm]]
name = "reading"
task = "fake.reader"
options = { text = "@drifting/end" }
[search]
knob = "drift"
range = [-1, 1]
objective = "sum"
budget = { evaluations = 12 }
)";

TEST(RunStudy, ProcessesShareOneRun) {
  const Folder alone("alone"), shared("shared");
  const Study study = study_of(walking);
  const RunOutcome expected = run_in(alone, study);
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i)
    children.push_back(test::in_child([&] { run_in(shared, study, {.resume = true}); }));
  for (const pid_t child : children) EXPECT_EQ(test::exit_status(child), 0);
  EXPECT_EQ(contents(shared.path() / "study"), contents(expected.folder));
}

TEST(RunStudy, FiftyKillsChangeNoBit) {
  const Folder undisturbed("undisturbed");
  const Study study = study_of(walking);
  const std::string expected = contents(run_in(undisturbed, study).folder);
  test::Waits waits(2024, 3000, 43000);
  int kills = 0, completed = 0;
  for (; kills < 50; ++completed) {
    const Folder folder(fmt::format("killed{}", completed));
    for (int status = 1, killed_before = 0; status != 0; ++killed_before) {
      status = test::status_after_kill(
          [&] { run_in(folder, study, {.resume = true, .jobs = 1 + completed % 2}); }, waits, killed_before);
      ASSERT_TRUE(status == 0 || status == test::killed) << status;
      if (status != 0) ++kills;
      const std::filesystem::path file = store_file(folder.path() / "study");
      if (std::filesystem::exists(file)) {
        ASSERT_EQ(store::Store::open(file).integrity_check(), "ok");
      }
    }
    ASSERT_EQ(contents(folder.path() / "study"), expected) << "run " << completed;
  }
  EXPECT_GE(completed, 1);
}

}  // namespace
}  // namespace lehr::study
