// `lehr sample design`, `wls`, `surrogate` and `compare-designs` as a person or a script meets them.
#include <cmath>
#include <sstream>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

class DesignCommand : public lehr::test::CommandLine {
 protected:
  Json run(const std::string& arguments) const {
    const auto outcome = lehr(arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << arguments << "\n" << outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json{{"metrics", Json::object()}};
  }
  static std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
};

constexpr const char* worker_source = R"(
import json, math, sys
for line in sys.stdin:
    question = json.loads(line)
    assert question["op"] == "model"
    x = question["x"]
    if 0 < x[0] - LIMIT < 0.2:
        print(json.dumps({"error": "diverged"}), flush=True)
    else:
        print(json.dumps({"y": math.exp(x[0]) * (1 + x[1])}), flush=True)
)";

std::string worker_with(const std::string& limit) {
  std::string source = worker_source;
  return source.replace(source.find("LIMIT"), 5, limit);
}

TEST_F(DesignCommand, DesignsAreFilesThatWlsReads) {
  const Json design =
      run("sample design --basis legendre:d=2,total=4 --design dpp_repeat --n 40 --model 'exp(x1) * (1 + "
          "x2)' -o design.csv");
  EXPECT_EQ(design["metrics"]["functions"], 15);
  EXPECT_EQ(design["metrics"]["runs"], 40);
  EXPECT_GT(design["metrics"]["lambda_min"].get<double>(), 0.1);
  const std::string csv = content(folder_ / "design.csv");
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "x_1,x_2,weight,batch,y");
  EXPECT_EQ(lines(csv), 41U);
  const Json fit =
      run("sample wls design.csv --basis legendre:d=2,total=4 --coefficients c.csv --validate 4000 --model "
          "'exp(x1) * (1 + x2)'");
  for (const char* metric : {"lambda_min", "leave_one_out", "mean", "deviation"})
    EXPECT_DOUBLE_EQ(fit["metrics"][metric].get<double>(), design["metrics"][metric].get<double>()) << metric;
  // Mean sinh(1) and the share of variance of x_1, both exact; the total degree of 4 leaves a small error.
  EXPECT_NEAR(fit["metrics"]["mean"].get<double>(), std::sinh(1), 2e-3);
  const double v = (std::exp(2) - std::exp(-2)) / 4 - std::pow(std::sinh(1), 2);
  const double variance = (std::exp(2) - std::exp(-2)) / 4 * (4.0 / 3) - std::pow(std::sinh(1), 2);
  EXPECT_NEAR(fit["metrics"]["sobol_1"].get<double>(), v / variance, 5e-3);
  // The true error is near what the leave-one-out error says.
  EXPECT_LT(fit["metrics"]["error"].get<double>(), 2 * fit["metrics"]["leave_one_out"].get<double>());
  EXPECT_GT(fit["metrics"]["error"].get<double>(), 0.3 * fit["metrics"]["leave_one_out"].get<double>());
  EXPECT_EQ(lines(content(folder_ / "c.csv")), 16U);
}

TEST_F(DesignCommand, ValuesMayComeInAFileOfTheirOwn) {
  run("sample design --basis legendre:degree=3 --design volume --n 12 --model 'x^3' -o design.csv");
  std::istringstream rows(content(folder_ / "design.csv"));
  std::string line, values = "cube,double\n", bare;
  std::getline(rows, line);
  while (std::getline(rows, line)) {
    const std::string y = line.substr(line.rfind(',') + 1);
    values += y + "," + std::to_string(2 * std::stod(y)) + "\n";
  }
  write("y.csv", values);
  const Json fit = run("sample wls --design design.csv --values y.csv --basis legendre:degree=3");
  // x^3 = (3/5) P_1 + (2/5) P_3.
  EXPECT_NEAR(fit["metrics"]["cube_deviation"].get<double>(), std::sqrt(1.0 / 7), 1e-12);
  EXPECT_NEAR(fit["metrics"]["double_deviation"].get<double>(), 2 * std::sqrt(1.0 / 7), 1e-5);
}

