// `lehr diffusion bridge` as a person or a script meets it.
#include <sys/wait.h>

#include <csignal>

#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;
namespace fs = std::filesystem;

class BridgeCommand : public lehr::test::CommandLine {
 protected:
  // A cloud of n points around (x, y), from a small generator of its own.
  void write_cloud(const std::string& name, int n, double x, double y, double width) const {
    std::string text = "a,b\n";
    std::uint64_t state = 12345 + static_cast<std::uint64_t>(n);
    const auto noise = [&] {
      double sum = -6;
      for (int i = 0; i < 12; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        sum += static_cast<double>(state >> 11) * 0x1.0p-53;
      }
      return sum;
    };
    for (int i = 0; i < n; ++i) {
      const double a = x + noise(), b = y + width * noise();
      text += std::to_string(a) + "," + std::to_string(b) + "\n";
    }
    write(name, text);
  }
  static std::string without_times(const std::string& out) {
    Json json = Json::parse(out);
    json["metrics"].erase("fit_seconds");
    return json.dump();
  }
};

TEST_F(BridgeCommand, FitsAndSamplesTheUsersFiles) {
  write_cloud("x0.csv", 800, 0, 0, 1), write_cloud("x1.csv", 700, 30, 5, 2);
  const auto fitted = lehr(
      "diffusion bridge --from x0.csv --to x1.csv --epsilon 0.1 --scale std --components 3 "
      "--steps 3000 --save model.json --json");
  ASSERT_EQ(fitted.code, 0) << fitted.err;
  const Json metrics = Json::parse(fitted.out)["metrics"];
  EXPECT_GT(metrics["scale"].get<double>(), 5);
  EXPECT_LT(metrics["energy_distance"].get<double>(), 0.05);
  EXPECT_GT(metrics["energy_unpaired"].get<double>(), 40);
  EXPECT_TRUE(Json::parse(content(folder_ / "model.json")).contains("variances"));
  const auto used =
      lehr("diffusion bridge --model model.json --from x0.csv --sample y.csv --drift g.csv --json");
  ASSERT_EQ(used.code, 0) << used.err;
  const std::string partners = content(folder_ / "y.csv");
  EXPECT_TRUE(partners.starts_with("a,b\n"));
  EXPECT_EQ(std::ranges::count(partners, '\n'), 801);
  EXPECT_GT(std::stod(partners.substr(4)), 20);  // in the user's units
  EXPECT_EQ(std::ranges::count(content(folder_ / "g.csv"), '\n'), 801);
  ASSERT_EQ(
      lehr("diffusion bridge --model model.json --from x0.csv --sample h.csv --at_time 0.5 --draws 2").code,
      0);
  const std::string halfway = content(folder_ / "h.csv");
  EXPECT_EQ(std::ranges::count(halfway, '\n'), 1601);
  EXPECT_NEAR(std::stod(halfway.substr(4)), 15, 8);
}

