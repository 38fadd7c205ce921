#include "lehr/core/worker.hpp"

#include <gtest/gtest.h>

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

// Squares x; misbehaves at the values that the test names.
constexpr const char* worker_source = R"(
import json, os, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
def answer(item):
    what = item.get("what", "")
    if what == "hang": time.sleep(60)
    if what == "die": sys.exit(3)
    if what == "complain": print("out of paper", file=sys.stderr); sys.exit(4)
    if what == "kill": os.kill(os.getpid(), 9)
    if what == "garbage": print("hello"); sys.stdout.flush(); time.sleep(60)
    if what == "nan": return {"y": float("nan")}
    if what == "error": return {"error": "no such molecule"}
    if what == "once":
        marker = os.path.join(folder, "once")
        if not os.path.exists(marker):
            open(marker, "w").close(); sys.exit(5)
    return {"y": item["x"] ** 2, "text": item.get("text", "")}
for line in sys.stdin:
    question = json.loads(line)
    number = question["id"]
    if question["op"] == "other id": number += 1
    reply = {"items": [answer(i) for i in question["items"]]} if "items" in question else answer(question)
    if question["op"] == "short": reply = {"items": []}
    if question["op"] == "list": reply = [1]
    else: reply["id"] = number
    print(json.dumps(reply), flush=True)
)";

class WorkerTest : public testing::Test {
 protected:
  void SetUp() override {
    python_ = test::python_with("json");
    if (python_.empty()) GTEST_SKIP() << "needs Python";
    test::put(folder_ / "worker.py", worker_source);
  }
  WorkerOptions options() const { return {.command = python_ + " worker.py", .timeout = 20, .retries = 0}; }
  Worker worker(const WorkerOptions& options) const { return Worker(options, folder_.path()); }
  static std::vector<Json> numbers(int count) {
    std::vector<Json> items;
    for (int x = 0; x < count; ++x) items.push_back({{"x", x}});
    return items;
  }

  test::TemporaryFolder folder_;
  std::string python_;
};

TEST_F(WorkerTest, AnswersStandInTheOrderOfTheItems) {
  for (const std::int64_t processes : {1, 3})
    for (const std::int64_t batch : {1, 4, 100}) {
      WorkerOptions some = options();
      some.processes = processes, some.batch = batch;
      Worker squares = worker(some);
      const auto answers = squares.ask("square", numbers(21));
      ASSERT_EQ(answers.size(), 21U);
      for (int x = 0; x < 21; ++x) EXPECT_EQ(answers[static_cast<std::size_t>(x)].value["y"], x * x);
      EXPECT_EQ(squares.counts().lines, (21 + batch - 1) / batch);
      EXPECT_EQ(squares.counts().failures, 0);
      EXPECT_TRUE(squares.ask("square", {}).empty());
    }
}

// Each misbehaviour costs its item, and nothing else.
TEST_F(WorkerTest, WhateverAWorkerDoesCostsOneCountedFailure) {
  for (const std::int64_t batch : {1, 3})
    for (const std::string what : {"hang", "die", "complain", "kill", "garbage", "nan", "error"}) {
      SCOPED_TRACE(what);
      WorkerOptions some = options();
      some.batch = batch, some.timeout = what == "hang" ? 0.7 : 20;
      Worker squares = worker(some);
      std::vector<Json> items = numbers(6);
      items[2]["what"] = what;
      const auto answers = squares.ask("square", items);
      for (std::size_t x = 0; x < items.size(); ++x) {
        EXPECT_EQ(answers[x].ok(), x != 2) << x << ": " << answers[x].failure;
        if (x != 2) {
          EXPECT_EQ(answers[x].value["y"], x * x);
        }
      }
      EXPECT_EQ(squares.counts().failures, 1);
      EXPECT_EQ(squares.counts().items, 6);
    }
}

TEST_F(WorkerTest, FailuresSayWhatHappened) {
  const auto failure_of = [&](std::string_view op, const std::string& what, std::int64_t batch = 1) {
    WorkerOptions some = options();
    some.batch = batch, some.timeout = what == "hang" ? 0.5 : 20;
    Worker squares = worker(some);
    return squares.ask(op, {Json{{"x", 1}, {"what", what}}}).front().failure;
  };
  EXPECT_EQ(failure_of("square", "hang"), "no answer within 0.5 s");
  EXPECT_EQ(failure_of("square", "die"), "the worker ended with status 3");
  EXPECT_EQ(failure_of("square", "complain"), "the worker ended with status 4: 'out of paper'");
  EXPECT_TRUE(failure_of("square", "kill").starts_with("the worker was ended by signal 9"));
  EXPECT_EQ(failure_of("square", "error"), "'no such molecule'");
  EXPECT_NE(failure_of("square", "garbage").find("'hello'"), std::string::npos);
  EXPECT_EQ(failure_of("other id", ""), "an answer with id '2' to the question 1");
  EXPECT_EQ(failure_of("list", ""), "an answer that is no object: '[1]'");
  EXPECT_NE(failure_of("short", "", 2).find("without \"items\" for each of 1 items"), std::string::npos);
}

TEST_F(WorkerTest, AnswersThatWillNotDoAreRefused) {
  Worker squares = worker(options());
  const auto answers = squares.ask("square", numbers(3), [](const Json& answer) {
    return answer["y"].get<double>() > 3 ? std::string("y is above 3") : std::string();
  });
  EXPECT_TRUE(answers[1].ok());
  EXPECT_EQ(answers[2].failure, "y is above 3");
  EXPECT_EQ(squares.counts().refusals, 1);
  EXPECT_EQ(squares.last_failure(), "y is above 3");
}

TEST_F(WorkerTest, ARetryHelpsWhereTheFailureWasPassing) {
  WorkerOptions some = options();
  some.retries = 1, some.batch = 2;
  Worker squares = worker(some);
  std::vector<Json> items = numbers(4);
  items[3]["what"] = "once";
  for (const WorkerAnswer& answer : squares.ask("square", items)) EXPECT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(squares.counts().failures, 0);
  EXPECT_EQ(squares.counts().ends, 1);
}

// Questions and answers larger than a pipe's buffer must not make the two wait for each other.
TEST_F(WorkerTest, LongLinesPass) {
  WorkerOptions some = options();
  some.batch = 3;
  Worker squares = worker(some);
  std::vector<Json> items = numbers(3);
  const std::string text(2'000'000, 'x');
  for (Json& item : items) item["text"] = text;
  for (const WorkerAnswer& answer : squares.ask("square", items)) {
    ASSERT_TRUE(answer.ok()) << answer.failure;
    EXPECT_EQ(answer.value["text"], text);
  }
}

TEST_F(WorkerTest, ACommandThatCannotRunIsInvalidInput) {
  WorkerOptions none = options();
  none.command = "no-such-program-here";
  const std::string message = test::message_of<InvalidInput>([&] { worker(none).ask("square", numbers(1)); });
  EXPECT_NE(message.find("worker.command: cannot run 'no-such-program-here'"), std::string::npos) << message;
  none.command = " ";
  EXPECT_THROW(worker(none), InvalidInput);
  none = options();
  none.timeout = 0;
  EXPECT_THROW(worker(none), InvalidInput);
}

}  // namespace
}  // namespace lehr
