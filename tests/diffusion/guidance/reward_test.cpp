// Rewards: the built-in score, remembered ones, a worker process; priors in files.
#include "lehr/diffusion/guidance/reward.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/guidance/sequence_file.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::diffusion {
namespace {

using test::message_of;

VectorXd column(std::initializer_list<double> values) {
  VectorXd x(static_cast<Index>(values.size()));
  std::ranges::copy(values, x.begin());
  return x;
}

TEST(SequenceScore, SharesAndMotifs) {
  const SequenceScore score{.weight = 2, .favoured = {1, 2}, .motif = {1, 1}, .bonus = 10, .cap = 2};
  EXPECT_DOUBLE_EQ(score(column({0, 1, 0, 2})), 1);
  EXPECT_DOUBLE_EQ(score(column({1, 1, 0, 3})), 1 + 10);
  EXPECT_DOUBLE_EQ(score(column({1, 1, 1, 1})), 2 + 20);  // three that overlap, two count
}

TEST(RememberedReward, ScoresEqualDesignsOnce) {
  std::int64_t calls = 0;
  RememberedReward reward([&](const MatrixXd& x) -> VectorXd {
    calls += x.cols();
    return x.colwise().sum().transpose();
  });
  MatrixXd x(2, 4);
  x << 1, 2, 1, 3, 0, 0, 0, 1;
  const VectorXd first = reward(x), again = reward(x);
  EXPECT_EQ(first, again);
  EXPECT_EQ(first, column({1, 2, 1, 4}));
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(reward.asked(), 8);
  EXPECT_EQ(reward.scored(), 3);
}

class RewardWorker : public ::testing::Test {
 protected:
  void SetUp() override {
    python = test::python_with("json");
    if (python.empty()) GTEST_SKIP() << "no python3";
  }
  WorkerReward worker(const std::string& body, std::string alphabet, std::int64_t batch = 1) const {
    const auto file = folder / "score.py";
    test::put(file, "import sys, json\ndef one(item):\n" + body +
                        "for line in sys.stdin:\n    q = json.loads(line)\n"
                        "    a = {'items': [one(i) for i in q['items']]} if 'items' in q else one(q)\n"
                        "    print(json.dumps(a), flush=True)\n");
    return {{.command = python + " " + file.string(), .batch = batch, .timeout = 20, .retries = 0},
            {},
            std::move(alphabet)};
  }
  std::string python;
  test::TemporaryFolder folder;
};

TEST_F(RewardWorker, SpellsSequencesAndTakesNullForInfeasible) {
  for (const std::int64_t batch : {1, 3}) {
    WorkerReward reward =
        worker("    s = item['sequence']\n    return {'reward': None if s[0] == 'T' else s.count('C')}\n",
               "ACGT", batch);
    MatrixXd x(2, 3);
    x << 1, 3, 0, 1, 1, 1;
    const VectorXd values = reward(x);
    EXPECT_EQ(values[0], 2);
    EXPECT_TRUE(std::isnan(values[1]));
    EXPECT_EQ(values[2], 1);
  }
}

TEST_F(RewardWorker, FailuresAreInfeasibleButNotAllOfThem) {
  WorkerReward reward = worker("    return {'error': 'no'} if item['x'][0] > 0 else {'reward': 5}\n", "");
  MatrixXd x(1, 2);
  x << -1, 1;
  const VectorXd values = reward(x);
  EXPECT_EQ(values[0], 5);
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_EQ(reward.counts().failures, 1);
  WorkerReward broken = worker("    return {'score': 5}\n", "");
  const auto message = message_of<InvalidInput>([&] { broken(x); });
  EXPECT_NE(message.find("none of 2 designs got an answer"), std::string::npos) << message;
  EXPECT_NE(message.find("no \"reward\" that is a number or null"), std::string::npos) << message;
}

TEST(SequenceFile, FastaAndLines) {
  const test::TemporaryFolder folder;
  test::put(folder / "a.fasta", ">one\nAC\ngt\n>two\nCCCC\n");
  const SequenceSet set = read_sequences(folder / "a.fasta", "ACGT");
  EXPECT_EQ(set.sequences, (std::vector<std::vector<int>>{{0, 1, 2, 3}, {1, 1, 1, 1}}));
  test::put(folder / "b.txt", "abba\n\n# comment\ncab\n");
  EXPECT_EQ(read_sequences(folder / "b.txt", "abc").sequences[1], (std::vector<int>{2, 0, 1}));
  EXPECT_EQ(read_sequences(folder / "b.txt", "").alphabet, "ABC");
  EXPECT_NE(message_of<InvalidInput>([&] {
              read_sequences(folder / "a.fasta", "ACG");
            }).find("the sequence on line 1: 'T' is not in the alphabet 'ACG'"),
            std::string::npos);
  test::put(folder / "empty.txt", "\n");
  EXPECT_NE(message_of<InvalidInput>([&] { read_sequences(folder / "empty.txt", ""); }).find("no sequences"),
            std::string::npos);
}

TEST(SequenceFile, ChainEstimatedFromSequences) {
  const SequenceSet set{{{0, 1, 0, 1}, {0, 1, 1}}, "AB"};
  const SequenceModel model = estimated_model(set, {}, 0.5);
  EXPECT_EQ(model.prior->length(), 4);
  EXPECT_NEAR(model.prior->initial()[0], 2.5 / 3, 1e-12);
  EXPECT_NEAR(model.prior->transition()(0, 1), 3.5 / 4, 1e-12);  // three times A to B
  EXPECT_NEAR(model.prior->transition()(1, 1), 1.5 / 3, 1e-12);
}

TEST(SequenceFile, RefusalsNameTheKey) {
  const auto message = [](const char* text) {
    return message_of<InvalidInput>([&] { sequence_model_from_json(parse_json(text, "m"), "m"); });
  };
  EXPECT_EQ(message(R"json({"length":3})json"), "m: the key 'initial' is missing");
  EXPECT_EQ(message(R"json({"length":3,"initial":[0.5,0.5],"transition":[[1,0],[0.5,0.4]]})json"),
            "m: transition[1] sums to 0.9, not to 1");
  EXPECT_EQ(message(R"json({"length":3,"initial":[0.5,0.5],"transition":[[1,0],[0.5,-0.5]]})json"),
            "m: transition[1][1] is -0.5, no probability");
  EXPECT_EQ(message(R"json({"length":0,"initial":[0.5,0.5],"transition":[[1,0],[0,1]]})json"),
            "m: length is 0, not in [1, 100000]");
  EXPECT_NE(message(R"json({"length":3,"alphabet":"ABC","initial":[0.5,0.5],"transition":[[1,0],[0,1]]})json")
                .find("3 characters, the prior 2 symbols"),
            std::string::npos);
  EXPECT_NE(
      message(
          R"json({"length":3,"initial":[0.5,0.5],"transition":[[1,0],[0,1]],"reward":{"motiff":[1]}})json")
          .find("did you mean 'motif'"),
      std::string::npos);
}

}  // namespace
}  // namespace lehr::diffusion
