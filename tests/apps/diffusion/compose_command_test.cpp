// `lehr diffusion compose` as a person or a script meets it.
#include <cmath>
#include <cstdlib>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;
using lehr::test::killed;
using lehr::test::Outcome;
using lehr::test::Waits;

class ComposeCommand : public lehr::test::CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("q.json", R"json({"weights":[0.5,0.5],"means":[[-2,0],[2,0]],"variances":[0.1,0.4]})json");
    write(
        "normal.json",
        R"json({"mixture":{"weights":[1],"means":[[0,0]],"variances":[1]},"exact":[{"beta":2,"log_Z":-2.5311,"mean":[0,0],"cov":[[0.5,0],[0,0.5]]}]})json");
    write("shifted.json", R"json({"weights":[1],"means":[[1,0]],"variances":[0.5]})json");
    write("line.json", R"json({"weights":[1],"means":[[1]],"variances":[0.5]})json");
  }
  Json run(const std::string& arguments) const {
    const Outcome outcome = lehr("diffusion compose " + arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json();
  }
};

TEST_F(ComposeCommand, ComparesWithExactAnswers) {
  const Json m = run("normal.json --exponent 2 --ramp.levels 1 0.1")["metrics"];
  EXPECT_LT(m["log_z_error"].get<double>(), 0.1);
  EXPECT_LT(m["mean_error"].get<double>(), 0.1);
  EXPECT_LT(m["covariance_error"].get<double>(), 0.1);
  EXPECT_GT(m["mixing_covariance_error"].get<double>(), 0.1);
}

// N(0, I) N((1, 0), I/2) is N((2, 0)/3, I/3); its first coordinate is above 0 with probability Phi(2 / sqrt 3) = 0.8759.
TEST_F(ComposeCommand, ProductsAndGuidanceFromFiles) {
  const Json product = run(
      "--experts normal.json shifted.json --exponents 1 1 --particles 8000 --ramp.levels 1 0.1")["metrics"];
  EXPECT_NEAR(product["mean_x0"].get<double>(), 2.0 / 3, 0.04);
  EXPECT_NEAR(product["right"].get<double>(), 0.8759, 0.03);
  // N(0, I)^-1 N((1, 0), I/2)^2 is N((4, 0)/3, I/3).
  const Json guided =
      run("--unconditional normal.json --conditional shifted.json --guidance 2 --particles 8000")["metrics"];
  EXPECT_NEAR(guided["mean_x0"].get<double>(), 4.0 / 3, 0.06);
  EXPECT_NEAR(guided["variance"].get<double>(), 1.0 / 3, 0.03);
  const Json scheduled =
      run("--unconditional normal.json --conditional shifted.json --guidance 'linear(from=1, to=2)' "
          "--particles 8000")["metrics"];
  EXPECT_NEAR(scheduled["mean_x0"].get<double>(), 4.0 / 3, 0.06);
  const Json tilted = run("normal.json --reward.slope 1 0 --particles 8000")["metrics"];
  EXPECT_NEAR(tilted["mean_x0"].get<double>(), 1, 0.06);
  const Json by_mixture = run("normal.json --reward.mixture shifted.json --particles 8000")["metrics"];
  EXPECT_NEAR(by_mixture["mean_x0"].get<double>(), 2.0 / 3, 0.05);
}

TEST_F(ComposeCommand, SavesPointsWeightsAndAncestors) {
  run("q.json --exponent 2 --particles 600 --steps 50 --save x.csv --out run");
  const std::string csv = content(folder_ / "x.csv");
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "x0,x1,log_weight,ancestor");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 601);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "report.html"));
  run("q.json --exponent 2 --particles 600 --steps 50 --save x.npy");
  for (const char* name : {"x.npy", "x.log_weights.npy", "x.ancestors.npy"})
    EXPECT_TRUE(std::filesystem::exists(folder_ / name)) << name;
}

