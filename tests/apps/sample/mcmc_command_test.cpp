// `lehr sample mcmc` as a person or a script meets it.
#include <cmath>

#include "tests/apps/command_line.hpp"
#include "tests/core/test_files.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

constexpr const char* schools = R"toml(title = "Eight schools"
[data]
y = [28, 8, -3, 7, -1, 1, 18, 12]
sigma = [15, 10, 16, 11, 9, 11, 10, 18]
[parameters]
mu = "normal(0, 5)"
tau = "half_cauchy(5)"
eta = { prior = "normal(0, 1)", size = 8 }
[define]
theta = "mu + tau * eta"
[model]
y = "normal(theta, sigma)"
)toml";

// A standard normal in two variables that cannot compute everything.
constexpr const char* density = R"py(import json, sys
for line in sys.stdin:
    q = json.loads(line)
    x = q["x"]
    if abs(x[0]) > 2.5: print('{"log_prob": NaN}', flush=True); continue
    print(json.dumps({"log_prob": -0.5 * sum(v * v for v in x), "gradient": [-v for v in x]}), flush=True)
)py";

class McmcCommand : public lehr::test::CommandLine {};

// Means from ten million draws of the reference posterior (posteriordb): mu 4.41, tau 3.60, theta_1 6.15; sd 3.3, 3.2, 5.6.
TEST_F(McmcCommand, EightSchools) {
  write("schools.toml", schools);
  const auto outcome = lehr("sample mcmc schools.toml --iterations 2000 --json --draws draws.csv");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json metrics = Json::parse(outcome.out)["metrics"];
  const auto expect = [&](const std::string& name, double mean, double rounding) {
    const double error = std::hypot(metrics[name + ".error"].get<double>(), rounding);
    EXPECT_LT(std::abs(metrics[name].get<double>() - mean), 4 * error) << name;
  };
  expect("mu", 4.41, 0.01), expect("tau", 3.6, 0.02), expect("theta[1]", 6.15, 0.02);
  EXPECT_LT(metrics["r_hat_max"].get<double>(), 1.01);
  const std::string draws = content(folder_ / "draws.csv");
  EXPECT_TRUE(draws.starts_with("chain,iteration,log_density,mu,tau,eta[1]"));
  EXPECT_EQ(std::ranges::count(draws, '\n'), 8001);
}

TEST_F(McmcCommand, ResultsDoNotDependOnThreads) {
  write("schools.toml", schools);
  for (const char* kernel : {"nuts", "random_walk --temperatures 3"}) {
    std::string first;
    for (const char* threads : {"1", "2", "8"}) {
      const auto outcome =
          lehr(std::string("sample mcmc schools.toml --warm_up 200 --iterations 100 --draws ") + threads +
               ".csv --kernel " + kernel + " --threads " + threads);
      ASSERT_EQ(outcome.code, 0) << outcome.err;
      const std::string draws = content(folder_ / (std::string(threads) + ".csv"));
      if (first.empty()) first = draws;
      EXPECT_EQ(draws, first) << kernel << " at " << threads;
    }
  }
}

TEST_F(McmcCommand, AWorkersFailuresAreCounted) {
  const std::string python = lehr::test::python_with("json");
  if (python.empty()) GTEST_SKIP() << "needs Python";
  write("density.py", density);
  const auto outcome =
      lehr("sample mcmc --worker.command '" + python +
           " density.py' --worker.retries 0 --dimension 2 --kernel hmc --leapfrog_steps 2 --chains 2 "
           "--warm_up 60 --iterations 100 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json result = Json::parse(outcome.out);
  EXPECT_LT(std::abs(result["metrics"]["x[2]"].get<double>()), 0.5);
  EXPECT_NE(result["notes"].dump().find("calls of the worker failed"), std::string::npos);
}

TEST_F(McmcCommand, BadInputGetsOneLine) {
  write("schools.toml", schools);
  write("none.toml", "[data]\ny = 1\n");
  write("typo.toml", "[parameters]\nmu = \"norml(0, 1)\"\n");
  write("flat.toml", "[parameters]\nmu = \"normal(0, -1)\"\n");
  expect_one_line_error("sample mcmc", "give a model file or --worker.command");
  expect_one_line_error("sample mcmc absent.toml", "absent.toml");
  expect_one_line_error("sample mcmc none.toml", "the model has no parameters");
  expect_one_line_error("sample mcmc typo.toml", "did you mean 'normal'?");
  expect_one_line_error("sample mcmc flat.toml", "no start with a finite log density");
  expect_one_line_error("sample mcmc schools.toml --kernel jump", "kernel");
  expect_one_line_error("sample mcmc schools.toml --chains 0", "chains");
  expect_one_line_error("sample mcmc schools.toml --hottest 2 --temperatures 4", "hottest");
  expect_one_line_error("sample mcmc --worker.command true", "dimension");
}

}  // namespace
