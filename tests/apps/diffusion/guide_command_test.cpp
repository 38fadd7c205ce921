// `lehr diffusion guide` as a person runs it: results, files, one-line errors, threads, kill -9 and --resume.
#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;
using lehr::test::killed;
using lehr::test::Outcome;
using lehr::test::Waits;

constexpr const char* chain = R"json({"length": 6, "alphabet": "ACGT", "initial": [0.2, 0.3, 0.1, 0.4],
  "transition": [[0.1, 0.3, 0.2, 0.4], [0.15, 0.05, 0.45, 0.35], [0.7, 0.1, 0.1, 0.1], [0.2, 0.2, 0.3, 0.3]],
  "alpha": 0.5, "reward": {"gc_weight": 2, "gc_symbols": "CG", "motif": "CGT", "motif_bonus": 1.5}})json";

class GuideCommand : public lehr::test::CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("chain.json", chain);
    write("two.json",
          R"json({"weights":[0.6,0.4],"means":[[-1.5,0],[1.5,0.5]],"variances":[0.25,0.25]})json");
  }
  static double metric(const Json& json, const std::string& name) {
    return json["metrics"][name].get<double>();
  }
  Json run(const std::string& arguments) const {
    const Outcome outcome = lehr("diffusion guide " + arguments + " --json --quiet");
    EXPECT_EQ(outcome.code, 0) << arguments << "\n" << outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json();
  }
};

// 600 designs: a histogram drawn from the target is about 0.04 from it.
TEST_F(GuideCommand, ReportsHowFarTheTargetIs) {
  const Json json = run("chain.json --value exact --candidates 20 --steps 24 --count 600 --save designs.csv");
  EXPECT_LE(metric(json, "reward_tv"), 0.09);
  EXPECT_GE(metric(json, "pretrained_reward_tv"), 0.15);
  EXPECT_GE(metric(json, "best_of_n_reward_tv"), 0.3);
  EXPECT_EQ(metric(json, "best_of_n_reward_calls"), 600 * 20);
  EXPECT_GT(metric(json, "target_mean"), metric(json, "prior_mean"));
  const std::string designs = content(folder_ / "designs.csv");
  EXPECT_EQ(std::count(designs.begin(), designs.end(), '\n'), 601);
  EXPECT_TRUE(designs.starts_with("sequence,reward,log_prior\n"));
}

TEST_F(GuideCommand, LongerSequencesHaveAnExactTargetToo) {
  const Json json =
      run("chain.json --length 20 --value exact --candidates 20 --steps 40 --count 300 --compare none");
  EXPECT_NEAR(metric(json, "mean_reward"), metric(json, "target_mean"), 0.12);
}

TEST_F(GuideCommand, MixturesAndFormulas) {
  const Json json = run(
      "two.json --process vp-linear --reward.expression '2 * (x0 > 0.5) - abs(x1)' --value exact --draws 16 "
      "--temperature 0.5 --candidates 10 --steps 30 --count 200");
  EXPECT_LT(metric(json, "sw2"), metric(json, "pretrained_sw2"));
  EXPECT_GT(metric(json, "mean_reward"), metric(json, "pretrained_mean_reward"));
}

TEST_F(GuideCommand, OwnSequencesAndLearntValuesFromAFile) {
  write("own.fasta", ">a\nACGTTGCA\n>b\nCCGTAACG\n>c\nTTGACGTA\n");
  const std::string common =
      "own.fasta --alphabet ACGT --reward.expression 'n_C + n_G' --value mc --count 50 --candidates 5 ";
  const Json learnt = run(common + "--save_value value.safetensors --compare none --steps 16");
  const Json read = run(common + "--value_file value.safetensors --compare none --steps 16");
  EXPECT_EQ(metric(learnt, "mean_reward"), metric(read, "mean_reward"));
  EXPECT_GT(metric(learnt, "value_reward_calls"), 0);
  EXPECT_EQ(metric(read, "value_reward_calls"), 0);
  expect_one_line_error("diffusion guide " + common + "--value_file value.safetensors --steps 9",
                        "fitted for a grid of 16 steps");
}