TEST_F(DesignCommand, EveryKindOfDesignIsDrawn) {
  for (const char* kind : {"dpp_repeat", "dpp", "volume", "optimal_iid", "boosted"}) {
    const Json design = run(std::string("sample design --basis hermite:degree=5 --n ") +
                            (std::string(kind) == "dpp" ? "6" : "30") + " --design " + kind);
    EXPECT_GT(design["metrics"]["lambda_min"].get<double>(), 0) << kind;
  }
  const Json reduced =
      run("sample design --basis legendre:degree=5 --n 90 --design boosted --boosted.reduce_to 6");
  EXPECT_LT(reduced["metrics"]["runs"].get<double>(), 60);
  EXPECT_GE(reduced["metrics"]["lambda_min"].get<double>(), 0.5);
}

TEST_F(DesignCommand, TablesOfFunctionsAreDesignedToo) {
  std::string table = "one,x,square\n";
  for (int i = 0; i < 30; ++i) {
    const double x = i / 29.0;
    table += "1," + std::to_string(x) + "," + std::to_string(x * x) + "\n";
  }
  write("features.csv", table);
  run("sample design --features features.csv --design dpp_repeat --n 9 --model 'x^2 - 2 * x' -o "
      "design.csv");
  EXPECT_TRUE(content(folder_ / "design.csv").starts_with("row,weight,batch,y\n"));
  run("sample wls design.csv --features features.csv --coefficients c.csv");
  // row = 29 x: (29 x)^2 - 58 x.
  std::istringstream rows(content(folder_ / "c.csv"));
  std::string line;
  std::getline(rows, line);
  for (const double expected : {0.0, -58.0, 841.0}) {
    std::getline(rows, line);
    EXPECT_NEAR(std::stod(line.substr(line.find(',') + 1)), expected, 0.01);
  }
}

TEST_F(DesignCommand, WorkersRunTheModel) {
  write("model.py", worker_with("2"));
  const Json design =
      run("sample design --basis legendre:d=2,total=3 --n 30 --worker.command 'python3 model.py' "
          "--worker.processes 2");
  EXPECT_NEAR(design["metrics"]["mean"].get<double>(), std::sinh(1), 0.05);
  write("model.py", worker_with("0.3"));
  const Json failing =
      run("sample design --basis legendre:d=2,total=3 --n 60 --worker.command 'python3 model.py' "
          "--worker.retries 0 -o failed.csv");
  EXPECT_FALSE(failing["metrics"].contains("residual"));
  expect_one_line_error("sample wls failed.csv --basis legendre:d=2,total=3", "no finite value");
  const Json surrogate = run(
      "sample surrogate --basis legendre:d=2,total=5 --worker.command 'python3 model.py' --worker.retries 0");
  EXPECT_LT(surrogate["metrics"]["relative_leave_one_out"].get<double>(), 0.05);
}

TEST_F(DesignCommand, SurrogatesGrowToTheirToleranceAndResume) {
  const std::string task =
      "sample surrogate --basis legendre:d=2,total=10 --model 'exp(x1 + x2 / 2) / (1.5 + x2)'";
  const Json loose = run(task + " --tolerance 1e-2"), tight = run(task + " --tolerance 1e-4 -o runs.csv");
  EXPECT_LE(loose["metrics"]["relative_leave_one_out"].get<double>(), 1e-2);
  EXPECT_LE(tight["metrics"]["relative_leave_one_out"].get<double>(), 1e-4);
  EXPECT_LT(loose["metrics"]["runs"].get<double>(), tight["metrics"]["runs"].get<double>());
  EXPECT_EQ(lines(content(folder_ / "runs.csv")),
            1 + static_cast<std::size_t>(tight["metrics"]["runs"].get<double>()));
  EXPECT_EQ(run(task + " --runs 60")["metrics"]["runs"], 60);
}

