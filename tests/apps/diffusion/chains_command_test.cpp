// `lehr diffusion chains` as a person or a script meets it.
#include <csignal>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

constexpr const char* mixture =
    R"json({"weights":[0.5,0.3,0.2],"means":[[1.5,1.5],[-1.2,1.0],[0.3,-1.6]],"variances":[0.25,0.16,0.09]})json";

class ChainsCommand : public lehr::test::CommandLine {};

// The law's mean is (0.45, 0.73), its deviations 1.28 and 1.29; 2000 samples of 500 chains, alike within a chain.
TEST_F(ChainsCommand, SamplesAMixtureOfTheUser) {
  write("mixture.json", mixture);
  const auto outcome = lehr(
      "diffusion chains mixture.json --chains 500 --count 2000 --eta 0.1 --json --save x.csv --curve 7 "
      "--tempering");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json metrics = Json::parse(outcome.out)["metrics"];
  const auto value = [&](const char* name) { return metrics[name].get<double>(); };
  EXPECT_LT(value("sw2"), 0.2);
  EXPECT_LT(value("mode_tv"), 0.08);
  EXPECT_GT(value("noise_sw2_7"), value("floor_sw2"));
  EXPECT_DOUBLE_EQ(value("calls_per_sample"), 10);
  EXPECT_GT(value("ess"), 100);
  std::istringstream rows(content(folder_ / "x.csv"));
  std::string line;
  std::getline(rows, line);
  int count = 0;
  double x = 0, y = 0;
  for (double a = 0, b = 0; std::getline(rows, line); ++count) {
    ASSERT_EQ(std::sscanf(line.c_str(), "%lf,%lf", &a, &b), 2);
    x += a / 2000, y += b / 2000;
  }
  EXPECT_EQ(count, 2000);
  EXPECT_NEAR(x, 0.45, 0.2);
  EXPECT_NEAR(y, 0.73, 0.2);
}

TEST_F(ChainsCommand, WalksInTheCoordinatesOfAnotherProcess) {
  write("mixture.json", mixture);
  const std::string run =
      "diffusion chains mixture.json --chains 100 --count 400 --eta 0.1 --sigma_min 0.02 --json --compare "
      "false --save ";
  ASSERT_EQ(lehr(run + "ve.csv").code, 0);
  const auto converted = lehr(run + "vp.csv --process vp-linear --convert");
  ASSERT_EQ(converted.code, 0) << converted.err;
  const auto numbers = [&](const char* name) {
    std::istringstream rows(content(folder_ / name));
    std::vector<double> values;
    std::string line;
    std::getline(rows, line);
    for (double a = 0, b = 0; std::getline(rows, line) && std::sscanf(line.c_str(), "%lf,%lf", &a, &b) == 2;)
      values.push_back(a), values.push_back(b);
    return values;
  };
  const auto ve = numbers("ve.csv"), vp = numbers("vp.csv");
  ASSERT_EQ(ve.size(), 800u);
  ASSERT_EQ(vp.size(), 800u);
  for (std::size_t i = 0; i < ve.size(); ++i) EXPECT_NEAR(ve[i], vp[i], 1e-4) << i;
}

TEST_F(ChainsCommand, TakesPointsAsWell) {
  std::string points = "a,b\n";
  for (int i = 0; i < 40; ++i)
    points += std::to_string(i % 2 == 0 ? 1.0 : -1.0) + "," + std::to_string(0.01 * i) + "\n";
  write("points.csv", points);
  const auto outcome = lehr(
      "diffusion chains points.csv --bandwidth 0.1 --chains 50 --count 200 --json --sigma_conditional "
      "residual --compare false");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(Json::parse(outcome.out)["notes"].dump().find("approximate"), std::string::npos);
}

// Killed after a checkpoint and resumed, at other numbers of threads, the run ends with the samples of the run that nobody disturbed.
TEST_F(ChainsCommand, KilledAndResumedGivesTheSameBits) {
  const std::string run =
      "diffusion chains --generate manifold --chains 200 --count 6000 --integrator kar2 --prior "
      "flat_histogram --compare false --json ";
  ASSERT_EQ(lehr(run + "--save whole.npy --out whole").code, 0);
  const pid_t child = start(run + "--save cut.npy --out cut --save-every 0.01");
  for (int wait = 0; wait < 5000 && !std::filesystem::exists(folder_ / "cut" / "checkpoint.safetensors");
       ++wait)
    usleep(2'000);
  kill(child, SIGKILL);
  EXPECT_EQ(lehr::test::exit_status(child), lehr::test::killed);
  ASSERT_TRUE(std::filesystem::exists(folder_ / "cut" / "checkpoint.safetensors"));
  expect_one_line_error(run + "--save cut.npy --out cut --resume --eta 0.3",
                        "checkpoint.safetensors: the checkpoint is of a run with other options");
  ASSERT_EQ(lehr(run + "--save cut.npy --out cut --resume --threads 1").code, 0);
  EXPECT_FALSE(content(folder_ / "whole.npy").empty());
  EXPECT_EQ(content(folder_ / "cut.npy"), content(folder_ / "whole.npy"));
}

TEST_F(ChainsCommand, BadInputGetsOneLine) {
  write("mixture.json", mixture);
  write("broken.json", R"json({"weights":[1,2],"means":[[0,0]],"variances":[1]})json");
  write("points.csv", "a,b\n1,2\n3,4\n");
  expect_one_line_error("diffusion chains", "give a file of the model, or --generate manifold");
  expect_one_line_error("diffusion chains absent.json", "absent.json");
  expect_one_line_error("diffusion chains broken.json", "broken.json");
  expect_one_line_error("diffusion chains points.csv", "--bandwidth");
  expect_one_line_error("diffusion chains mixture.json --process vp-linear",
                        "--convert uses x / a with sigma = s / a");
  expect_one_line_error("diffusion chains mixture.json --process vp-linear --convert --sigma_max 1000",
                        "sigma = s / a between");
  expect_one_line_error("diffusion chains mixture.json --integrator kar3", "integrator");
  expect_one_line_error("diffusion chains mixture.json --denoise 6", "take 5 or 7");
  expect_one_line_error("diffusion chains mixture.json --sigma_min 1 --sigma_max 0.5",
                        "sigma_min < sigma_max");
  expect_one_line_error("diffusion chains mixture.json --prior 'constant(-1)'", "prior");
  expect_one_line_error(
      "diffusion chains mixture.json --eta 'linear(from=0.1, to=-1)' --chains 20 --count 100", "eta");
  for (const char* eta : {"1e9", "2000"}) {  // points leave the numbers; all chains stay at the top
    const auto stuck = lehr(
        std::string("diffusion chains mixture.json --burn_in_eta 2000 --burn_in 200 --chains 20 --eta ") +
        eta);
    EXPECT_EQ(stuck.code, 3);
    EXPECT_NE(stuck.err.find("--eta"), std::string::npos) << stuck.err;
    EXPECT_EQ(std::count(stuck.err.begin(), stuck.err.end(), '\n'), 1) << stuck.err;
  }
}

}  // namespace
