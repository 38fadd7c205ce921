#include "lehr/schedule/laws/training_log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::laws {
namespace {

namespace fs = std::filesystem;

class LogFiles : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return name;
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("lehr_logs_" + std::to_string(getpid()) + "_" +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST(CsvLog, FindsTheUsualColumnsInAnyOrder) {
  const TrainingLog log =
      parse_csv_log("Loss,epoch,learning_rate,global_step\n3.5,0,1e-3,20\n4.5,0,2e-3,10\n", "a.csv", {});
  EXPECT_EQ(log.steps, (std::vector<std::int64_t>{10, 20}));
  EXPECT_EQ(log.lr, (std::vector<double>{2e-3, 1e-3}));
  EXPECT_EQ(log.loss, (std::vector<double>{4.5, 3.5}));
}

TEST(CsvLog, TakesNamedColumnsAndSaysWhichAreMissing) {
  const LogColumns columns = parse_log_columns({"step=n,lr=rate,loss=nll"});
  const TrainingLog log = parse_csv_log("n;rate;nll\n1;0.1;2\n", "a.csv", columns);
  EXPECT_EQ(log.loss.front(), 2);
  EXPECT_EQ(test::message_of<Error>([&] { parse_csv_log("n,rate,nl\n1,0.1,2\n", "a.csv", columns); }),
            "a.csv: no column 'nll' (did you mean 'nl'?)");
  EXPECT_EQ(test::message_of<Error>([] { parse_csv_log("a,b\n1,2\n", "a.csv", {}); }),
            "a.csv: no column of steps (columns found: a, b; name it with --columns step=..)");
  EXPECT_EQ(test::message_of<Error>([] { parse_log_columns({"stepp=n"}); }),
            "columns: unknown quantity 'stepp' (did you mean 'step'?)");
  EXPECT_EQ(test::message_of<Error>([] { parse_log_columns({"step"}); }),
            "columns: expected step=NAME,lr=NAME,loss=NAME, found 'step'");
}

TEST(CsvLog, RefusesStepsThatAreNotWholeNumbers) {
  for (const char* step : {"-1", "1.5", "nan", "1e300"})
    EXPECT_THROW(parse_csv_log(std::string("step,lr,loss\n") + step + ",0.1,2\n", "a.csv", {}), InvalidInput)
        << step;
  EXPECT_THROW(parse_csv_log("step,lr,loss\n", "a.csv", {}), InvalidInput);
}

TEST(JsonLinesLog, SkipsRowsWithoutALoss) {
  const TrainingLog log = parse_json_lines_log(
      "{\"step\": 1, \"lr\": 0.1, \"loss\": 4}\n\n{\"step\": 1, \"eval_loss\": 5}\n{\"step\": 2, \"lr\": "
      "0.2, \"loss\": 3}\n",
      "a.jsonl", {});
  EXPECT_EQ(log.steps, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(log.loss, (std::vector<double>{4, 3}));
}

TEST(JsonLinesLog, NamesTheLine) {
  EXPECT_TRUE(test::message_of<Error>([] {
                parse_json_lines_log("{\"step\": 1, \"lr\": 0.1, \"loss\": 4}\n{\"step\": ", "a.jsonl", {});
              }).starts_with("a.jsonl:2"));
  EXPECT_EQ(test::message_of<Error>(
                [] { parse_json_lines_log("{\"step\": \"x\", \"loss\": 4}\n", "a.jsonl", {}); }),
            "a.jsonl:1: step must be a number, found '\"x\"'");
  EXPECT_THROW(parse_json_lines_log("", "a.jsonl", {}), InvalidInput);
}

TEST(TrainerState, ReadsTheHistory) {
  const TrainingLog log = parse_trainer_state(
      R"({"best_metric": null, "log_history": [
        {"epoch": 0.1, "grad_norm": 1.0, "learning_rate": 5e-05, "loss": 2.5, "step": 500},
        {"epoch": 0.1, "eval_loss": 2.4, "step": 500},
        {"epoch": 0.2, "learning_rate": 4e-05, "loss": 2.25, "step": 1000},
        {"train_loss": 2.3, "train_runtime": 10.0, "step": 1000}]})",
      "trainer_state.json", {});
  EXPECT_EQ(log.steps, (std::vector<std::int64_t>{500, 1000}));
  EXPECT_EQ(log.lr, (std::vector<double>{5e-5, 4e-5}));
  EXPECT_EQ(log.loss[0], 2.5);
}

TEST_F(LogFiles, LaterPartsReplaceRowsFromTheirFirstStep) {
  write("a.csv", "step,lr,loss\n0,1,5\n10,1,4\n20,1,9\n");
  write("b.csv", "step,lr,loss\n20,1,3\n30,1,2\n");
  const TrainingLog joined = read_training_log("a.csv+b.csv", {}, folder_);
  EXPECT_EQ(joined.steps, (std::vector<std::int64_t>{0, 10, 20, 30}));
  EXPECT_EQ(joined.loss, (std::vector<double>{5, 4, 3, 2}));
  const TrainingLog folder = read_training_log(folder_.string(), {}, {});
  EXPECT_EQ(folder.loss, joined.loss);
  EXPECT_TRUE(test::message_of<Error>([&] {
                read_training_log("a.csv+missing.csv", {}, folder_);
              }).find("missing.csv") != std::string::npos);
}

TEST_F(LogFiles, TheFormatFollowsTheContent) {
  write("log.txt", "{\"step\": 3, \"lr\": 0.1, \"loss\": 4}\n");
  write("log.tsv", "step\tlr\tloss\n3\t0.1\t4\n");
  write("trainer_state.json", R"({"log_history": [{"learning_rate": 0.1, "loss": 4, "step": 3}]})");
  for (const char* name : {"log.txt", "log.tsv", "trainer_state.json"}) {
    const TrainingLog log = read_training_log(name, {}, folder_);
    EXPECT_EQ(log.steps.front(), 3) << name;
    EXPECT_EQ(log.loss.front(), 4) << name;
  }
}

}  // namespace
}  // namespace lehr::laws
