// Score models behind the worker protocol, in every command that takes a model.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "tests/apps/command_line.hpp"
#include "tests/core/test_files.hpp"

namespace {

namespace fs = std::filesystem;
using lehr::test::content;
using lehr::test::Json;
using lehr::test::Outcome;

// N(0, I) in d = 2 under any process, x_t = a x_0 + s noise: score -x / (a^2 + s^2). Misbehaves at t below 0.5 as told.
constexpr const char* normal_source = R"python(
import json, math, sys, time
how = sys.argv[1] if len(sys.argv) > 1 else "score"
for line in sys.stdin:
    q = json.loads(line)
    if q["op"] == "describe":
        print(json.dumps({"dimension": 2, "process": "edm(0.01, 10)", "log_density": how == "density"}), flush=True)
        continue
    x, a, s = q["x"], q["a"], q["s"]
    v = a * a + s * s
    score = [[-c / v for c in p] for p in x]
    reply = {"score": score}
    if how == "noise": reply = {"noise": [[-s * c for c in p] for p in score]}
    if how == "data": reply = {"data": [[a * c / v for c in p] for p in x]}
    if how == "velocity": reply = {"velocity": [[a * s * c / v - s * a * c / v for c in p] for p in x]}
    if "log_density" in q:
        reply["log_density"] = [-math.log(2 * math.pi * v) - sum(c * c for c in p) / 2 / v for p in x]
    if q["t"] < 0.5:
        if how == "hang": time.sleep(60)
        if how == "die": sys.exit("out of paper")
        if how == "garbage": print("hello", flush=True); continue
        if how == "short": reply["score"].pop()
        if how == "narrow": reply["score"][0].pop()
        far = [i for i, p in enumerate(x) if p[0] > 0.5]
        if how == "refuse" and far: reply = {"error": "too far out"}
        for i in far:
            if how == "null": score[i][1] = None
            if how == "nan": score[i][1] = float("nan")
    print(json.dumps(reply), flush=True)
)python";

class WorkerModelCommand : public lehr::test::CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    python_ = lehr::test::python_with("json");
    if (python_.empty()) GTEST_SKIP() << "needs Python";
    write("normal.py", normal_source);
    write("normal.json", R"json({"weights":[1],"means":[[0,0]],"variances":[1]})json");
    write("shifted.json", R"json({"weights":[1],"means":[[1,0]],"variances":[0.5]})json");
    write(
        "wide3.json",
        R"json({"weights":[0.5,0.3,0.2],"means":[[1.5,1.5],[-1.2,1.0],[0.3,-1.6]],"variances":[0.25,0.16,0.09]})json");
  }
  std::string normal(const std::string& how) const { return python_ + " normal.py " + how; }
  std::string worker(const std::string& how) const { return "--worker.command '" + normal(how) + "' "; }
  Json run(const std::string& words) const {
    const Outcome outcome = lehr(words + " --json");
    EXPECT_EQ(outcome.code, 0) << words << "\n" << outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json();
  }
  std::vector<double> numbers(const std::string& file) const {
    std::istringstream lines(content(folder_ / file));
    std::string line;
    std::vector<double> values;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      std::istringstream cells(line);
      for (std::string cell; std::getline(cells, cell, ',');) values.push_back(std::stod(cell));
    }
    return values;
  }
  double largest_difference(const std::string& a, const std::string& b) const {
    const std::vector<double> x = numbers(a), y = numbers(b);
    EXPECT_FALSE(x.empty());
    EXPECT_EQ(x.size(), y.size());
    double most = 0;
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      most = std::max(most, std::abs(x[i] - y[i]));
    return most;
  }
  std::string python_;
};

// The example of the documentation against the exact mixture.
TEST_F(WorkerModelCommand, TheExampleAgreesWithTheExactMixture) {
  const fs::path example = fs::path(__FILE__).parent_path().parent_path().parent_path().parent_path() /
                           "examples" / "score_worker.py";
  if (!fs::exists(example)) GTEST_SKIP() << example << " is not here";
  const std::string words = " --nfe 8 --count 300 --grid 'rho(7)' --save ";
  const std::string given = "--worker.command '" + python_ + " " + example.string() + "'";
  for (const std::string solver : {"deis_tab", "ancestral", "langevin_pc"}) {
    run("diffusion sample " + given + " --solver " + solver + words + "worker.csv");
    run("diffusion sample wide3.json --solver " + solver + words + "exact.csv");
    // langevin_pc averages norms over its blocks, which are larger for a worker.
    if (solver == "langevin_pc") continue;
    EXPECT_LT(largest_difference("worker.csv", "exact.csv"), 1e-11) << solver;
  }
}