TEST_F(DesignCommand, ComparisonsSayWhichDesignNeedsFewerRuns) {
  const Json compared =
      run("sample compare-designs --basis legendre:degree=5 --model '1 / (1 + 5 * x^2)' --sizes 12 24 "
          "36 60 90 "
          "--repeats 60");
  const Json& metrics = compared["metrics"];
  EXPECT_LT(metrics["dpp_repeat_24_error"].get<double>(), metrics["optimal_iid_24_error"].get<double>());
  EXPECT_LT(metrics["dpp_repeat_least_runs"].get<double>(), metrics["optimal_iid_least_runs"].get<double>());
}

TEST_F(DesignCommand, ResultsDoNotDependOnThreads) {
  std::string first;
  for (const char* threads : {"1", "2", "8"}) {
    Json result =
        run(std::string("sample design --basis legendre:d=2,total=5 --n 63 --model 'x1 * x2' --threads ") +
            threads);
    if (first.empty()) first = result.dump();
    EXPECT_EQ(result.dump(), first) << threads;
  }
}

TEST_F(DesignCommand, WritesItsPage) {
  const auto outcome = lehr("sample design --basis legendre:degree=6 --n 21 --model 'exp(x)' --out run");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "report.html"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "artifacts" / "design.csv"));
}

TEST_F(DesignCommand, RefusesInOneLine) {
  expect_one_line_error("sample design", "--basis or --features");
  expect_one_line_error("sample design --basis legendre:degree=3 --features f.csv", "one of them");
  expect_one_line_error("sample design --basis legndre:degree=3", "did you mean 'legendre'");
  expect_one_line_error("sample design --basis legendre:degree=3 --design dppp", "design");
  expect_one_line_error("sample design --basis legendre:degree=3 --design dpp --n 9", "n = m = 4");
  expect_one_line_error("sample design --basis legendre:degree=3 --design volume --n 3", "at least m = 4");
  expect_one_line_error("sample design --basis legendre:degree=3 --model 'y + 1'", "cannot be read");
  expect_one_line_error("sample design --basis legendre:d=2,total=3 --model 'x + 1'", "cannot be read");
  expect_one_line_error("sample design --basis legendre:degree=3 --model 'x' --worker.command cat",
                        "not both");
  expect_one_line_error("sample design --features nosuch.csv", "nosuch.csv");
  write("text.csv", "a,b\n1,2\n3,x\n");
  expect_one_line_error("sample design --features text.csv", "text.csv:3");
  write("dependent.csv", "a,b\n1,2\n2,4\n3,6\n");
  expect_one_line_error("sample design --features dependent.csv", "linearly dependent");
  expect_one_line_error("sample wls --basis legendre:degree=3", "design's file");
  write("design.csv", "x_1,weight\n0.1,1\n0.2,1\n");
  expect_one_line_error("sample wls design.csv --basis legendre:degree=1", "no column 'y'");
  write("short.csv", "x_1,weight,y\n0.1,1,2\n");
  expect_one_line_error("sample wls short.csv --basis legendre:degree=1", "1 runs for 2 functions");
  write("same.csv", "x_1,weight,y\n0.1,1,2\n0.1,1,2\n");
  expect_one_line_error("sample wls same.csv --basis legendre:degree=1", "do not determine");
  write("negative.csv", "x_1,weight,y\n0.1,-1,2\n0.2,1,2\n");
  expect_one_line_error("sample wls negative.csv --basis legendre:degree=1", "weight of run 1");
  write("y.csv", "y\n1\n");
  expect_one_line_error("sample wls design.csv --values y.csv --basis legendre:degree=1",
                        "1 rows of values for 2");
  expect_one_line_error("sample surrogate --basis legendre:degree=3", "--model");
  expect_one_line_error("sample surrogate --basis legendre:degree=3 --model 'ln(x - 2)'",
                        "no space was fitted");
  expect_one_line_error("sample compare-designs --basis legendre:degree=3 --model 'x^2'",
                        "lies in the space");
}

}  // namespace