TEST_F(BridgeCommand, ATruthGivesTheConditionalDistance) {
  const auto outcome =
      lehr("bridge --generate.seed 1 --generate.points 3000 --epsilon 1 --steps 3000 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json metrics = Json::parse(outcome.out)["metrics"];
  EXPECT_LT(metrics["cbw2_uvp"].get<double>(), 3);
  EXPECT_GT(metrics["independent_over_fit"].get<double>(), 20);
  const Json figures = Json::parse(outcome.out).value("figures", Json());
  EXPECT_EQ(outcome.err.find("nan"), std::string::npos);
}

TEST_F(BridgeCommand, HoldsATimeOut) {
  write_cloud("a.csv", 400, 0, 0, 1), write_cloud("b.csv", 500, 2, 0, 1), write_cloud("c.csv", 450, 4, 0, 1);
  const auto outcome = lehr(
      "diffusion bridge --course a.csv b.csv c.csv --times 1 2 3 --held_out 2 --epsilon 0.1 "
      "--components 3 --steps 2000 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json metrics = Json::parse(outcome.out)["metrics"];
  EXPECT_EQ(metrics["pairs"].get<double>(), 1);
  EXPECT_LT(metrics["held_out_energy"].get<double>(), 0.05);
  EXPECT_LT(metrics["held_out_energy"].get<double>(), metrics["held_out_energy_random"].get<double>());
}

TEST_F(BridgeCommand, ResultsDoNotDependOnThreads) {
  std::string first;
  for (const char* threads : {"1", "2", "5"}) {
    const auto outcome =
        lehr(std::string("bridge --generate.seed 1 --generate.points 2000 --generate.dimension 8 "
                         "--epsilon 1 --components 40 --covariance full --steps 20 --json --threads ") +
             threads + " --save m" + threads + ".json");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const std::string model = content(folder_ / (std::string("m") + threads + ".json"));
    if (first.empty()) first = model;
    EXPECT_EQ(model, first);
  }
}

// Killed a moment after a save, again and again, and resumed: the model is that of the run that nobody disturbed.
TEST_F(BridgeCommand, KilledAndResumedGivesTheSameBits) {
  const std::string fit =
      "bridge --generate.seed 2 --generate.points 2000 --generate.dimension 4 --components 10 "
      "--epsilon 'steps(values=[10, 1, 0.1], at=[0.25, 0.5])' --steps 12000 --json ";
  const auto whole = lehr(fit + "--out whole --save whole.json");
  ASSERT_EQ(whole.code, 0) << whole.err;
  const fs::path checkpoint = folder_ / "cut" / "checkpoint.safetensors";
  int kills = 0;
  for (int attempt = 0; attempt < 4; ++attempt) {
    std::error_code absent;
    const auto before = fs::last_write_time(checkpoint, absent);
    const pid_t child = start(fit + "--out cut --save cut.json --resume --save-every 0.05");
    int status = 0;
    bool killed = false;
    while (waitpid(child, &status, WNOHANG) == 0) {
      const auto now = fs::last_write_time(checkpoint, absent);
      if (!killed && !absent && now != before) {
        usleep(20000);
        kill(child, SIGKILL);
        killed = true;
      }
      usleep(500);
    }
    if (WIFSIGNALED(status)) ++kills;
  }
  EXPECT_GT(kills, 0);
  const auto resumed = lehr(fit + "--out cut --save cut.json --resume");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(content(folder_ / "cut.json"), content(folder_ / "whole.json"));
  Json a = Json::parse(whole.out), b = Json::parse(resumed.out);
  a["metrics"].erase("fit_seconds"), b["metrics"].erase("fit_seconds");
  EXPECT_EQ(a["metrics"], b["metrics"]);
  EXPECT_FALSE(fs::exists(checkpoint));
}

TEST_F(BridgeCommand, BadInputGetsOneLine) {
  write_cloud("x0.csv", 20, 0, 0, 1);
  write("three.csv", "a,b,c\n1,2,3\n2,3,4\n");
  write("one.csv", "a,b\n1,2\n");
  write("bad.json", "{\"epsilon\": 1}");
  expect_one_line_error("diffusion bridge", "--from");
  expect_one_line_error("diffusion bridge --from x0.csv", "--to");
  expect_one_line_error("diffusion bridge --from x0.csv --to x0.csv", "epsilon");
  expect_one_line_error("diffusion bridge --from x0.csv --to x0.csv --epsilon 0", "epsilon");
  expect_one_line_error("diffusion bridge --from x0.csv --to x0.csv --epsilon -1", "epsilon");
  expect_one_line_error("diffusion bridge --from x0.csv --to three.csv --epsilon 1", "3");
  expect_one_line_error("diffusion bridge --from x0.csv --to one.csv --epsilon 1", "2 points");
  expect_one_line_error("diffusion bridge --from x0.csv --to x0.csv --epsilon 1 --components 21",
                        "components");
  expect_one_line_error("diffusion bridge --from absent.csv --to x0.csv --epsilon 1", "absent.csv");
  expect_one_line_error("diffusion bridge --from x0.csv --model bad.json", "log_alpha");
  expect_one_line_error(
      "diffusion bridge --from x0.csv --to x0.csv --epsilon 1 --components 2 --truth bad.json", "bad.json");
  expect_one_line_error("diffusion bridge --course x0.csv --epsilon 1", "at least 2");
  expect_one_line_error("diffusion bridge --course x0.csv x0.csv x0.csv --held_out 2 --epsilon 1",
                        "held_out");
  expect_one_line_error("diffusion bridge --from x0.csv --to x0.csv --epsilon 1 --at_time 2", "at_time");
}

}  // namespace