TEST_F(WorkerModelCommand, EveryPredictionIsUnderstood) {
  const std::string words = " --nfe 12 --count 100 --grid 'rho(7)' --save ";
  run("diffusion sample normal.json --process 'edm(0.01, 10)'" + words + "exact.csv");
  for (const std::string how : {"score", "noise", "data", "velocity", "density"}) {
    run("diffusion sample " + worker(how) + words + how + ".csv");
    EXPECT_LT(largest_difference(how + ".csv", "exact.csv"), 1e-11) << how;
  }
  // Processes, blocks and the way of naming change nothing; a dimension among the options saves the question for it.
  run("diffusion sample " + worker("score") + "--worker.processes 2 --worker.batch 16" + words + "two.csv");
  run("diffusion sample 'worker: " + normal("score") +
      "' --worker.dimension 2 --process 'edm(0.01, 10)' --worker.batch 7" + words + "named.csv");
  EXPECT_EQ(content(folder_ / "two.csv"), content(folder_ / "score.csv"));
  EXPECT_EQ(content(folder_ / "named.csv"), content(folder_ / "score.csv"));
}

TEST_F(WorkerModelCommand, SearchAndGuidanceTakeWorkers) {
  run("diffusion sample normal.json --count 200 --nfe 20 --save true.csv");
  const Json found =
      run("diffusion search " + worker("score") +
          "--nfe 3 --evaluations 40 --points 30 --fresh_points 40 --metric sliced --reference true.csv");
  EXPECT_GT(found["metrics"]["fresh"].get<double>(), 0);
  // 2 - 1: guidance of equal models is the model.
  run("diffusion sample normal.json --weights 2 -1 --process 'edm(0.01, 10)' --nfe 6 --count 50 --grid "
      "'rho(7)' --save both.csv " +
      worker("score"));
  run("diffusion sample normal.json --process 'edm(0.01, 10)' --nfe 6 --count 50 --grid 'rho(7)' --save "
      "one.csv");
  EXPECT_LT(largest_difference("both.csv", "one.csv"), 1e-10);
}

// N(0, I) N((1, 0), I/2) is N((2, 0)/3, I/3). 3000 particles: standard error of the mean about 0.58 / (3000 x 0.3)^1/2 = 0.02.
TEST_F(WorkerModelCommand, ComposesWithMixtures) {
  const std::string product = "diffusion compose --experts shifted.json 'worker: " + normal("score") +
                              "' --exponents 1 1 --particles 3000 --steps 120 --baseline false ";
  const Json constant = run(product);
  EXPECT_NEAR(constant["metrics"]["mean_x0"].get<double>(), 2.0 / 3, 0.08);
  EXPECT_NEAR(constant["metrics"]["variance"].get<double>(), 1.0 / 3, 0.05);
  EXPECT_NEAR(constant["metrics"]["right"].get<double>(), 0.8759, 0.04);
  // A ramp needs log densities, which are followed along the path, or asked for.
  const Json ramp = run(product + "--ramp.levels 1 0.1");
  EXPECT_NEAR(ramp["metrics"]["mean_x0"].get<double>(), 2.0 / 3, 0.08);
  // A program that knows its density: exact weights, and moves.
  const Json dense =
      run("diffusion compose --experts shifted.json 'worker: " + normal("density") +
          "' --exponents 1 1 --particles 1000 --steps 60 --baseline false --ramp.levels 1 0.1 --moves 1");
  EXPECT_NEAR(dense["metrics"]["mean_x0"].get<double>(), 2.0 / 3, 0.1);
  EXPECT_NEAR(dense["metrics"]["log_z"].get<double>(), -std::log(2 * M_PI * 1.5) - 1.0 / 3,
              0.15);  // log N((1, 0); 0, 1.5 I)
  expect_one_line_error(product + "--moves 1", "gives scores alone");
  expect_one_line_error(product + "--ramp.levels 1 0.1 --zeta 1.2", "model 2 has none");
}

