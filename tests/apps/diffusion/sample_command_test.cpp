// `lehr diffusion sample` and `lehr diffusion search` as a person or a script meets them.
#include <signal.h>

#include <cmath>

#include "tests/apps/command_line.hpp"

namespace {

namespace fs = std::filesystem;
using lehr::test::content;
using lehr::test::Json;

class DiffusionSampleCommand : public lehr::test::CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write(
        "wide3.json",
        R"json({"weights":[0.5,0.3,0.2],"means":[[1.5,1.5],[-1.2,1.0],[0.3,-1.6]],"variances":[0.25,0.16,0.09]})json");
  }
  Json run(const std::string& words) {
    const auto outcome = lehr(words + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out)["metrics"];
  }
};

TEST_F(DiffusionSampleCommand, TenEvaluationsOfOrderThree) {
  const Json metrics =
      run("diffusion sample wide3.json --nfe 10 --count 2000 --fine 1000 --compare ddim --save x.npy");
  EXPECT_EQ(metrics["nfe"], 10);
  EXPECT_LE(metrics["rms"].get<double>(), 0.4 * metrics["ddim_10_rms"].get<double>());
  EXPECT_LT(metrics["sw2"].get<double>(), 0.2);
  EXPECT_GT(content(folder_ / "x.npy").size(), 2000u * 2 * 8);
}

// N(0, 1): eps is s x, the flow leaves x where it is, and the mean log density of true points is -(1 + ln 2 pi) / 2.
TEST_F(DiffusionSampleCommand, DistancesAreNearTheirFloorsForTrueSamples) {
  write("one.json", R"json({"weights":[1],"means":[[0]],"variances":[1]})json");
  const Json exact = run("diffusion sample one.json --nfe 40 --count 4000");
  const double entropy = 0.5 * (1 + std::log(2 * M_PI));
  EXPECT_NEAR(exact["log_density"].get<double>(), -entropy, 5 * std::sqrt(0.5 / 4000));
  EXPECT_NEAR(exact["log_density_floor"].get<double>(), -entropy, 5 * std::sqrt(0.5 / 4000));
  EXPECT_LT(std::abs(exact["mmd"].get<double>()), 0.003);
  EXPECT_LT(std::abs(exact["mmd_floor"].get<double>()), 0.003);
  EXPECT_FALSE(exact.contains("mode_tv"));
  const Json coarse = run("diffusion sample wide3.json --solver euler_maruyama --nfe 3 --count 2000");
  EXPECT_GT(coarse["mmd"].get<double>(), 5 * std::abs(coarse["mmd_floor"].get<double>()));
  EXPECT_LT(coarse["log_density"].get<double>(), coarse["log_density_floor"].get<double>() - 0.2);
  EXPECT_GT(coarse["mode_tv"].get<double>(), 0);
}

TEST_F(DiffusionSampleCommand, ThreadsDoNotMatterAndSeedsDo) {
  for (const char* words : {"--threads 1 --save a.npy", "--threads 4 --save b.npy", "--seed 2 --save c.npy"})
    run(std::string("diffusion sample wide3.json --solver euler_maruyama --nfe 12 --count 9000 ") + words);
  EXPECT_EQ(content(folder_ / "a.npy"), content(folder_ / "b.npy"));
  EXPECT_NE(content(folder_ / "a.npy"), content(folder_ / "c.npy"));
}

TEST_F(DiffusionSampleCommand, StartsWithKnownEnds) {
  // eps of a single Gaussian N(0, 1) under a variance-preserving process is s x: x stays as it is.
  write("one.json", R"json({"weights":[1],"means":[[0]],"variances":[1]})json");
  write("ends.csv", "xT,x0\n0.5,0.5\n-1.25,-1.25\n2,2\n");
  const Json metrics = run("diffusion sample one.json --starts ends.csv --nfe 40");
  EXPECT_EQ(metrics["points"], 3);
  EXPECT_LT(metrics["rms"].get<double>(), 1e-3);
}

