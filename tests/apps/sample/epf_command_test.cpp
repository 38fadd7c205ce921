// `lehr sample epf` and `lehr sample ssm` as a person or a script meets them.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/apps/command_line.hpp"
#include "tests/core/test_files.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

// Writes words letter by letter and likes the letter that its input names; misbehaves as its argument says.
constexpr const char* writer = R"(
import json, sys, time
how = (sys.argv + [""])[1]
def answer(op, item):
    prefix = item["prefix"]
    if op == "step":
        if how == "mute": return {"error": "no idea"}
        return {"step": "abcd"[item["seed"] % 4], "done": len(prefix) == 3}
    if "d" in prefix:
        if how == "hang": time.sleep(60)
        if how == "die": sys.exit(3)
        if how == "garbage": print("hello", flush=True); time.sleep(60)
        if how == "nan": return {"score": float("nan")}
        if how == "out": return {"score": 7}
    return {"score": (1 + 8 * prefix.count(item.get("input", "a").strip()) / len(prefix)) / 10}
for line in sys.stdin:
    question = json.loads(line)
    op = question["op"]
    print(json.dumps({"items": [answer(op, i) for i in question["items"]]} if "items" in question
                     else answer(op, question)), flush=True)
)";

class EpfCommand : public lehr::test::CommandLine {
 protected:
  std::string worker(const std::string& how = "") const {
    const std::string python = lehr::test::python_with("json");
    write("writer.py", writer);
    return "--worker \"" + python + " writer.py " + how + "\" ";
  }
  static bool no_python() { return lehr::test::python_with("json").empty(); }
  void write_linear_model() const {
    write("model.toml",
          "kind = \"linear_gaussian\"\ntransition = 0.9\ntransition_covariance = 1\nobservation = 1\n"
          "observation_covariance = 0.25\n");
  }
};

TEST_F(EpfCommand, SearchesWithAWorker) {
  if (no_python()) GTEST_SKIP() << "needs Python";
  write("q.txt", "b\n");
  const auto outcome =
      lehr("sample epf " + worker() +
           "--input q.txt --particles 12 --max-steps 8 --batch 4 --trace t.jsonl --output s.jsonl --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json metrics = Json::parse(outcome.out)["metrics"];
  EXPECT_EQ(metrics["calls"], 2 * 12 * 4);
  EXPECT_EQ(metrics["steps"], 4);
  EXPECT_EQ(metrics["failures"], 0);
  EXPECT_GT(metrics["quality"].get<double>(), 0.45);
  const std::string sequences = content(folder_ / "s.jsonl"), trace = content(folder_ / "t.jsonl");
  const Json best = Json::parse(sequences.substr(0, sequences.find('\n')));
  EXPECT_EQ(best["chosen"], true);
  EXPECT_EQ(best["steps"].size(), 4U);
  EXPECT_EQ(std::count(trace.begin(), trace.end(), '\n'), 4);
  for (const char* column : {"ess", "tempered_ess", "entropy", "temperature", "founders", "parents", "calls",
                             "mean_log_weight", "max_log_weight", "finished", "progress"})
    EXPECT_TRUE(Json::parse(trace.substr(0, trace.find('\n'))).contains(column)) << column;
}

TEST_F(EpfCommand, SurvivesWhateverTheWorkerDoes) {
  if (no_python()) GTEST_SKIP() << "needs Python";
  for (const std::string how : {"hang", "die", "garbage", "nan", "out"}) {
    const auto outcome =
        lehr("sample epf " + worker(how) + "--particles 4 --max-steps 4 --retries 0 --json --timeout " +
             (how == "hang" ? "0.3" : "20"));
    ASSERT_EQ(outcome.code, 0) << how << outcome.err;
    const Json report = Json::parse(outcome.out);
    EXPECT_GT(report["metrics"][how == "out" ? "dropped" : "failures"].get<double>(), 0) << how;
    EXPECT_FALSE(report["notes"].empty()) << how;
  }
}

TEST_F(EpfCommand, AnswersForSeveralInputs) {
  if (no_python()) GTEST_SKIP() << "needs Python";
  write("a.txt", "a"), write("c.txt", "c");
  const auto outcome =
      lehr("sample epf " + worker() + "--input a.txt c.txt --compare pf epf bon --sizes 4 8 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json metrics = Json::parse(outcome.out)["metrics"];
  for (const char* arm : {"pf_4", "pf_8", "epf_4", "epf_8", "bon_4", "bon_8"})
    EXPECT_TRUE(metrics.contains(std::string("quality_") + arm)) << arm;
  EXPECT_EQ(metrics["calls_epf_8"], 64);
}

TEST_F(EpfCommand, EnvironmentsHaveReportsAndFigures) {
  const auto tree = lehr("sample epf --environment tree --instances 50 --particles 8 --out run");
  ASSERT_EQ(tree.code, 0) << tree.err;
  for (const char* figure : {"ess", "ancestors", "weights", "temperature", "calibration", "reliability"})
    EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "figures" / (std::string(figure) + ".svg")))
        << figure;
  const auto countdown = lehr(
      "sample epf --environment countdown --countdown.numbers 25 50 75 100 3 6 "
      "--countdown.target 952 --method pf --particles 2000 --instances 1 --json");
  ASSERT_EQ(countdown.code, 0) << countdown.err;
  EXPECT_GT(Json::parse(countdown.out)["metrics"]["quality"].get<double>(), 0.3);
  const auto hmm = lehr("sample epf --environment hmm --instances 200 --method apf --particles 64 --json");
  ASSERT_EQ(hmm.code, 0) << hmm.err;
  const Json metrics = Json::parse(hmm.out)["metrics"];
  EXPECT_LT(std::abs(metrics["evidence_ratio"].get<double>() - 1),
            4 * metrics["evidence_ratio_error"].get<double>());
}

