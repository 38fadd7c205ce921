// `lehr stats persist` as a person or a script meets it.
#include <cmath>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

class PersistCommand : public lehr::test::CommandLine {
 protected:
  Json run_json(const std::string& arguments) const {
    const auto outcome = lehr("stats persist --json " + arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << "\n" << outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json();
  }
  // sech(t / 2): diffusion in the plane.
  void write_table(const std::string& name, double h, double end) const {
    std::string text = "t,R\n";
    for (double t = 0; t <= end; t += h)
      text += std::to_string(t) + "," + precise(1 / std::cosh(t / 2)) + "\n";
    write(name, text);
  }
  static std::string precise(double value) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%.17g", value);
    return buffer;
  }
};

TEST_F(PersistCommand, GivesTheExponentOfPlaneDiffusion) {
  const Json json = run_json("--cov diffusion:d=2");
  EXPECT_EQ(json["status"], "valid_monotone");
  EXPECT_NEAR(json["metrics"]["theta"].get<double>(), 0.18621, 2e-5);
  EXPECT_NEAR(json["metrics"]["prefactor"].get<double>(), 1.1954, 3e-4);
  EXPECT_NEAR(json["metrics"]["mean"].get<double>(), 2 * M_PI, 1e-5);
  EXPECT_GT(json["brackets"].size(), 3u);
  // The exponential tail has its half at ln(2 C) / theta; what else there is has nearly died out by then.
  EXPECT_NEAR(json["quantiles"]["0.5"].get<double>(), std::log(2 * 1.1954) / 0.18621, 0.02);
  const Json alone = run_json("--cov diffusion:d=2 --theta-only");
  EXPECT_EQ(alone["metrics"]["theta"], json["metrics"]["theta"]);
}

TEST_F(PersistCommand, WritesTheLawAndItsPage) {
  const auto outcome = lehr("stats persist --cov gaussian --samples 1000 --out page --quiet");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("persistency exponent"), std::string::npos);
  EXPECT_NE(outcome.out.find("Valid: arcsin R is convex"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "page/report.html"));
  const std::string law = content(folder_ / "page/artifacts/law.csv");
  EXPECT_EQ(std::count(law.begin(), law.end(), '\n'), 3002);
  const std::string samples = content(folder_ / "page/artifacts/samples.csv");
  EXPECT_EQ(std::count(samples.begin(), samples.end(), '\n'), 1001);
}

TEST_F(PersistCommand, ComparesTheRoutes) {
  const Json json = run_json("--cov diffusion:d=2 --simulate 1e6 --exact 20 --qmc 300 --samples 20000");
  const Json metrics = json["metrics"];
  EXPECT_LE(metrics["distance"].get<double>(), 0.015);  // 30,000 excursions
  EXPECT_NEAR(metrics["simulated_mean_error"].get<double>(), 0, 0.02);
  EXPECT_LE(metrics["exact_difference"].get<double>(), 0.01);
  EXPECT_LE(metrics["samples_distance"].get<double>(), 0.015);
  EXPECT_EQ(json["exact"].size(), 8u);
  EXPECT_NEAR(metrics["exact_theta"].get<double>(), 3.0 / 16, 3 * metrics["exact_theta_error"].get<double>());
  // Equal at any number of threads.
  const Json again =
      run_json("--cov diffusion:d=2 --simulate 1e6 --exact 20 --qmc 300 --samples 20000 --threads 1");
  EXPECT_EQ(again["metrics"], metrics);
}

TEST_F(PersistCommand, RefusesToTrustAnOscillation) {
  const auto outcome = lehr("stats persist --cov band --out page --quiet");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("do not use"), std::string::npos);
  const Json json = run_json("--cov gaussian:frequency=3");
  EXPECT_EQ(json["status"], "invalid");
  EXPECT_FALSE(json["metrics"].contains("theta"));
}

TEST_F(PersistCommand, TakesLevels) {
  const Json json = run_json("--cov diffusion:d=2 --level 0.5 --simulate 1e6");
  const Json metrics = json["metrics"];
  EXPECT_GT(metrics["theta"].get<double>(), metrics["theta_below"].get<double>());
  EXPECT_LE(metrics["distance"].get<double>(), 0.02);
  EXPECT_LE(metrics["distance_below"].get<double>(), 0.02);
}

