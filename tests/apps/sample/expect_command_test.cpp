// `lehr sample expect` as a person or a script meets it.
#include <cmath>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

constexpr const char* exponential_file = R"toml(
[variables]
x = "normal(mean=0, sd=1)"
y = "normal(mean=1, sd=2)"
[define]
s = "x + 0.5 * y"
[outputs]
growth = "exp(s)"
tail = "s > 3"
)toml";

class ExpectCommand : public lehr::test::CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("model.toml", exponential_file);
  }
  // s ~ N(0.5, 2).
  static double growth() { return std::exp(0.5 + 1); }
  static double tail() { return 0.5 * std::erfc((3 - 0.5) / std::sqrt(2.0) / std::sqrt(2.0)); }

  Json run(const std::string& arguments) const {
    const auto outcome = lehr("sample expect " + arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json();
  }
  static void expect_value(const Json& result, std::size_t which, double truth, double at_most_relative) {
    const double value = result["expectations"][which]["value"],
                 error = result["expectations"][which]["standard_error"];
    EXPECT_NEAR(value, truth, 4.5 * error) << which;
    EXPECT_LT(error, at_most_relative * truth) << which;
  }
};

TEST_F(ExpectCommand, EveryMethodEstimatesTheExpectations) {
  for (const char* method : {"aiscv", "ais", "mc", "mc_mixture"}) {
    const Json result = run(std::string("model.toml --budget 20000 --method ") + method);
    expect_value(result, 0, growth(), 0.05);
    expect_value(result, 1, tail(), 0.06);
    EXPECT_EQ(result["calls"], 20000) << method;
  }
  for (const char* fit : {"gm", "diag"})
    expect_value(run(std::string("model.toml --budget 20000 --fit ") + fit), 0, growth(), 0.05);
}

TEST_F(ExpectCommand, ResultsDoNotDependOnThreads) {
  const Json one = run("model.toml --budget 3000 --threads 1");
  for (const char* threads : {"2", "5"})
    EXPECT_EQ(run(std::string("model.toml --budget 3000 --threads ") + threads), one);
}

TEST_F(ExpectCommand, ManyLawsFromRanges) {
  write("ranges.toml",
        "[variables]\nx = \"normal(mean=[-0.2, 0.2], sd=1)\"\ny = \"normal(mean=[0.5, 1.5], sd=2)\"\n"
        "[[correlations]]\nbetween = [\"x\", \"y\"]\nvalue = [-0.2, 0.2]\n");
  const Json result = run("model.toml --law ranges.toml --laws 6 --weights abs --budget 12000");
  EXPECT_EQ(result["expectations"].size(), 12u);
  EXPECT_EQ(result["expectations"][2]["name"], "growth_2");
  const auto outcome =
      lehr("sample expect model.toml --law ranges.toml --laws 6 --weights abs --budget 12000 --out run");
  EXPECT_NE(outcome.out.find("correlation(x, y)"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "report.html"));
  expect_one_line_error("sample expect model.toml --law ranges.toml", "x.mean");
  expect_one_line_error("sample expect model.toml --laws 4", "no ranges");
}

TEST_F(ExpectCommand, SobolIndicesWithErrors) {
  write("sum.toml",
        "[variables]\nx = \"normal(0, sd=1)\"\ny = \"normal(0, sd=2)\"\n[outputs]\nz = \"exp(0.2 * (x + "
        "y))\"\n");
  const Json result = run("sum.toml --sobol first,total --budget 40000");
  ASSERT_EQ(result["sobol"].size(), 4u);
  const double all = std::expm1(0.2);
  const double truth[4] = {std::expm1(0.04) / all, std::expm1(0.16) / all,
                           std::expm1(-0.04) / std::expm1(-0.2), std::expm1(-0.16) / std::expm1(-0.2)};
  for (std::size_t k = 0; k < 4; ++k) {
    const double value = result["sobol"][k]["value"], error = result["sobol"][k]["standard_error"];
    EXPECT_NEAR(value, truth[k], 4.5 * error) << k;
    EXPECT_LT(error, 0.05);
  }
  EXPECT_EQ(result["calls"], 40000);
}

