// `lehr tour solve` that is killed at any moment and goes on with --resume ends with the tour of the run that nobody disturbed; Ctrl-C keeps
// the best tour.
#include "tests/apps/command_line.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;
using lehr::test::killed;

struct TourArm {
  const char* method;
  const char* options;  // that make it last for about half a second
};
void PrintTo(const TourArm& arm, std::ostream* out) { *out << arm.method; }

class TourResume : public lehr::test::CommandLine {
 protected:
  static std::string command(const TourArm& arm, const std::string& more) {
    return std::string("tour solve 'uniform(400, 3)' --json --method ") + arm.method + " " + arm.options +
           " " + more;
  }
  std::filesystem::path checkpoint(const std::string& name = "checkpoint.safetensors") const {
    return folder_ / "cut" / name;
  }
};

class TourResumeOf : public TourResume, public testing::WithParamInterface<TourArm> {};

TEST_P(TourResumeOf, EqualsTheRunThatWasNotKilled) {
  expect_kills_change_nothing(command(GetParam(), ""), "--save", 5);
}

TEST_P(TourResumeOf, ThreadsChangeNothing) {
  const std::string one = result(lehr(command(GetParam(), "--threads 1")));
  EXPECT_EQ(result(lehr(command(GetParam(), "--threads 4"))), one);
}

INSTANTIATE_TEST_SUITE_P(Methods, TourResumeOf,
                         testing::Values(TourArm{"heatmap_mcts", "--steps 60"},
                                         TourArm{"chained_lin_kernighan", "--steps 50"},
                                         TourArm{"iterated_local_search", "--steps 100"},
                                         TourArm{"anneal_tour", "--steps 200"}),
                         [](const auto& info) { return std::string(info.param.method); });

TEST_F(TourResume, SeveralProblemsGoOnEach) {
  const std::string several =
      "tour solve 'uniform(200, 3, 4)' --json --method heatmap_mcts --steps 40 --save ";
  EXPECT_EQ(lehr(several + "whole.txt --out whole").code, 0);
  const std::string again = several + "cut.txt --out cut --resume --save-every 0.01";
  const pid_t child = start(again);
  for (int wait = 0; wait < 20000 && !std::filesystem::exists(checkpoint("checkpoint-3.safetensors")); ++wait)
    usleep(1000);
  kill(child, SIGKILL);
  EXPECT_EQ(lehr::test::exit_status(child), killed);
  EXPECT_EQ(lehr(again).code, 0);
  EXPECT_EQ(content(folder_ / "cut.txt"), content(folder_ / "whole.txt"));
  EXPECT_FALSE(std::filesystem::exists(checkpoint("checkpoint-3.safetensors")));
}

TEST_F(TourResume, AnInterruptKeepsTheBestTour) {
  for (const char* cities : {"'uniform(500, 3)'", "'uniform(500, 3, 2)'"}) {
    std::filesystem::remove_all(folder_ / "cut");
    const pid_t child =
        start(std::string("tour solve ") + cities +
              " --json --method heatmap_mcts --steps 100000000 --out cut --save-every 0.01 --save cut.txt");
    const bool single = std::string(cities).find(", 2)") == std::string::npos;
    for (int wait = 0;
         wait < 20000 &&
         !std::filesystem::exists(checkpoint(single ? "checkpoint.safetensors" : "checkpoint-2.safetensors"));
         ++wait)
      usleep(1000);
    kill(child, SIGINT);
    EXPECT_EQ(lehr::test::exit_status(child), 130);
    const Json result = Json::parse(content(folder_ / "out"));
    const Json& one = single ? result : result["problems"][0];
    EXPECT_EQ(one["stopped_by"], "interrupted");
    EXPECT_LT(one["length"].get<double>(), 21);  // 0.7124 sqrt(500) = 15.9 is about the shortest
    EXPECT_NE(content(folder_ / "cut.txt").find("output"), std::string::npos);
    EXPECT_NE(content(folder_ / "err").find("--resume goes on"), std::string::npos);
  }
}

TEST_F(TourResume, RefusesTheCheckpointOfAnotherRun) {
  const std::string begun =
      "tour solve 'uniform(300, 3)' --method heatmap_mcts --steps 100000000 --out cut --save-every 0.01";
  const pid_t child = start(begun);
  for (int wait = 0; wait < 20000 && !std::filesystem::exists(checkpoint()); ++wait) usleep(1000);
  kill(child, SIGKILL);
  EXPECT_EQ(lehr::test::exit_status(child), killed);
  const std::string other = " --method heatmap_mcts --out cut --resume --seconds 0.1 ";
  expect_one_line_error("tour solve 'uniform(300, 3)' --steps 20" + other, "steps was '100000000', is '20'");
  expect_one_line_error("tour solve 'uniform(300, 4)' --steps 100000000" + other, "problem was");
  expect_one_line_error("tour solve 'uniform(300, 3)' --steps 100000000 --mcts.depth 7" + other,
                        "mcts.depth was");
  EXPECT_EQ(lehr("tour solve 'uniform(300, 3)' --steps 100000000 --save x.tour --json" + other).code, 0);
}

}  // namespace
