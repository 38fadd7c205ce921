// `lehr diffusion transport` and `interpolant_bridge` as a person or a script meets them.
#include <cmath>
#include <sstream>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;
using lehr::test::killed;

class TransportCommand : public lehr::test::CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("laws.json", R"json({"rho0": {"weights": [1, 1], "means": [[-3], [3]], "variances": [0.25, 0.25]},
                               "rho1": {"weights": [1, 1, 1], "means": [[-6], [0], [6]], "variances": [0.5, 0.33, 0.5]}})json");
    write("normal.json", R"json({"weights": [1], "means": [[0, 0]], "variances": [1]})json");
    write("x.csv", "x\n5.750775\n0.097322324\n-6.5865371\n");
  }
  Json json(const std::string& arguments) const {
    const auto outcome = lehr(arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out);
  }
};

TEST_F(TransportCommand, CarriesDrawsForward) {
  const Json result = json("diffusion transport laws.json --epsilon 0.5 --count 4000 --steps 150");
  EXPECT_LT(result["metrics"]["ks"].get<double>(), 1.628 / std::sqrt(4000.0));
  EXPECT_LT(result["metrics"]["energy_distance"].get<double>(),
            3 * result["metrics"]["energy_floor"].get<double>() + 0.01);
}

TEST_F(TransportCommand, MirrorStartsFromTheTarget) {
  const Json result =
      json("diffusion transport laws.json --path mirror --epsilon 1 --count 4000 --steps 100");
  EXPECT_LT(result["metrics"]["ks"].get<double>(), 1.628 / std::sqrt(4000.0));
}

// Images under the reverse flow and exact log densities of three points, from an independent program.
TEST_F(TransportCommand, PointsGoBackwardWithTheirLikelihood) {
  const Json result = json(
      "diffusion transport --from laws.json --direction backward --points x.csv --log_likelihood --save "
      "out.csv");
  EXPECT_NEAR(result["end"][0][0].get<double>(), 3.0943444, 1e-4);
  EXPECT_NEAR(result["end"][1][0].get<double>(), 2.1514712, 1e-4);
  EXPECT_NEAR(result["log_likelihood"][0].get<double>(), -1.7330903, 1e-5);
  EXPECT_NEAR(result["log_likelihood"][1].get<double>(), -1.4775705, 1e-5);
  const std::string saved = content(folder_ / "out.csv");
  EXPECT_EQ(saved.substr(0, saved.find('\n')), "x,log_likelihood");
}

TEST_F(TransportCommand, FilesOfPointsGetMixtures) {
  std::ostringstream a, b;
  std::uint32_t state = 12345;
  const auto bell = [&] {  // sums of twelve uniform numbers are nearly normal
    double sum = -6;
    for (int k = 0; k < 12; ++k) sum += ((state = 1664525 * state + 1013904223) >> 8) * 0x1p-24;
    return sum;
  };
  for (int i = 0; i < 300; ++i)
    a << bell() << ',' << bell() << '\n', b << (i % 2 ? 4 : -4) + bell() << ',' << 0.5 * bell() << '\n';
  write("day1.csv", a.str()), write("day7.csv", b.str());
  const auto outcome = lehr("diffusion transport --from day1.csv --to day7.csv --out run --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json result = Json::parse(outcome.out);
  EXPECT_EQ(result["end"].size(), 300u);
  EXPECT_NE(result["notes"].dump().find("fitted"), std::string::npos);
  EXPECT_LT(result["metrics"]["energy_distance"].get<double>(), 0.1);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "report.html"));
}

TEST_F(TransportCommand, ARunThatIsKilledGoesOnToTheSameNumbers) {
  const std::string arguments =
      "diffusion transport laws.json --epsilon 1 --count 30000 --steps 400 --compare 100 --save-every 0.02 "
      "--out ";
  ASSERT_EQ(lehr(arguments + "whole --save whole.csv").code, 0);
  const auto checkpoint = folder_ / "cut" / "checkpoint.safetensors";
  int kills = 0;
  for (int attempt = 0; attempt < 4; ++attempt) {
    std::error_code absent;
    const auto before = std::filesystem::last_write_time(checkpoint, absent);
    const pid_t child = start(arguments + "cut --save cut.csv --resume");
    int status = 0;
    bool cut = false;
    while (waitpid(child, &status, WNOHANG) == 0) {
      const auto now = std::filesystem::last_write_time(checkpoint, absent);
      if (!absent && now != before) {
        kill(child, SIGKILL);
        cut = lehr::test::exit_status(child) == killed;
        break;
      }
      usleep(500);
    }
    if (!cut) break;
    ++kills;
  }
  EXPECT_GT(kills, 0);
  ASSERT_EQ(lehr(arguments + "cut --save cut.csv --resume").code, 0);
  EXPECT_EQ(content(folder_ / "cut.csv"), content(folder_ / "whole.csv"));
  EXPECT_FALSE(content(folder_ / "cut.csv").empty());
}

TEST_F(TransportCommand, ABridgeIsAPathToTravel) {
  const Json bridge =
      json("diffusion interpolant_bridge --from_deviation 1 --to_deviation 2 --epsilon 0.5 --save path.json");
  EXPECT_NEAR(bridge["metrics"]["kinetic_energy"].get<double>(), 0.431214, 1e-5);
  write("two.json", R"json({"rho0": {"weights": [1], "means": [[0]], "variances": [1]},
                            "rho1": {"weights": [1], "means": [[0]], "variances": [4]}})json");
  const Json moved =
      json("diffusion transport two.json --interpolant path.json --epsilon 0.5 --count 20000 --steps 100");
  // E|b_F|^2 is (v'/2 - epsilon)^2 / v times a chi-square: 3 % is four standard errors of 20000 correlated paths.
  EXPECT_NEAR(moved["metrics"]["kinetic_energy"].get<double>() / 0.431214, 1, 0.05);
  EXPECT_LT(moved["metrics"]["ks"].get<double>(), 1.628 / std::sqrt(20000.0));
}

TEST_F(TransportCommand, RefusalsAreOneClearLine) {
  expect_one_line_error("diffusion transport", "--to is missing");
  expect_one_line_error("diffusion transport laws.json --to normal.json", "not both");
  expect_one_line_error("diffusion transport laws.json --path trig --gamma sine2", "gamma < 1");
  expect_one_line_error("diffusion transport laws.json --epsilon -1", "expected no negative number");
  expect_one_line_error("diffusion transport laws.json --epsilon 1 --integrator rk4",
                        "needs euler, heun or trapezoid");
  expect_one_line_error("diffusion transport laws.json --path one_sided", "standard normal");
  expect_one_line_error("diffusion transport --from x.csv --to normal.json --components 1",
                        "cannot be fitted");
  expect_one_line_error("diffusion transport --to normal.json --points x.csv", "coordinates");
  expect_one_line_error("diffusion transport laws.json --interpolant normal.json", "coefficients");
  expect_one_line_error("diffusion interpolant_bridge --from_deviation 1", "give rho1 once");
}

}  // namespace
