#include "lehr/neural/train_task.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::neural {
namespace {

class TrainTask : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("lehr_train_task_{}", ::getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream text(folder_ / "text.txt");
    for (int i = 0; i < 300; ++i) text << "line " << i << " of a text\n";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Json small() const {
    return {{"text", (folder_ / "text.txt").string()},
            {"steps", 12},
            {"batch", 2},
            {"context", 8},
            {"layers", 1},
            {"width", 8},
            {"heads", 2},
            {"log_every", 3},
            {"sample", 20},
            {"schedule", "warmup(4steps, 1e-3)"}};
  }
  Report run(const Json& options) {
    TaskContext context;
    return train_task().run(options, "options", context);
  }
  std::string error_of(const std::string& key, const Json& value) {
    Json options = small();
    options[key] = value;
    return test::message_of<Error>([&] { run(options); });
  }

  std::filesystem::path folder_;
};

TEST_F(TrainTask, WritesTheLogThatItReports) {
  Json options = small();
  options["log"] = (folder_ / "log.csv").string();
  const Report report = run(options);
  const CsvTable log = read_csv(folder_ / "log.csv");
  EXPECT_EQ(log.columns, (std::vector<std::string>{"step", "lr", "loss", "grad_norm", "grad_norm_1"}));
  EXPECT_EQ(log.number_column("step"), (std::vector<double>{2, 5, 8, 11}));
  EXPECT_EQ(log.number_column("lr"), (std::vector<double>{0.5e-3, 1e-3, 1e-3, 1e-3}));
  EXPECT_EQ(report.find_metric("final_loss"), log.number_column("loss").back());
  EXPECT_TRUE(report.find_metric("val_loss").has_value());
  const auto sample = std::ranges::find(report.artifacts, "sample", &Artifact::name);
  ASSERT_NE(sample, report.artifacts.end());
  EXPECT_EQ(sample->content.size(), 20u);
}

TEST_F(TrainTask, GoesOnFromItsCheckpoint) {
  const Report whole = run(small());
  Json options = small();
  options["checkpoint"] = (folder_ / "run.safetensors").string();
  options["steps"] = 6;
  options["schedule"] = "warmup(4steps, 1e-3)";
  run(options);
  options["steps"] = 12;
  const Report resumed = run(options);
  EXPECT_EQ(resumed.find_metric("final_loss"), whole.find_metric("final_loss"));
  EXPECT_EQ(resumed.find_metric("val_loss"), whole.find_metric("val_loss"));
}

TEST_F(TrainTask, RefusesBadInputInOneLine) {
  using testing::HasSubstr;
  EXPECT_THAT(error_of("text", "no/such.txt"), HasSubstr("no/such.txt"));
  EXPECT_THAT(error_of("heads", 3), HasSubstr("3 heads do not divide a width of 8"));
  EXPECT_THAT(error_of("context", 5000), HasSubstr("a context of 5000 needs at least 5001"));
  EXPECT_THAT(error_of("schedule", "linear(from=1e-3, to=-1e-3)"), HasSubstr("at step 7 of 12"));
  EXPECT_THAT(error_of("scheduel", 1), HasSubstr("schedule"));
  EXPECT_THAT(error_of("validation_share", 1), HasSubstr("validation_share"));
}

}  // namespace
}  // namespace lehr::neural
