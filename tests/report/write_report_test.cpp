#include "lehr/report/write_report.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"

namespace lehr::report {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class WriteReport : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "lehr-report-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

Report small_report() {
  Report report;
  report.title = "Small";
  report.metric("loss", 2.5);
  report.figures = {{"curve", "Curve", "", {}, {}, {{"s", Series::Style::line, {0, 1}, {0, 1}, {}, {}, -1}}},
                    {"curve", "Again", "", {}, {}, {{"s", Series::Style::line, {0, 1}, {1, 0}, {}, {}, -1}}}};
  report.artifacts = {{"../schedule", "txt", "constant(1)\n", ""}, {"run", "csv", "", "elsewhere/run.csv"}};
  return report;
}

// Sets PATH for a scope.
class SearchPath {
 public:
  explicit SearchPath(const char* value) : before_(std::getenv("PATH")) { setenv("PATH", value, 1); }
  ~SearchPath() { setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST_F(WriteReport, WritesPageJsonFiguresAndArtifacts) {
  if (std::system("gnuplot --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "gnuplot is not installed";
  const Report report = small_report();
  const WrittenReport written = write_report(report, folder_ / "a" / "b", {"lehr test", "2024-03-01"});
  EXPECT_TRUE(written.hints.empty());
  const std::string page = read_file(written.page);
  EXPECT_THAT(page, HasSubstr("<code>lehr test</code><span>2024-03-01</span>"));
  EXPECT_THAT(page, HasSubstr("<svg xmlns"));
  EXPECT_EQ(to_json(report_from_json(parse_json(read_file(written.json), "report.json"))), to_json(report));
  ASSERT_EQ(written.figures.size(), 2u);
  EXPECT_EQ(written.figures[0], folder_ / "a/b/figures/curve.svg");
  EXPECT_EQ(written.figures[1], folder_ / "a/b/figures/curve-2.svg");
  EXPECT_TRUE(fs::exists(written.figures[1]));
  ASSERT_EQ(written.artifacts.size(), 2u);
  EXPECT_EQ(written.artifacts[0], folder_ / "a/b/artifacts/schedule.txt");
  EXPECT_EQ(read_file(written.artifacts[0]), "constant(1)\n");
  EXPECT_EQ(written.artifacts[1], "elsewhere/run.csv");
}

TEST_F(WriteReport, WithoutGnuplotOneHintAndThePage) {
  const SearchPath path(folder_.c_str());
  const WrittenReport written = write_report(small_report(), folder_ / "out");
  EXPECT_EQ(written.hints, std::vector<std::string>{"figures need gnuplot: apt install gnuplot-nox"});
  EXPECT_TRUE(written.figures.empty());
  EXPECT_THAT(read_file(written.page), HasSubstr("figures need gnuplot: apt install gnuplot-nox"));
  EXPECT_TRUE(fs::exists(written.json));
}

TEST_F(WriteReport, AnUnusableFolderIsAnIoErrorThatNamesIt) {
  write_file_atomically(folder_ / "file", "x");
  try {
    write_report(small_report(), folder_ / "file");
    FAIL() << "no error";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith((folder_ / "file").string()));
  }
}

TEST_F(WriteReport, EqualReportsGiveEqualPages) {
  write_report(small_report(), folder_ / "one");
  write_report(small_report(), folder_ / "two");
  EXPECT_EQ(read_file(folder_ / "one/report.html"), read_file(folder_ / "two/report.html"));
  EXPECT_EQ(read_file(folder_ / "one/report.json"), read_file(folder_ / "two/report.json"));
}

}  // namespace
}  // namespace lehr::report