TEST_F(ComposeCommand, KilledAndResumedGivesTheSameBits) {
  const std::string command =
      "diffusion compose q.json --exponent 2 --particles 3000 --steps 1500 --baseline false --moves 1 "
      "--json ";
  const Outcome whole = lehr(command + "--out whole --save whole.csv");
  ASSERT_EQ(whole.code, 0) << whole.err;
  const auto checkpoint = folder_ / "cut" / "checkpoint.safetensors";
  const std::string again = command + "--out cut --save cut.csv --resume --save-every 0.05";
  int kills = 0;
  for (; kills < 3; ++kills) {
    std::error_code absent;
    const auto before = std::filesystem::last_write_time(checkpoint, absent);
    const pid_t child = start(again);
    int status = 0;
    bool done = false;
    while (!(done = waitpid(child, &status, WNOHANG) != 0)) {
      const auto now = std::filesystem::last_write_time(checkpoint, absent);
      if (!absent && now != before) break;
      usleep(500);
    }
    if (done) break;
    kill(child, SIGKILL);
    EXPECT_EQ(lehr::test::exit_status(child), killed);
  }
  EXPECT_GT(kills, 0);
  const Outcome resumed = lehr(again);
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(Json::parse(resumed.out)["metrics"], Json::parse(whole.out)["metrics"]);
  EXPECT_EQ(content(folder_ / "cut.csv"), content(folder_ / "whole.csv"));
  EXPECT_FALSE(content(folder_ / "cut.csv").empty());
}

TEST_F(ComposeCommand, ThreadsChangeNothing) {
  const std::string command =
      "diffusion compose q.json --exponent 3 --particles 1000 --steps 60 --json --threads ";
  const Outcome one = lehr(command + "1"), two = lehr(command + "2");
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(Json::parse(one.out)["metrics"], Json::parse(two.out)["metrics"]);
}

TEST_F(ComposeCommand, RefusesInOneLine) {
  expect_one_line_error("diffusion compose", "give one of a file");
  expect_one_line_error("diffusion compose q.json --experts q.json", "not several");
  expect_one_line_error("diffusion compose nosuch.json", "nosuch.json");
  expect_one_line_error("diffusion compose q.json --exponents 1 2", "2 are given for 1 models");
  expect_one_line_error("diffusion compose q.json --exponent 2 --guidance 2", "give one of exponent");
  expect_one_line_error("diffusion compose q.json --guidance 2", "needs two models");
  expect_one_line_error("diffusion compose --conditional q.json --guidance 2",
                        "unconditional: guidance needs the other model");
  expect_one_line_error("diffusion compose --unconditional q.json --conditional q.json", "--guidance 2");
  expect_one_line_error("diffusion compose --experts q.json line.json", "line.json: has 1 dimensions");
  expect_one_line_error("diffusion compose --experts q.json q.json --exponents -3 2",
                        "exponents -3 2 cannot be normalised");
  expect_one_line_error("diffusion compose q.json --sigma_min 20", "sigma_min");
  expect_one_line_error("diffusion compose q.json --grid nosuch", "nosuch");
  expect_one_line_error("diffusion compose q.json --resample.scheme systemic", "did you mean 'systematic'");
  expect_one_line_error(
      "diffusion compose q.json --exponent 'linear(from=1, to=2)' --density track --zeta 1.2", "zeta");
  expect_one_line_error("diffusion compose q.json --reward.slope 1", "1 numbers for 2 dimensions");
  expect_one_line_error("diffusion compose q.json --zeta -1", "zeta");
  write("broken.json", R"json({"weights":[1],"means":[[0,0]]})json");
  expect_one_line_error("diffusion compose broken.json", "variances");
  write("half.json", R"json({"conditional":{"weights":[1],"means":[[0]],"variances":[1]}})json");
  expect_one_line_error("diffusion compose half.json --guidance 2", "no key 'unconditional'");
}

}  // namespace