TEST_F(ExpectCommand, ASavedSampleServesAnotherLaw) {
  const Json first = run("model.toml --budget 20000 --save sample.csv");
  write("moved.toml", "[variables]\nx = \"normal(mean=0.2, sd=1)\"\ny = \"normal(mean=1, sd=2)\"\n");
  for (const char* rows : {"all", "final"}) {
    const Json again =
        run(std::string("--table sample.csv --law moved.toml --outputs growth tail --rows ") + rows);
    expect_value(again, 0, growth() * std::exp(0.2), 0.05);
  }
  const Json same = run("--table sample.csv --law model.toml");
  EXPECT_EQ(same["expectations"].size(), 2u);
  expect_value(same, 1, tail(), 0.05);
  expect_one_line_error("sample expect --table sample.csv", "law");
  expect_one_line_error("sample expect model.toml --table sample.csv --law moved.toml", "needs no model");
  expect_one_line_error("sample expect --table sample.csv --law moved.toml --density nosuch", "nosuch");
  write("bad.csv", "x,y,growth,density\n0,1,2,0.1\n0,1,2,-1\n");
  expect_one_line_error("sample expect --table bad.csv --law moved.toml", "above 0");
}

TEST_F(ExpectCommand, SharedObjectsAreModels) {
  write("plug.c",
        "#include <math.h>\n#include <stddef.h>\n"
        "int lehr_model(size_t d, size_t m, size_t n, const double* x, double* y) {\n"
        "  for (size_t i = 0; i < n; ++i) {\n"
        "    double s = x[i * d] + 0.5 * x[i * d + 1];\n"
        "    y[i * m] = exp(s); y[i * m + 1] = s > 3;\n  }\n  return 0;\n}\n"
        "const char* lehr_model_outputs(void) { return \"growth, tail\"; }\n");
  if (std::system(
          ("cd '" + folder_.string() + "' && cc -O2 -shared -fPIC plug.c -o plug.so 2>/dev/null").c_str()) !=
      0)
    GTEST_SKIP() << "needs a C compiler";
  const Json formulas = run("model.toml --budget 5000"),
             compiled = run("plug.so --law model.toml --budget 5000");
  for (std::size_t k = 0; k < 2; ++k)
    EXPECT_NEAR(compiled["expectations"][k]["value"].get<double>(),
                formulas["expectations"][k]["value"].get<double>(), 1e-9);
  EXPECT_EQ(run("plug.so --law model.toml --budget 5000 --parallel-model --threads 2"), compiled);
  write("broken.so", "not a library");
  expect_one_line_error("sample expect broken.so --law model.toml", "broken.so");
  write("none.c", "int other(void) { return 1; }\n");
  ASSERT_EQ(std::system(("cd '" + folder_.string() + "' && cc -shared -fPIC none.c -o none.so").c_str()), 0);
  expect_one_line_error("sample expect none.so --law model.toml", "lehr_model");
}

TEST_F(ExpectCommand, WorkersAreModels) {
  write("worker.py",
        "import json, math, sys\n"
        "for line in sys.stdin:\n"
        "    q = json.loads(line)\n"
        "    answer = lambda i: {\"y\": [math.exp(i[\"x\"][0] + 0.5 * i[\"x\"][1]), float(i[\"x\"][0] + 0.5 "
        "* i[\"x\"][1] > 3)]}\n"
        "    print(json.dumps({\"items\": [answer(i) for i in q[\"items\"]]} if \"items\" in q else "
        "answer(q)), flush=True)\n");
  if (std::system("python3 -c 'import json'") != 0) GTEST_SKIP() << "needs Python";
  const std::string flags =
      " --law model.toml --budget 2000 --outputs growth tail --worker.command 'python3 worker.py' "
      "--worker.batch 100";
  const Json formulas = run("model.toml --budget 2000"), worker = run(flags);
  for (std::size_t k = 0; k < 2; ++k)
    EXPECT_NEAR(worker["expectations"][k]["value"].get<double>(),
                formulas["expectations"][k]["value"].get<double>(), 1e-9);
  const auto failing =
      lehr("sample expect --law model.toml --budget 2000 --worker.command false --worker.retries 0");
  EXPECT_EQ(failing.code, 3) << failing.err;
  EXPECT_NE(failing.err.find("no answer at (x ="), std::string::npos) << failing.err;
}

