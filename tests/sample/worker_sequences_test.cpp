// A particle filter over sequences that a worker process makes: whatever the worker does costs a counted failure, never the run.
#include "lehr/sample/worker_sequences.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/sample/entropic_particle_filter.hpp"
#include "tests/core/reproducible.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

// Writes words of four letters, one letter a step, and likes the letter a. Misbehaves at the score of prefixes that end in the letter
// that the first argument names, in the way that the second one names.
constexpr const char* speller = R"(
import json, os, sys, time
trigger, how = (sys.argv + ["", ""])[1:3]
def answer(op, item):
    prefix = item["prefix"]
    if op == "step":
        letter = "abcd"[item["seed"] % 4]
        return {"step": letter, "done": len(prefix) == 3, "key": "".join(prefix + [letter])}
    if trigger and prefix[-1:] == [trigger]:
        if how == "hang": time.sleep(60)
        if how == "die": sys.exit(3)
        if how == "garbage": print("hello", flush=True); time.sleep(60)
        if how == "nan": return {"score": float("nan")}
        if how == "text": return {"score": "good"}
        if how == "out": return {"score": 1.5}
        if how == "error": return {"error": "cannot judge"}
    return {"score": (1 + 3 * prefix.count("a") / len(prefix)) / 5, "input": item.get("input")}
for line in sys.stdin:
    question = json.loads(line)
    op = question["op"]
    if "items" in question: reply = {"items": [answer(op, i) for i in question["items"]]}
    else: reply = answer(op, question)
    print(json.dumps(reply), flush=True)
)";

class WorkerSequencesTest : public testing::Test {
 protected:
  void SetUp() override {
    python_ = test::python_with("json");
    if (python_.empty()) GTEST_SKIP() << "needs Python";
    test::put(folder_ / "speller.py", speller);
  }
  WorkerOptions options(const std::string& arguments = "") const {
    return {.command = python_ + " speller.py " + arguments, .timeout = 20, .retries = 0};
  }
  Worker worker(const WorkerOptions& options) const { return Worker(options, folder_.path()); }

  test::TemporaryFolder folder_;
  std::string python_;
};

TEST_F(WorkerSequencesTest, GrowsWordsThatTheScoreLikes) {
  for (const std::int64_t batch : {1, 5, 100}) {
    WorkerOptions some = options();
    some.batch = batch;
    Worker spelling = worker(some);
    const WorkerSequences words(spelling, spelling, "write");
    const EntropicParticleFilter filter(words, words, {.particles = 20, .max_steps = 10});
    const auto outcome = drive(filter, Budget::steps(10), Seed{1});
    EXPECT_EQ(outcome.used.steps, 4);
    const auto result = filter.result(outcome.state, Seed{1});
    const std::string word = words.key(result.particles[result.chosen]);
    EXPECT_EQ(words.prefix(result.particles[result.chosen]).size(), 4U);
    EXPECT_GE(std::ranges::count(word, 'a'), 2) << word;
    EXPECT_EQ(outcome.state.course.calls, 160);
    EXPECT_EQ(spelling.counts().items, 160);
    EXPECT_EQ(spelling.counts().lines, 8 * ((20 + batch - 1) / batch));
    EXPECT_EQ(outcome.state.course.failures, 0);
  }
}

TEST_F(WorkerSequencesTest, MisbehaviourCostsCountedFailuresAndNothingElse) {
  for (const std::int64_t batch : {1, 4})
    for (const std::string how : {"hang", "die", "garbage", "nan", "text", "error", "out"}) {
      SCOPED_TRACE(how + " " + std::to_string(batch));
      WorkerOptions some = options("d " + how);
      some.batch = batch, some.timeout = how == "hang" ? 1 : 20;
      Worker spelling = worker(some);
      const WorkerSequences words(spelling, spelling);
      const EntropicParticleFilter filter(words, words, {.method = "bon", .particles = 4, .max_steps = 4});
      const auto state = drive(filter, Budget::steps(4), Seed{7}).state;
      const auto result = filter.result(state, Seed{1});
      std::int64_t failed = 0, dropped = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        const Json prefix = words.prefix(result.particles[i]);
        const auto first = std::ranges::find(prefix, Json("d")) - prefix.begin();
        // A score out of range ends its sequence.
        failed += how == "out" ? 0 : std::ranges::count(prefix, Json("d"));
        dropped += how == "out" && first < 4;
        EXPECT_EQ(prefix.size(), how == "out" && first < 4 ? static_cast<std::size_t>(first + 1) : 4U);
      }
      EXPECT_GT(failed + dropped, 0);
      EXPECT_EQ(state.course.failures, failed);
      EXPECT_EQ(state.course.dropped, dropped);
      EXPECT_EQ(spelling.counts().failures, failed);
    }
}

