// `lehr-neural diffusion train_tokens` and `tokens` as a person or a script meets them.
#include "tests/apps/command_line.hpp"
#include "tests/core/test_files.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

class TokensNeuralCommand : public lehr::test::CommandLine {
 protected:
  static constexpr const char* train =
      "diffusion train_tokens --generate sine --tokens 6 --token_dim 2 --generated 500 --batch 16 --width 16 "
      "--heads 2 --head_width 16 ";
  std::filesystem::path checkpoint() const { return folder_ / "run" / "checkpoint.safetensors"; }
};

TEST_F(TokensNeuralCommand, TrainsAndDraws) {
  const auto trained = lehr(std::string(train) + "--steps 60 --save net.safetensors --json");
  ASSERT_EQ(trained.code, 0) << trained.err;
  const Json metrics = Json::parse(trained.out)["metrics"];
  EXPECT_GT(metrics["loss_held_out"].get<double>(), 0);
  EXPECT_TRUE(metrics.contains("energy_floor"));
  const auto drawn = lehr(
      "diffusion tokens net.safetensors --generate sine --steps 'linear(from=20, to=4)' --count 200 "
      "--reference "
      "500 --compare --save x.npy --json");
  ASSERT_EQ(drawn.code, 0) << drawn.err;
  const Json result = Json::parse(drawn.out);
  EXPECT_EQ(result["metrics"]["calls"].get<double>(), 20 + 16 + 13 + 10 + 7 + 4);
  EXPECT_TRUE(result["metrics"].contains("energy"));
  EXPECT_TRUE(result["metrics"].contains("left_last_quarter"));
  EXPECT_EQ(result["tables"].size(), 4u);
  // Compared with a file, the floor is that of its halves; without anything to compare with, the cost alone is left.
  const auto beside =
      lehr("diffusion tokens net.safetensors --sequences x.npy --count 50 --budget 60 --json");
  ASSERT_EQ(beside.code, 0) << beside.err;
  EXPECT_LE(Json::parse(beside.out)["metrics"]["calls"].get<double>(), 60);
  const auto alone = lehr("diffusion tokens net.safetensors --count 50 --steps 5 --head flow --json");
  ASSERT_EQ(alone.code, 0) << alone.err;
  EXPECT_FALSE(Json::parse(alone.out)["metrics"].contains("energy"));
}

TEST_F(TokensNeuralCommand, AKilledTrainingGoesOnToTheSameBits) {
  const std::string run = std::string(train) + "--steps 400 --save ";
  ASSERT_EQ(lehr(run + "whole.safetensors").code, 0);
  const std::string resumed = run + "killed.safetensors --out run --resume --save-every 0.01";
  lehr::test::Waits waits(3, 0, 20'000);
  int kills = 0;
  for (int round = 0; round < 3; ++round) {
    const bool shot = killed_after_a_save(resumed, checkpoint(), waits) == lehr::test::killed;
    kills += shot ? 1 : 0;
    if (round == 0 && shot)
      expect_one_line_error(run + "x.safetensors --out run --resume --average 0.9",
                            "the checkpoint is of a run with other");
  }
  EXPECT_GE(kills, 1);
  EXPECT_EQ(lehr(resumed).code, 0) << content(folder_ / "err");
  const std::string bytes = content(folder_ / "killed.safetensors");
  EXPECT_GT(bytes.size(), 10000u);
  EXPECT_TRUE(bytes == content(folder_ / "whole.safetensors"));
}

TEST_F(TokensNeuralCommand, DrawsDoNotDependOnThreads) {
  ASSERT_EQ(lehr(std::string(train) + "--steps 30 --save net.safetensors").code, 0);
  std::string first;
  for (const char* threads : {"1", "2", "5"}) {
    const auto outcome = lehr(
        std::string("diffusion tokens net.safetensors --count 200 --steps 8 --constraint false --save x.npy "
                    "--threads ") +
        threads);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const std::string bytes = content(folder_ / "x.npy");
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << threads;
  }
}

TEST_F(TokensNeuralCommand, OwnSequencesWithLabels) {
  std::string rows, labels;
  for (int i = 0; i < 60; ++i) {
    rows += fmt::format("{},{},{},{}\n", std::sin(i), std::cos(i), std::sin(2.0 * i), i % 3);
    labels += fmt::format("{}\n", i % 3);
  }
  write("x.csv", rows), write("labels.csv", labels);
  const std::string own =
      "diffusion train_tokens x.csv --token_dim 2 --batch 8 --steps 20 --width 16 --save net.safetensors ";
  ASSERT_EQ(lehr(own + "--tokens 2 --labels labels.csv --order any --masked").code, 0)
      << content(folder_ / "err");
  EXPECT_EQ(
      lehr("diffusion tokens net.safetensors --label 2 --guidance 3 --count 20 --steps 5 --iterations 1 "
           "--order reversed --sequences x.csv")
          .code,
      0)
      << content(folder_ / "err");
  expect_one_line_error("diffusion tokens net.safetensors --label 3", "the network knows labels 0 to 2");
  expect_one_line_error("diffusion tokens net.safetensors --tokens 5",
                        "tokens: found 5, the network draws 2");
  expect_one_line_error("diffusion tokens net.safetensors --compare", "compare: it needs");
  expect_one_line_error("diffusion tokens net.safetensors --budget 20", "need --sequences or --generate");
  expect_one_line_error("diffusion tokens --generate sine --label 1",
                        "only a network that was trained with labels");
  expect_one_line_error(own, "tokens: a file needs the number of tokens");
  expect_one_line_error(own + "--tokens 3", "sequences of 4 numbers do not divide into 3 tokens of 2");
  write("labels.csv", "1\n2\n");
  expect_one_line_error(own + "--tokens 2 --labels labels.csv", "expected 60 of one");
  expect_one_line_error(own + "--tokens 2 --heads 3", "3 heads do not divide a width of 16");
  expect_one_line_error(own + "--tokens 2 --order '0, 0'", "order: position 0 is there twice");
  expect_one_line_error(own + "--tokens 2 --generate sine", "give a file or --generate sine, not both");
  write("net.safetensors", "not a network");
  expect_one_line_error("diffusion tokens net.safetensors", "net.safetensors");
}

}  // namespace