TEST_F(ExpectCommand, AStartLawFindsARareEvent) {
  write("rare.toml", "[variables]\nx = \"normal(0, sd=1)\"\n[outputs]\nfailure = \"x > 6\"\n");
  write("wide.toml", "[variables]\nx = \"normal(0, sd=4)\"\n");
  expect_one_line_error("sample expect rare.toml --budget 10000", "'failure' sees no mass");
  expect_value(run("rare.toml --start wide.toml --budget 10000"), 0, 0.5 * std::erfc(6 / std::sqrt(2.0)),
               0.05);
}

TEST_F(ExpectCommand, RefusesInOneLine) {
  expect_one_line_error("sample expect", "law");
  expect_one_line_error("sample expect nosuch.toml", "nosuch.toml");
  expect_one_line_error("sample expect model.toml --budget 30", "need 40 calls");
  expect_one_line_error("sample expect model.toml --method aisvc", "method");
  expect_one_line_error("sample expect model.toml --sobol second", "'second'");
  expect_one_line_error("sample expect model.toml --sobol first --output grwth", "'growth'");
  expect_one_line_error("sample expect model.toml --truth 1", "1 numbers for 2 expectations");
  expect_one_line_error("sample expect model.toml --weights nosuch.csv", "nosuch.csv");
  write("weights.csv", "name,weight\ngrowth,1\n");
  expect_one_line_error("sample expect model.toml --weights weights.csv", "'tail'");
  expect_one_line_error("sample expect model.txt --law model.toml", "model.txt");

  write("bad.toml", "[variables]\nx = \"norml(0, sd=1)\"\n[outputs]\ny = \"x\"\n");
  expect_one_line_error("sample expect bad.toml", "bad.toml:2: x");
  write("bad.toml", "[variables]\nx = \"normal(0, sd=1)\"\n[outputs]\ny = \"x + z\"\n");
  expect_one_line_error("sample expect bad.toml", "y: 'x + z' cannot be read");
  write("bad.toml", "[variables]\nx = \"normal(0, sd=1)\"\n[output]\ny = \"x\"\n");
  expect_one_line_error("sample expect bad.toml", "unknown key 'output'");
  write(
      "bad.toml",
      "correlation = [[1, 0.5], [0.4, 1]]\n[variables]\nx = \"normal(0, sd=1)\"\ny = \"normal(0, sd=1)\"\n");
  expect_one_line_error("sample expect model.toml --law bad.toml", "symmetric");
  write("bad.toml",
        "[variables]\nx = \"normal(0, sd=1)\"\ny = \"normal(0, sd=1)\"\n[[correlations]]\nbetween = [\"x\", "
        "\"z\"]\nvalue = 0.1\n");
  expect_one_line_error("sample expect model.toml --law bad.toml", "'z'");
  write(
      "bad.toml",
      "correlation = [[1, 0.5], [0.5, 1]]\n[variables]\nx = \"normal(0, sd=1)\"\ny = \"normal(0, sd=1)\"\n");
  expect_one_line_error("sample expect model.toml --law bad.toml --sobol first", "independent");

  write("root.toml", "[variables]\nx = \"normal(0, sd=1)\"\n[outputs]\nroot = \"sqrt(x)\"\n");
  const auto outcome = lehr("sample expect root.toml --budget 1000");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("output 'root' is nan at (x = -"), std::string::npos) << outcome.err;
}

}  // namespace
