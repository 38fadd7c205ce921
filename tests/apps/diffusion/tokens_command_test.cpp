// `lehr diffusion tokens` as a person or a script meets it.
#include "tests/apps/command_line.hpp"
#include "tests/core/test_files.hpp"

namespace {

using lehr::test::content;
using lehr::test::Json;

class TokensCommand : public lehr::test::CommandLine {
 protected:
  std::filesystem::path checkpoint() const { return folder_ / "run" / "checkpoint.safetensors"; }
};

TEST_F(TokensCommand, ReportsCostAndQuality) {
  const auto outcome = lehr(
      "diffusion tokens --generate sine --token_dim 3 --tokens 8 --steps 'linear(from=50, to=5)' --count 300 "
      "--reference 1000 --compare "
      "--json --save x.npy");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json result = Json::parse(outcome.out), metrics = result["metrics"];
  EXPECT_EQ(metrics["calls"].get<double>(), 50 + 43 + 37 + 30 + 24 + 17 + 11 + 5);
  EXPECT_LT(metrics["energy"].get<double>(), metrics["energy_floor"].get<double>() + 0.05);
  EXPECT_LT(metrics["left_last_quarter"].get<double>(), 0.3 * metrics["left_first_quarter"].get<double>());
  EXPECT_TRUE(content(folder_ / "x.npy").starts_with("\x93NUMPY"));
  EXPECT_EQ(result["tables"].size(), 4u);
}

// Its own sequences are input again: a model is fitted, saved, and used.
TEST_F(TokensCommand, LearnsFromSequencesAndRunsTheirModel) {
  ASSERT_EQ(
      lehr("diffusion tokens --generate sine --token_dim 3 --tokens 4 --count 800 --save x.npy --reference 0")
          .code,
      0);
  const auto fitted = lehr(
      "diffusion tokens --sequences x.npy --token_dim 3 --tokens 4 --components 2 --count 400 --steps 100 "
      "--json --save_model model.json");
  ASSERT_EQ(fitted.code, 0) << fitted.err;
  // Two samples of 400 and 800 of one law differ by 0.005.
  EXPECT_LT(Json::parse(fitted.out)["metrics"]["energy_to_data"].get<double>(), 0.03);
  const auto again = lehr(
      "diffusion tokens model.json --token_dim 3 --count 100 --iterations 3 --order random --budget 0 "
      "--json");
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(
      lehr("diffusion tokens model.json --token_dim 3 --count 100 --budget 80 --reference 0 --json").code, 0);
}

TEST_F(TokensCommand, AKilledRunGoesOnToTheSameBits) {
  const std::string run =
      "diffusion tokens --generate sine --token_dim 3 --tokens 16 --steps 300 --count 2000 --reference 0 "
      "--constraint false --save ";
  ASSERT_EQ(lehr(run + "whole.npy").code, 0);
  const std::string resumed = run + "killed.npy --out run --resume --save-every 0.001";
  lehr::test::Waits waits(3, 0, 20'000);
  int kills = 0;
  for (int round = 0; round < 4; ++round) {
    const bool shot = killed_after_a_save(resumed, checkpoint(), waits) == lehr::test::killed;
    if (round == 0 && shot)
      expect_one_line_error(run + "x.npy --out run --resume --head ddim",
                            "the checkpoint is of a run with other");
    kills += shot ? 1 : 0;
  }
  EXPECT_GE(kills, 1);
  EXPECT_EQ(lehr(resumed).code, 0) << content(folder_ / "err");
  const std::string bytes = content(folder_ / "killed.npy");
  EXPECT_GT(bytes.size(), 48u * 2000u * 8u);
  EXPECT_TRUE(bytes == content(folder_ / "whole.npy"));
}

TEST_F(TokensCommand, ResultsDoNotDependOnThreads) {
  std::string first;
  for (const char* threads : {"1", "2", "5"}) {
    const auto outcome = lehr(std::string("diffusion tokens --generate ar2 --token_dim 2 --tokens 6 --count "
                                          "200 --reference 0 --tolerance 0.01 ") +
                              "--save x.npy --threads " + threads);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const std::string bytes = content(folder_ / "x.npy");
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << threads;
  }
}

TEST_F(TokensCommand, BadInputGetsOneLine) {
  const std::string sine = "diffusion tokens --generate sine --token_dim 3 --tokens 4 ";
  expect_one_line_error("diffusion tokens", "give one of --model, --sequences and --generate; found 0");
  expect_one_line_error("diffusion tokens absent.npz", "absent.npz");
  expect_one_line_error(
      "diffusion tokens net.safetensors",
      "drawing from a network needs lehr-neural: lehr-neural diffusion tokens net.safetensors");
  expect_one_line_error(sine + "--guidance 2", "guidance: only a network that was trained with labels");
  expect_one_line_error("diffusion tokens model.txt", "a mixture is a .json or .npz file, or a folder");
  expect_one_line_error(sine + "--steps 'linear(from=50, to=0)'",
                        "'to' of 'linear' must be a whole number in [1, 1000], found 0");
  expect_one_line_error(sine + "--steps 2000",
                        "2000 denoising steps at generation step 0, must be in [1, 1000]");
  expect_one_line_error(sine + "--steps 'linear(5, 50)' --require decreasing",
                        "the counts rise from 5 to 20 at generation step 1");
  expect_one_line_error(sine + "--order '0, 1, 3'", "order: position 2 is missing");
  expect_one_line_error(sine + "--temperature ' -0.5'", "temperature: must be at least 0, found -0.5");
  expect_one_line_error(sine + "--head ddmp", "head: unknown 'ddmp'; there are ddpm");
  expect_one_line_error(sine + "--budget 5", "5 calls do not pay 3 steps for each of 4 tokens");
  expect_one_line_error("diffusion tokens --generate ar2 --tokens 100000",
                        "a sequence has 1 to 4096 numbers");
  expect_one_line_error(sine + "--iterations 9", "iterations: must be in [1, 4]");
  write("m.json", R"json({"weights":[1],"means":[[0,0,0,0,0]],"variances":[1]})json");
  expect_one_line_error("diffusion tokens m.json --token_dim 2",
                        "sequences of 5 numbers do not divide into whole tokens of 2");
  expect_one_line_error("diffusion tokens m.json --token_dim 1 --tokens 4",
                        "sequences of 5 numbers do not divide into 4 tokens of 1");
  write("x.csv", "1,2,3\n4,5,6\n");
  expect_one_line_error("diffusion tokens --sequences x.csv --tokens 2 --token_dim 2",
                        "sequences of 3 numbers do not divide into 2 tokens of 2");
  expect_one_line_error("diffusion tokens --sequences x.csv --token_dim 1",
                        "tokens: --sequences needs the number of tokens");
}

}  // namespace