TEST_F(PersistCommand, ReadsTablesAndSpectra) {
  write_table("cov.csv", 0.125, 40);
  EXPECT_NEAR(run_json("--table cov.csv")["metrics"]["theta"].get<double>(), 0.18621, 1e-4);
  std::string spectrum = "omega,S\n";
  for (int i = 0; i <= 1000; ++i)
    spectrum += precise(i * 0.008) + "," + precise(std::exp(-i * i * 3.2e-5)) + "\n";
  write("s.csv", spectrum);
  EXPECT_NEAR(run_json("--spectrum s.csv --theta-only")["metrics"]["theta"].get<double>(), 0.41150, 5e-4);
}

// A smooth series: two passes of an autoregression.
TEST_F(PersistCommand, FitsASeriesAndBandsIt) {
  std::string text;
  double x = 0, y = 0;
  unsigned long long state = 1;
  for (int i = 0; i < 20000; ++i) {
    double noise = 0;  // a sum of uniforms
    for (int k = 0; k < 12; ++k) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      noise += static_cast<double>(state >> 11) * 0x1p-53 - 0.5;
    }
    x = 0.9 * x + noise, y = 0.9 * y + x;
    text += precise(10 + y) + "\n";
  }
  write("series.csv", text);
  const Json json = run_json("--series series.csv --dt 0.5 --fit matern --bootstrap 40");
  const Json metrics = json["metrics"];
  EXPECT_EQ(json["fit"]["family"], "matern");
  EXPECT_LT(metrics["theta_low"].get<double>(), metrics["theta"].get<double>());
  EXPECT_GT(metrics["theta_high"].get<double>(), metrics["theta"].get<double>());
  // (1 + a t) e^(-a t) with e^(-a dt) = 0.9 has theta 0.3367 a.
  const double truth = 0.33670 * -std::log(0.9) / 0.5;
  EXPECT_LT(metrics["theta_low"].get<double>(), truth);
  EXPECT_GT(metrics["theta_high"].get<double>(), truth);
  EXPECT_LT(metrics["series_distance"].get<double>(), 0.12);  // 700 excursions
  EXPECT_EQ(run_json("--series series.csv --dt 0.5 --fit table --lags 60")["metrics"]["series_excursions"],
            metrics["series_excursions"]);
}

TEST_F(PersistCommand, RefusesInOneLine) {
  const std::string persist = "stats persist ";
  expect_one_line_error(persist, "give one of cov");
  expect_one_line_error(persist + "--cov diffusion --table x.csv", "give one of cov");
  expect_one_line_error(persist + "--cov difusion", "did you mean 'diffusion'");
  expect_one_line_error(persist + "--cov diffusion:e=3", "no parameter 'e'");
  expect_one_line_error(persist + "--cov diffusion --n 1", "n");
  expect_one_line_error(persist + "--cov diffusion --step 'linear(from=1, to=-1)'", "step");
  expect_one_line_error(persist + "--cov diffusion --exact 7", "even");
  expect_one_line_error(persist + "--cov diffusion --level 12", "level");
  expect_one_line_error(persist + "--cov diffusion --bootstrap 10", "bootstrap");
  expect_one_line_error(persist + "--cov matern:nu=1.01 --simulate 1e5", "rate_tolerance");
  expect_one_line_error(persist + "--table nosuch.csv", "nosuch.csv");
  write("columns.csv", "lag,value\n0,1\n");
  expect_one_line_error(persist + "--table columns.csv", "columns.csv");
  write("start.csv", "t,R\n1,1\n2,0.5\n3,0.2\n4,0.1\n5,0.05\n");
  expect_one_line_error(persist + "--table start.csv", "start at 0");
  write("cos.csv", "t,R\n0,1\n1,0.5\n2,-0.4\n3,-1\n4,-0.6\n");
  expect_one_line_error(persist + "--table cos.csv", "periodic");
  write("ou.csv", "t,R,R1\n0,1,-1\n1,0.37,-0.37\n2,0.14,-0.14\n3,0.05,-0.05\n4,0.02,-0.02\n");
  expect_one_line_error(persist + "--table ou.csv", "R'(0) must be 0");
  write("negative.csv", "omega,S\n0,1\n1,-1\n2,0\n");
  expect_one_line_error(persist + "--spectrum negative.csv", "not positive definite");
  write("short.csv", "1\n2\n3\n");
  expect_one_line_error(persist + "--series short.csv", "at least 16 values");
  std::string constant = "x\n", wide = "a,b,c\n";
  for (int i = 0; i < 40; ++i) constant += "1\n", wide += "1,2,3\n";
  write("constant.csv", constant), write("wide.csv", wide);
  expect_one_line_error(persist + "--series constant.csv", "does not vary");
  expect_one_line_error(persist + "--series wide.csv", "--column");
}

}  // namespace