// The chains of the program's score are those of the mixture but for rounding (levels could differ where a draw is that close).
TEST_F(WorkerModelCommand, ChainsTakeWorkers) {
  const std::string words =
      "diffusion chains normal.json --sigma_max 10 --chains 40 --count 80 --compare false --initial_calls 11 "
      "--save ";
  run(words + "chains.csv " + worker("score"));
  run(words + "exact.csv");
  EXPECT_LT(largest_difference("chains.csv", "exact.csv"), 1e-8);
  expect_one_line_error(words + "x.csv --score normal.json " + worker("score"), "one of them");
  expect_one_line_error("diffusion chains normal.json --sigma_max 20 " + worker("score"), "sigma_max inside");
  const Outcome dead = lehr(words + "x.csv " + worker("die"));
  EXPECT_EQ(dead.code, 3);
  EXPECT_NE(dead.err.find("step"), std::string::npos) << dead.err;
  EXPECT_NE(dead.err.find("out of paper"), std::string::npos) << dead.err;
}

// Twice the exponent 1/2 of one network is the network: nothing is weighed, and samples have the mean and variance that sampling it alone gives.
TEST_F(WorkerModelCommand, ComposesNetworks) {
  const char* const shared = std::getenv("LEHR_SHARED_DATA");
  const fs::path net =
      fs::absolute(shared != nullptr ? shared : "../shared/data") / "autodiffusion" / "eps_network.json";
  if (!fs::exists(net)) GTEST_SKIP() << net << " is not here";
  const std::string two = "diffusion compose --experts " + net.string() + " " + net.string() +
                          " --particles 400 --steps 60 --baseline false ";
  const Json halves = run(two + "--exponents 0.5 0.5");
  EXPECT_NEAR(halves["metrics"]["ess"].get<double>(), 1, 0.05);
  EXPECT_NEAR(halves["metrics"]["variance"].get<double>(), 0.28, 0.05);
  const Json colder = run(two + "--exponents 0.6 0.6");
  EXPECT_LT(colder["metrics"]["variance"].get<double>(), halves["metrics"]["variance"].get<double>());
  expect_one_line_error(two + "--exponents 1 1 --moves 1", "gives scores alone");
  expect_one_line_error(two + "--exponents 1 1 --process 'edm(0.01, 500)'", "knows s / a between");
}

TEST_F(WorkerModelCommand, WhateverAWorkerDoesIsOneLine) {
  const auto failure = [&](const std::string& how, const std::string& part, const std::string& command) {
    const auto begin = std::chrono::steady_clock::now();
    const Outcome outcome = lehr(command);
    EXPECT_EQ(outcome.code, 3) << how << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << how << ": " << outcome.err;
    EXPECT_NE(outcome.err.find("step"), std::string::npos) << how << ": " << outcome.err;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(40)) << how;
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"hang", "no answer within 2 s"},
      {"die", "out of paper"},
      {"garbage", "column 0: the worker has no answer"},
      {"short", "is no list of"},
      {"narrow", "no list of 2 numbers"},
      {"refuse", "too far out"},
      {"null", ": the model's noise is not finite"},
      {"nan", "column"}};
  for (const auto& [how, part] : cases) {
    const std::string limits =
        how == "hang"
            ? "--worker.timeout 2 --worker.retries 0 --worker.dimension 2 --process 'edm(0.01, 10)' "
            : "";
    failure(how, part, "diffusion sample " + worker(how) + limits + "--nfe 10 --count 24 --grid 'rho(7)'");
  }
  failure("die", "out of paper", "diffusion sample " + worker("die") + "--solver ode45 --count 24");
  failure("null", ": the model's noise is not finite",
          "diffusion sample " + worker("null") + "--solver langevin_pc --nfe 20 --count 24");
  failure(
      "die", "out of paper",
      "diffusion compose --experts shifted.json --exponents 1 1 --particles 100 --steps 20 " + worker("die"));
}

TEST_F(WorkerModelCommand, BadInputGetsOneClearLine) {
  write("net.txt", "");
  expect_one_line_error("diffusion compose --experts normal.json net.txt", "a model is a mixture");
  expect_one_line_error("diffusion sample", "give a model");
  expect_one_line_error("diffusion sample --worker.command 'nosuchprogram'", "cannot run");
  expect_one_line_error("diffusion sample 'worker:'", "the command is empty");
  expect_one_line_error("diffusion sample --worker.command 'cat'", "does not say its dimension");
  expect_one_line_error("diffusion sample " + worker("score") + "--worker.batch 0", "batch");
  write("three.json", R"json({"weights":[1],"means":[[0,0,1]],"variances":[1]})json");
  expect_one_line_error("diffusion compose --experts three.json " + worker("score"), "has 2 dimensions");
  expect_one_line_error("diffusion sample three.json --weights 1 1 " + worker("score"),
                        "models have 3 and 2 dimensions");
}

}  // namespace
