// The command as a person or a script meets it: exit codes, one-line errors, --json, formats of logs,
// studies.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/apps/command_line.hpp"

namespace {

namespace fs = std::filesystem;
using lehr::test::content;
using lehr::test::Json;
using lehr::test::Outcome;

class Command : public lehr::test::CommandLine {
 protected:
  // Losses of the annealing law itself (L0 3, A 0.5, alpha 0.5, C 0.4, lambda 0.999), so that a fit must find
  // them.
  static std::vector<std::pair<double, double>> rows(bool cosine, int steps, int every) {
    std::vector<std::pair<double, double>> result;
    double forward = 0, momentum = 0, annealing = 0, before = 3e-4;
    for (int s = 0; s < steps; ++s) {
      const double lr = cosine ? 3e-5 + 0.5 * (3e-4 - 3e-5) * (1 + std::cos(M_PI * s / steps)) : 3e-4;
      momentum = 0.999 * momentum + (before - lr);
      before = lr;
      forward += lr;
      annealing += momentum;
      if (s % every == every - 1) result.emplace_back(lr, 3 + 0.5 / std::sqrt(forward) - 0.4 * annealing);
    }
    return result;
  }
  void write_csv(const std::string& name, bool cosine, int steps = 6000, int every = 50) const {
    std::ofstream file(folder_ / name);
    file.precision(17);
    file << "step,lr,loss\n";
    int step = every - 1;
    for (const auto& [lr, loss] : rows(cosine, steps, every))
      file << step << "," << lr << "," << loss << "\n", step += every;
  }
};

TEST_F(Command, VersionIsQuickAndSmall) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = lehr("--version");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with("lehr ")) << outcome.out;
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  if (!LEHR_SANITIZED) {
    EXPECT_LT(used.ru_maxrss, 20 * 1024) << "KiB";
    EXPECT_LT(seconds, 0.5);  // a loaded machine; the bench measures the 20 ms
  }
}

TEST_F(Command, UnknownWordsGetTheNearest) {
  expect_one_line_error("forcast", "did you mean 'forecast'?");
  expect_one_line_error("forecast --fitt a.csv", "did you mean '--fit'?");
  expect_one_line_error("forecast --fit a.csv --law anealing", "law must be one of");
  expect_one_line_error("forecast", "fit is required");
  expect_one_line_error("tasks forecats", "did you mean 'forecast'?");
  expect_one_line_error("run", "name a study file");
  expect_one_line_error("run missing.toml", "missing.toml");
}

TEST_F(Command, BadFilesGetOneLine) {
  write_csv("good.csv", true);
  write("text.csv", "step,lr,loss\n1,0.1,abc\n");
  write("short.csv", "step,lr,loss\n1,0.1,3\n");
  write("negative.csv", "step,lr,loss\n1,.1,3\n2,.1,3\n3,.1,3\n4,.1,3\n5,.1,3\n6,.1,3\n7,.1,3\n8,.1,-3\n");
  write("ragged.csv", "step,lr,loss\n1,0.1\n");
  write("binary.csv", std::string("\0\1\2\xff\xfe", 5));
  write("empty.csv", "");
  write("bad.json", "{\"log_history\": [{\"step\": ");
  expect_one_line_error("forecast --fit missing.csv", "missing.csv");
  expect_one_line_error("forecast --fit text.csv", "text.csv:2");
  expect_one_line_error("forecast --fit short.csv", "8");
  expect_one_line_error("forecast --fit negative.csv", "negative.csv");
  expect_one_line_error("forecast --fit ragged.csv", "ragged.csv:2");
  expect_one_line_error("forecast --fit binary.csv", "binary.csv");
  expect_one_line_error("forecast --fit empty.csv", "empty.csv");
  expect_one_line_error("forecast --fit bad.json", "bad.json");
  expect_one_line_error("forecast --fit good.csv --schedule 'cosin(from=1, to=0)'", "did you mean 'cosine'?");
  expect_one_line_error("forecast --fit good.csv --steps x", "expected a number, found 'x'");
  expect_one_line_error("forecast --fit good.csv --level 1.5", "level must be");
}

TEST_F(Command, ForecastFindsTheLawAndPrintsOneObject) {
  write_csv("constant.csv", false);
  write_csv("cosine.csv", true);
  write_csv("long.csv", true, 12000);
  const Outcome outcome = lehr("forecast --fit constant.csv cosine.csv --predict long.csv --json --draws 20");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["law"], "annealing");
  EXPECT_NEAR(json["parameters"]["L0"].get<double>(), 3.0, 2e-3);
  EXPECT_NEAR(json["parameters"]["A"].get<double>(), 0.5, 2e-3);
  EXPECT_NEAR(json["parameters"]["alpha"].get<double>(), 0.5, 2e-3);
  EXPECT_NEAR(json["parameters"]["C"].get<double>(), 0.4, 2e-3);
  ASSERT_EQ(json["predictions"].size(), 1U);
  const Json& prediction = json["predictions"][0];
  EXPECT_LT(prediction["mean_relative_error"].get<double>(), 1e-4);
  EXPECT_EQ(prediction["steps"].size(), prediction["loss"].size());
  for (const char* key : {"mae", "rmse", "r2", "worst_relative_error", "final_relative_error"})
    EXPECT_TRUE(prediction.contains(key)) << key;
  EXPECT_FALSE(fs::exists(folder_ / "lehr-runs"));
}