// A particle whose score fails keeps the weight of the step before.
TEST_F(WorkerSequencesTest, AFailedScoreKeepsTheWeight) {
  Worker spelling = worker(options("d error"));
  const WorkerSequences words(spelling, spelling);
  const EntropicParticleFilter filter(words, words, {.method = "bon", .particles = 30, .max_steps = 4});
  auto state = filter.start({.step = 0, .steps = 4, .progress = 0, .seed = Seed{2}});
  std::vector<double> before(30, 0);
  for (std::int64_t step = 0; step < 4; ++step) {
    filter.advance(state,
                   {.step = step, .steps = 4, .progress = 0.25 * static_cast<double>(step), .seed = Seed{2}});
    int kept = 0;
    for (std::size_t i = 0; i < 30; ++i)
      if (words.key(state.particles[i]).ends_with('d')) {
        EXPECT_EQ(state.course.potentials[i], before[i]);
        ++kept;
      }
    EXPECT_GT(kept, 0);
    before = state.course.potentials;
  }
}

// A worker that answers no question at all leaves sequences empty; the run still ends.
TEST_F(WorkerSequencesTest, AWorkerThatNeverAnswersEndsTheRunAllTheSame) {
  WorkerOptions silent{.command = "true", .timeout = 5, .retries = 0};
  Worker nothing(silent);
  const WorkerSequences words(nothing, nothing);
  const EntropicParticleFilter filter(words, words, {.particles = 3, .max_steps = 2});
  const auto state = drive(filter, Budget::steps(2), Seed{1}).state;
  EXPECT_EQ(state.course.failures, 6);
  EXPECT_EQ(words.prefix(state.particles[0]).size(), 0U);
  Worker absent({.command = "/no/such/program"});
  const WorkerSequences none(absent, absent);
  const EntropicParticleFilter refused(none, none, {.particles = 3, .max_steps = 2});
  EXPECT_THROW(drive(refused, Budget::steps(2), Seed{1}), InvalidInput);
}

TEST_F(WorkerSequencesTest, ResumesFromACheckpoint) {
  Worker spelling = worker(options());
  const WorkerSequences words(spelling, spelling);
  ParticleFilterOptions ahead{.method = "epf+lam", .particles = 6, .max_steps = 4};
  ahead.lam.reuse = true;
  test::expect_reproducible(EntropicParticleFilter(words, words, ahead), 4, 2);
  ParticleFilterOptions gibbs{.method = "pg", .particles = 12, .max_steps = 4};
  gibbs.iterations = 3;
  test::expect_reproducible(EntropicParticleFilter(words, words, gibbs), 12, 6);
}

TEST_F(WorkerSequencesTest, VotesOnTheWorkersKey) {
  Worker spelling = worker(options());
  const WorkerSequences words(spelling, spelling);
  ParticleFilterOptions voting{.particles = 20, .max_steps = 4};
  voting.select = "vote";
  const EntropicParticleFilter filter(words, words, voting);
  const auto result = filter.result(drive(filter, Budget::steps(4), Seed{3}).state, Seed{1});
  EXPECT_EQ(words.key(result.particles[result.chosen]), result.votes.front().first);
  double sum = 0;
  for (const auto& [key, share] : result.votes) sum += share;
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(WorkerPrefix, ACheckpointThatIsNoneIsRefused) {
  Worker worker({.command = "true"});
  const WorkerSequences words(worker, worker);
  EXPECT_EQ(words.text_of(words.particle_from(R"([["a",false,""],[[1,2],true,"k"]])")),
            R"([["a",false,""],[[1,2],true,"k"]])");
  for (const char* text : {"[1]", "[[1,2,3]]", "[[1,true]]", "{", "[[1,true,2]]"})
    EXPECT_THROW(words.particle_from(text), InvalidInput) << text;
}

}  // namespace
}  // namespace lehr::sample