TEST_F(EpfCommand, ResultsDoNotDependOnThreads) {
  std::string first;
  for (const char* threads : {"1", "2", "8"}) {
    const auto outcome =
        lehr(std::string("sample epf --environment tree --instances 80 --method epf+lam --json --threads ") +
             threads);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    if (first.empty()) first = outcome.out;
    EXPECT_EQ(outcome.out, first) << threads;
  }
}

TEST_F(EpfCommand, FiltersASeriesAndKnowsItsError) {
  write_linear_model();
  write("data.csv", "t,y\n1,0.3\n2,\n3,1.9\n4,1.2\n5,-0.4\n");
  write("named.toml", content(folder_ / "model.toml") + "observations = [\"y\"]\n");
  const auto outcome =
      lehr("sample ssm named.toml data.csv --particles 500 --runs 50 --output out.csv --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json result = Json::parse(outcome.out);
  EXPECT_LT(std::abs(result["log_likelihood"].get<double>() - result["exact_log_likelihood"].get<double>()),
            4 * result["log_likelihood_error"].get<double>());
  EXPECT_LT(result["log_likelihood_error"].get<double>(), 0.05);
  EXPECT_EQ(result["particle_steps"], 500 * 50 * 5);
  EXPECT_TRUE(content(folder_ / "out.csv").starts_with("step,y,x mean,"));
  expect_one_line_error("sample ssm model.toml data.csv", "observations");
}

TEST_F(EpfCommand, EveryKindOfModelFilters) {
  write("hmm.toml",
        "kind = \"hmm\"\ninitial = [0.5, 0.5]\ntransition = [[0.9, 0.1], [0.2, 0.8]]\nemission = [[0.8, "
        "0.2], [0.3, 0.7]]\n");
  write("sv.toml", "kind = \"stochastic_volatility\"\nmean = -0.5\npersistence = 0.95\ndeviation = 0.2\n");
  write("plane.toml",
        "kind = \"linear_gaussian\"\ntransition = [[0.9, 0.1], [0, 0.8]]\ntransition_covariance = [[1, 0], "
        "[0, 1]]\n"
        "observation = [[1, 0]]\nobservation_covariance = [[0.5]]\n");
  for (const char* model : {"hmm.toml", "sv.toml", "plane.toml"})
    for (const char* method : {"pf", "epf", "epf+lam", "apf", "bon"}) {
      const auto outcome =
          lehr(std::string("sample ssm ") + model + " --simulate 10 --runs 8 --json --method " + method);
      ASSERT_EQ(outcome.code, 0) << model << method << outcome.err;
      const Json result = Json::parse(outcome.out);
      if (!result.contains("exact_log_likelihood")) continue;
      EXPECT_NEAR(result["log_likelihood"].get<double>(), result["exact_log_likelihood"].get<double>(),
                  5 * result["log_likelihood_error"].get<double>())
          << model << method;
    }
}

TEST_F(EpfCommand, RefusesInOneLine) {
  expect_one_line_error("sample epf", "worker or environment");
  expect_one_line_error("sample epf --environment tree --worker x", "worker or environment");
  expect_one_line_error("sample epf --environment forest", "environment");
  expect_one_line_error("sample epf --environment tree --particles 0", "particles");
  expect_one_line_error("sample epf --environment tree --max-steps 0", "max_steps");
  expect_one_line_error("sample epf --environment tree --lam.weight 1.5", "lam.weight");
  expect_one_line_error("sample epf --environment tree --temperature warm", "warm");
  expect_one_line_error("sample epf --environment tree --method pg --particles 7 --iterations 2", "divided");
  expect_one_line_error("sample epf --environment tree --weight raw", "weights of its own");
  expect_one_line_error("sample epf --environment tree --trace t.jsonl", "one instance");
  expect_one_line_error("sample epf --environment hmm --method beam", "likelihood");
  expect_one_line_error("sample epf --environment countdown --countdown.target 5", "together");
  expect_one_line_error("sample epf --worker cat --input nosuch.txt", "nosuch.txt");
  expect_one_line_error("sample epf --worker /no/such/program", "/no/such/program");
  expect_one_line_error("sample epf --worker true --retries 0", "none of");
  expect_one_line_error("sample ssm", "model");
  expect_one_line_error("sample ssm nosuch.toml --simulate 5", "nosuch.toml");
  write_linear_model();
  expect_one_line_error("sample ssm model.toml", "data or simulate");
  write("bad.toml", "kind = \"linear_gaussian\"\ntransition = [[1], [2, 3]]\n");
  expect_one_line_error("sample ssm bad.toml --simulate 5", "bad.toml:2");
  write("bad.toml", "kind = \"arma\"\n");
  expect_one_line_error("sample ssm bad.toml --simulate 5", "bad.toml:1");
  write("bad.toml",
        "kind = \"hmm\"\ninitial = [0.5, 0.6]\ntransition = [[1, 0], [0, 1]]\nemission = [[1], [1]]\n");
  expect_one_line_error("sample ssm bad.toml --simulate 5",
                        "bad.toml: hidden Markov model: row 1 of initial");
  write("bad.toml", content(folder_ / "model.toml") + "colour = 3\n");
  expect_one_line_error("sample ssm bad.toml --simulate 5", "colour");
  write("random_walk.toml",
        "kind = \"linear_gaussian\"\ntransition = 1\ntransition_covariance = 1\nobservation = "
        "1\nobservation_covariance = 1\n");
  expect_one_line_error("sample ssm random_walk.toml --simulate 5", "stationary");
  write("empty.csv", "y\n");
  expect_one_line_error("sample ssm model.toml empty.csv", "no rows");
  write("text.csv", "y\nhigh\n");
  expect_one_line_error("sample ssm model.toml text.csv", "text.csv:2");
}

}  // namespace