TEST_F(Command, AConstantScheduleAloneDoesNotIdentifyTheAnnealingTerm) {
  write_csv("constant.csv", false);
  const Outcome outcome = lehr("forecast --fit constant.csv --json --draws 20");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["parameters"]["C"].get<double>(), 0.0);
  EXPECT_NE(json["notes"].dump().find("not identified"), std::string::npos) << json["notes"].dump();
}

TEST_F(Command, OptimizeProposesABetterScheduleThanCosine) {
  write_csv("constant.csv", false);
  write_csv("cosine.csv", true);
  const Outcome outcome = lehr(
      "forecast --fit constant.csv cosine.csv --optimize --steps 6000 --peak 3e-4 --min 3e-5 --json --draws "
      "0 --out made");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  const auto rates = json["schedule"]["array"].get<std::vector<double>>();
  ASSERT_EQ(rates.size(), 6000U);
  EXPECT_TRUE(std::is_sorted(rates.rbegin(), rates.rend()));
  EXPECT_GE(rates.back(), 3e-5);
  for (const Json& schedule : json["schedules"])
    EXPECT_GE(schedule["predicted_final_loss"].get<double>(),
              json["predicted_final_loss"].get<double>() - 1e-9);
  EXPECT_TRUE(fs::exists(folder_ / "made" / "artifacts" / "schedule_array.csv"));
  const std::string snippet = content(folder_ / "made" / "artifacts" / "schedule_lambda_lr.py");
  EXPECT_NE(snippet.find("LambdaLR(optimizer, lr_factor)"), std::string::npos);
  const std::string text = json["schedule"]["text"].get<std::string>();
  const Outcome again =
      lehr("forecast --fit constant.csv cosine.csv --steps 6000 --schedule '" + text + "' --json --draws 0");
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_NEAR(Json::parse(again.out)["schedules"][0]["predicted_final_loss"].get<double>(),
              json["text_predicted_final_loss"].get<double>(), 1e-6);
}

TEST_F(Command, AReportPageIsWritten) {
  write_csv("constant.csv", false);
  write_csv("cosine.csv", true);
  const Outcome outcome = lehr("forecast --fit constant.csv cosine.csv --draws 0");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("Report: lehr-runs/forecast/report.html"), std::string::npos) << outcome.out;
  const std::string page = content(folder_ / "lehr-runs/forecast/report.html");
  EXPECT_EQ(page.find("src=\"http"), std::string::npos);
  EXPECT_NE(page.find("alpha"), std::string::npos);
}

TEST_F(Command, StudiesRunCheckAndFail) {
  write_csv("constant.csv", false);
  write_csv("cosine.csv", true);
  write_csv("long.csv", true, 9000);
  const std::string study =
      "title = \"t\"\ntask = \"schedule.forecast\"\n[options]\nfit = [\"constant.csv\", \"cosine.csv\"]\n"
      "predict = [\"long.csv\"]\ndraws = 0\n[[arm]]\nname = \"annealing\"\n[[arm]]\nname = \"power\"\n"
      "options = { law = \"power\" }\n[[claim]]\ntext = \"better\"\nexpect = \"annealing.mean_error ";
  write("good.toml", study + "< power.mean_error\"\n");
  write("wrong.toml", study + "> power.mean_error\"\n");
  EXPECT_EQ(lehr("check good.toml").code, 0);
  EXPECT_EQ(lehr("check good.toml wrong.toml").code, 1);
  const Outcome run = lehr("run good.toml");
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_NE(run.out.find("Report: lehr-runs/good/report.html"), std::string::npos) << run.out;
  write("bad.toml", "titel = \"t\"\n");
  expect_one_line_error("run bad.toml", "did you mean 'title'?");
}

TEST_F(Command, ResultsDoNotDependOnThreads) {
  write_csv("constant.csv", false);
  write_csv("cosine.csv", true);
  const std::string base =
      "forecast --fit constant.csv cosine.csv --predict cosine.csv --json --law multi_power --draws 16 "
      "--threads ";
  const Outcome one = lehr(base + "1");
  ASSERT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(one.out, lehr(base + "2").out);
  EXPECT_EQ(one.out, lehr(base + "8").out);
}

}  // namespace
