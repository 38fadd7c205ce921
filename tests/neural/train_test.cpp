#include "lehr/neural/train.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/neural/torch_runtime.hpp"

namespace lehr::neural {
namespace {

std::string repetitive_text() {
  std::string text;
  while (text.size() < 4000) text += "the quick brown fox. ";
  return text;
}

class TrainTest : public testing::Test {
 protected:
  void SetUp() override {
    set_torch_threads(1);
    checkpoint_ =
        std::filesystem::temp_directory_path() / fmt::format("lehr_train_{}.safetensors", ::getpid());
    std::filesystem::remove(checkpoint_);
  }
  void TearDown() override { std::filesystem::remove(checkpoint_); }

  Train method(TrainSettings settings) const { return {model_, corpus_, std::move(settings)}; }
  static TrainSettings settings() {
    return {.learning_rate = Schedule(1e-2),
            .optimizer = {},
            .batch = 4,
            .log_every = 4,
            .eval_every = 8,
            .eval_windows = 6};
  }

  ByteTransformer model_{{.layers = 1, .width = 16, .heads = 2, .context = 16}};
  ByteCorpus corpus_{repetitive_text(), 0.2, 16};
  std::filesystem::path checkpoint_;
};

void expect_equal(const Train::State& a, const Train::State& b) {
  EXPECT_TRUE(at::equal(a.variables.parameters, b.variables.parameters));
  EXPECT_TRUE(at::equal(a.variables.first_moment, b.variables.first_moment));
  EXPECT_TRUE(at::equal(a.variables.second_moment, b.variables.second_moment));
  EXPECT_EQ(a.log.csv(), b.log.csv());
  EXPECT_EQ(a.log.validation_csv(), b.log.validation_csv());
}

TEST_F(TrainTest, RepeatsBitForBitAndFollowsTheSeed) {
  const Train train = method(settings());
  const auto first = drive(train, Budget::steps(10), Seed{1});
  expect_equal(first.state, drive(train, Budget::steps(10), Seed{1}).state);
  EXPECT_NE(first.state.log.csv(), drive(train, Budget::steps(10), Seed{2}).state.log.csv());
}

TEST_F(TrainTest, ResumedRunEqualsTheUninterruptedOne) {
  const Train train = method(settings());
  const auto whole = drive(train, Budget::steps(20), Seed{1});

  Observers observers;
  observers.checkpoints.path = checkpoint_;
  observers.list.push_back(
      {[](const Moment& now, const Row&) { return now.step < 9 ? 9 : Observer::stop_run; }, {}});
  const auto half = drive(train, Budget::steps(20), Seed{1}, observers);
  ASSERT_EQ(half.why, Stop::observer);
  ASSERT_EQ(half.used.steps, 10);  // in the middle of a logging interval

  observers.list.clear();
  const auto resumed = drive(train, Budget::steps(20), Seed{1}, observers);
  EXPECT_EQ(resumed.used.steps, 20);
  expect_equal(resumed.state, whole.state);
}

TEST_F(TrainTest, RefusesACheckpointOfAnotherRun) {
  Observers observers;
  observers.checkpoints.path = checkpoint_;
  drive(method(settings()), Budget::steps(2), Seed{1}, observers);
  EXPECT_THROW(drive(method(settings()), Budget::steps(4), Seed{2}, observers), InvalidInput);
  TrainSettings larger_batch = settings();
  larger_batch.batch = 5;
  EXPECT_THROW(drive(method(larger_batch), Budget::steps(4), Seed{1}, observers), InvalidInput);
}

TEST_F(TrainTest, RowsCarryTheRateInForceAndTheMeanLossOfTheirInterval) {
  TrainSettings every_step = settings(), every_fourth = settings();
  every_step.log_every = 1;
  every_step.learning_rate = every_fourth.learning_rate = Schedule::parse("linear(from=0.02, to=0)");
  const TrainLog fine = drive(method(every_step), Budget::steps(10), Seed{1}).state.log;
  const TrainLog coarse = drive(method(every_fourth), Budget::steps(10), Seed{1}).state.log;
  EXPECT_EQ(coarse.step, (std::vector<double>{3, 7, 9}));
  ASSERT_EQ(fine.step.size(), 10u);
  for (std::size_t row = 0; row < 2; ++row) {
    double loss = 0, norm = 0;
    for (std::size_t i = 4 * row; i < 4 * row + 4; ++i)
      loss += fine.loss[i] / 4, norm += fine.grad_norm[i] / 4;
    EXPECT_NEAR(coarse.loss[row], loss, 1e-12);
    EXPECT_NEAR(coarse.grad_norm[row], norm, 1e-12);
    EXPECT_EQ(coarse.lr[row], fine.lr[4 * row + 3]);
  }
  EXPECT_NEAR(coarse.lr[0], 0.02 * 0.7, 1e-15);
  EXPECT_NEAR(coarse.loss[2], (fine.loss[8] + fine.loss[9]) / 2, 1e-12);
  EXPECT_EQ(coarse.val_step, (std::vector<double>{7, 9}));
}

TEST_F(TrainTest, AZeroRateChangesNothing) {
  TrainSettings still = settings();
  still.learning_rate = Schedule(0);
  const auto run = drive(method(still), Budget::steps(3), Seed{1});
  const std::vector<float> initial = model_.initial_parameters(Seed{1});
  const float* parameters = run.state.variables.parameters.data_ptr<float>();
  EXPECT_TRUE(std::equal(initial.begin(), initial.end(), parameters));
}

TEST_F(TrainTest, LearnsARepetitiveText) {
  TrainSettings fast = settings();
  fast.learning_rate = Schedule::parse("wsd(peak=2e-2, to=0, start=0.5, warmup=0.05)");
  const TrainLog log = drive(method(fast), Budget::steps(300), Seed{1}).state.log;
  EXPECT_GT(log.loss.front(), 4);
  // A window starts at any of 21 places, so its first few bytes cost something; the rest is certain.
  EXPECT_LT(log.final_loss(), 0.5);
  EXPECT_LT(log.val_loss.back(), 0.5);
}

TEST_F(TrainTest, ReportsALossThatIsNotFinite) {
  TrainSettings wild = settings();
  wild.learning_rate = Schedule(1e30);
  try {
    drive(method(wild), Budget::steps(50), Seed{1});
    FAIL() << "the run ended with finite numbers";
  } catch (const NumericalFailure& failure) {
    EXPECT_THAT(failure.what(), testing::HasSubstr("the training loss is"));
    EXPECT_THAT(failure.what(), testing::StartsWith("step "));
  }
}

}  // namespace
}  // namespace lehr::neural