TEST_F(GuideCommand, WorkersScoreEachDesignOnce) {
  write("score.py",
        "import sys, json\n"
        "for line in sys.stdin:\n"
        "    items = json.loads(line)['items']\n"
        "    print(json.dumps({'items': [{'reward': None if i['sequence'][0] == 'A' else "
        "i['sequence'].count('G')} for i in items]}), "
        "flush=True)\n");
  const Json json = run(
      "chain.json --worker.command 'python3 score.py' --worker.batch 50 --count 40 --candidates 8 --steps 12 "
      "--temperature 0.2 --save designs.csv --compare none");
  EXPECT_GT(metric(json, "mean_reward"), 1);
  EXPECT_EQ(metric(json, "reward_calls"), 40 * 8 * 12);
  expect_one_line_error("diffusion guide chain.json --worker.command 'python3 -c 0' --count 3", "none of");
}

TEST_F(GuideCommand, Refusals) {
  expect_one_line_error("diffusion guide absent.json", "absent.json");
  expect_one_line_error("diffusion guide two.json", "two.json has none; give --reward.expression");
  expect_one_line_error("diffusion guide chain.json --candidates 0", "candidates: 0 is not in");
  expect_one_line_error("diffusion guide chain.json --temperature -1", "temperature");
  expect_one_line_error("diffusion guide chain.json --reward.motif CGX", "'X' is not in the alphabet 'ACGT'");
  expect_one_line_error("diffusion guide chain.json --process vp-linear", "process: vp-linear is for points");
  expect_one_line_error("diffusion guide chain.json --compare smc", "no baseline 'smc'");
  expect_one_line_error("diffusion guide chain.json --value mc --rollouts 3", "rollouts: 3 are fewer");
  expect_one_line_error("diffusion guide chain.json --length 40 --value mean",
                        "needs at most 1000000 sequences");
  expect_one_line_error("diffusion guide chain.json --method gradient", "continuous");
}

TEST_F(GuideCommand, ThreadsChangeNothing) {
  for (const char* options : {"chain.json --value mc --count 300 --steps 12",
                              "two.json --reward.expression x0 --value exact --draws 8 "
                              "--temperature 0.5 --count 100 --steps 20"}) {
    const std::string one = run(std::string(options) + " --threads 1").dump();
    EXPECT_EQ(run(std::string(options) + " --threads 2").dump(), one);
    EXPECT_EQ(run(std::string(options) + " --threads 8").dump(), one);
  }
}

class GuideResume : public GuideCommand {
 protected:
  // The checkpoint written last, of any part of the task.
  std::filesystem::file_time_type saved() const {
    auto last = std::filesystem::file_time_type::min();
    std::error_code absent;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "cut", absent))
      if (entry.path().extension() == ".safetensors") last = std::max(last, entry.last_write_time(absent));
    return last;
  }
  int killed_after_a_save(const std::string& arguments, Waits& waits) const {
    const auto before = saved();
    const pid_t child = start(arguments);
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      if (saved() > before) {
        waits.wait();
        kill(child, SIGKILL);
        return lehr::test::exit_status(child);
      }
      usleep(500);
    }
    return lehr::test::code_of(status);
  }
};

TEST_F(GuideResume, EqualsTheRunThatWasNotKilled) {
  const std::string command =
      "diffusion guide chain.json --length 24 --value bellman --rollouts 400 --candidates 30 --steps 40 "
      "--count 300 "
      "--temperature 0.3 --json --quiet ";
  const Outcome whole = lehr(command + "--out whole --save whole.csv");
  ASSERT_EQ(whole.code, 0) << whole.err;
  Waits waits(7, 0, 40'000);
  const std::string again = command + "--out cut --save cut.csv --resume --save-every 0.02";
  int kills = 0;
  while (kills < 6 && killed_after_a_save(again, waits) == killed) ++kills;
  EXPECT_GT(kills, 0);
  const Outcome end = lehr(again);
  ASSERT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(content(folder_ / "cut.csv"), content(folder_ / "whole.csv"));
  Json a = Json::parse(whole.out), b = Json::parse(end.out);
  EXPECT_EQ(a["metrics"], b["metrics"]);
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "cut"))
    EXPECT_NE(entry.path().extension(), ".safetensors") << entry.path();
}

}  // namespace