TEST_F(DiffusionSampleCommand, ASearchedSolverIsAFileForSampling) {
  const Json found =
      run("diffusion search wide3.json --nfe 5 --evaluations 136 --points 200 --save schedule.json");
  EXPECT_LT(found["fresh_ratio"].get<double>(), 0.9);
  const Json sampled = run("diffusion sample wide3.json --schedule schedule.json --count 1000 --fine 1000");
  EXPECT_EQ(sampled["nfe"], 5);
  EXPECT_NEAR(sampled["rms"].get<double>() / found["fresh"].get<double>(), 1, 0.5);
}

TEST_F(DiffusionSampleCommand, ASearchedStepListIsAFileForSampling) {
  const Json found =
      run("diffusion search wide3.json --kind steps --total 30 --nfe 3 --evaluations 100 --points 200 --save "
          "steps.json");
  EXPECT_LT(found["fresh_ratio"].get<double>(), 0.7);
  EXPECT_EQ(run("diffusion sample wide3.json --schedule steps.json --count 500")["nfe"], 3);
}

// kill -9 once chunks have been saved; the run that goes on ends with the same bits.
TEST_F(DiffusionSampleCommand, GoesOnAfterKill) {
  const std::string words =
      "diffusion sample wide3.json --solver euler_maruyama --nfe 400 --count 60000 --threads 1 ";
  const auto whole = lehr(words + "--save whole.npy --out whole");
  ASSERT_EQ(whole.code, 0) << whole.err;
  const std::string again = words + "--save cut.npy --out cut --resume --save-every 0.01";
  const pid_t child = start(again);
  for (int wait = 0; wait < 5000 && !fs::exists(folder_ / "cut" / "checkpoint.safetensors"); ++wait)
    usleep(2000);
  kill(child, SIGKILL);
  EXPECT_EQ(lehr::test::exit_status(child), 128 + SIGKILL);
  const auto resumed = lehr(again);
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(resumed.err.find("no checkpoint"), std::string::npos) << resumed.err;
  EXPECT_EQ(content(folder_ / "cut.npy"), content(folder_ / "whole.npy"));
}

TEST_F(DiffusionSampleCommand, BadInputGetsOneClearLine) {
  write("bad.json", R"json({"weights":[0.5,0.5],"means":[[1,2]],"variances":[1,1]})json");
  write("starts.csv", "a,b,c\n1,2,3\n");
  write("alpha.csv", "alpha_bar\n0.9\n0.5\n0.1\n");
  write("order.json", R"json({"timesteps":[1,0.5,0.7],"steps":[{},{}]})json");
  expect_one_line_error("diffusion sample bad.json", "bad.json: 2 weights, but 1 means");
  expect_one_line_error("diffusion sample wide3.json --process vp-linaer",
                        "process: unknown 'vp-linaer' (did you mean 'vp-linear'?)");
  expect_one_line_error("diffusion sample wide3.json --solver ddmi", "did you mean 'ddim'?");
  expect_one_line_error("diffusion sample wide3.json --grid \"knots(values=[1, 0.2, 0.5])\" --nfe 2",
                        "grid: times must fall, but time 2 is 0.5 after 0.2");
  expect_one_line_error(
      "diffusion sample wide3.json --process \"vp-table(alpha.csv)\" --grid trailing --nfe 8",
      "the table has 3 left");
  expect_one_line_error("diffusion sample wide3.json --starts starts.csv", "3 coordinates; the model has 2");
  expect_one_line_error("diffusion sample wide3.json --schedule order.json",
                        "schedule: times must fall, but time 2 is 0.7 after 0.5");
  expect_one_line_error("diffusion sample wide3.json --solver kar1", "works on variance-exploding processes");
  expect_one_line_error("diffusion sample missing.json", "missing.json");
  expect_one_line_error("diffusion search wide3.json --kind steps --total 3 --nfe 5",
                        "step search: 5 steps of 3 times");
  expect_one_line_error("diffusion search wide3.json --kind steps --blocks_budget 8", "has none");
}

}  // namespace
