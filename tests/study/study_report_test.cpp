#include "lehr/study/study_report.hpp"

#include "fake_tasks.hpp"
#include "lehr/study/merged_figures.hpp"
#include "lehr/study/run_study.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::study {
namespace {

const std::string text = R"(title = "Bowls"
summary = "Which is lower?"
task = "fake.bowl"
seeds = 4
[options]
noise = 1
[[arm]]
name = "near"
options = { x = 0.5, fail_seed = 4 }
[[arm]]
name = "far"
options = { x = 1.3 }
[[claim]]
text = "nearer is lower"
expect = "near.loss < far.loss"
[[claim]]
text = "a metric that nobody has"
expect = "near.height < 1"
)";

const Table& table_called(const Report& report, const std::string& start) {
  for (const Table& table : report.tables)
    if (table.title.starts_with(start)) return table;
  ADD_FAILURE() << "no table " << start;
  return report.tables.at(0);
}

class StudyReportTest : public testing::Test {
 protected:
  StudyReportTest() : folder_("report"), study_(parse_study(text, "bowls.toml")) {
    outcome_ = run_study(study_, fake::tasks(), {.out = folder_.path()});
    report_ = study_report(study_, outcome_.folder);
  }
  fake::Folder folder_;
  Study study_;
  RunOutcome outcome_;
  Report report_;
};

TEST_F(StudyReportTest, HoldsMeansAndPairedDifferences) {
  EXPECT_EQ(report_.title, "Bowls");
  const double noise = (fake::bowl_noise(1) + fake::bowl_noise(2) + fake::bowl_noise(3)) / 3;
  EXPECT_NEAR(report_.find_metric("near.loss").value(), 0.04 + noise, 1e-12);
  const Table& results = table_called(report_, "Results");
  EXPECT_EQ(results.columns, (std::vector<std::string>{"metric", "near", "far"}));
  EXPECT_EQ(results.rows.at(0).at(0), "loss");
  const Table& differences = table_called(report_, "Differences from 'near'");
  ASSERT_EQ(differences.rows.at(0).at(0), "loss");
  EXPECT_NEAR(differences.rows.at(0).at(2).get<double>(), 1.0 - 0.04, 1e-12)
      << "the noise cancels: arms share seeds";
}

TEST_F(StudyReportTest, HoldsClaimsWithVerdicts) {
  const Table& claims = table_called(report_, "Claims");
  ASSERT_EQ(claims.rows.size(), 2U);
  EXPECT_EQ(claims.columns[1], "verdict");
  EXPECT_EQ(claims.rows[0][1], "holds");
  EXPECT_EQ(claims.rows[1][1], "cannot be evaluated");
  EXPECT_EQ(report_.json["claims"][0]["holds"], true);
  EXPECT_EQ(report_.json["claims"][1]["evaluated"], false);
  EXPECT_EQ(report_.json["arms"]["near"]["loss"]["seeds"], Json::parse("[1,2,3]"));
  EXPECT_TRUE(evaluate_claims(study_, outcome_.folder).at(0).clear);
}

TEST_F(StudyReportTest, NotesTellFailuresOnce) {
  const std::vector<std::string> expected = {
      "Which is lower?", "Arm 'near' seed 4 failed: loss is not finite at step 3", "the bowl is round"};
  EXPECT_EQ(report_.notes, expected);
}

TEST_F(StudyReportTest, MergesFiguresAndListsArtifacts) {
  ASSERT_EQ(report_.figures.size(), 1U);
  const Figure& figure = report_.figures[0];
  ASSERT_EQ(figure.series.size(), 4U) << "a band and a mean per arm";
  EXPECT_EQ(figure.series[0].style, Series::Style::band);
  EXPECT_EQ(figure.series[1].label, "near");
  EXPECT_EQ(figure.series[3].label, "far");
  EXPECT_EQ(figure.series[0].color, figure.series[1].color);
  EXPECT_NE(figure.series[1].color, figure.series[3].color);
  EXPECT_NEAR(figure.series[1].y[2], 2 * 0.5 + 2, 1e-12) << "mean over seeds 1, 2, 3";
  ASSERT_EQ(report_.artifacts.size(), 4U);
  EXPECT_EQ(report_.artifacts[0].name, "near/schedule");
  EXPECT_TRUE(std::filesystem::exists(report_.artifacts[0].path));
}

TEST_F(StudyReportTest, RefusesAFolderOfAnotherStudy) {
  Study other = study_;
  other.slug = "other";
  EXPECT_EQ(test::message_of<InvalidInput>([&] { study_report(other, outcome_.folder); }),
            fmt::format("{}: holds no run of study 'other'", outcome_.folder.string()));
  EXPECT_THROW(study_report(study_, folder_.path() / "nowhere"), IoError);
}

TEST(StudyReport, TellsTheSearch) {
  const fake::Folder folder("report-search");
  const Study study = parse_study(
      "task = 'fake.bowl'\n[options]\nx = '@search'\n[search]\nknob = 'x'\nrange = [-1, 1]\nobjective = "
      "'loss'\nbudget "
      "= { evaluations = 8 }\n",
      "s.toml");
  const Report report = study_report(study, run_study(study, fake::tasks(), {.out = folder.path()}).folder);
  ASSERT_EQ(report.figures.size(), 2U);
  EXPECT_EQ(report.figures[1].series.at(0).y.size(), 8U);
  EXPECT_TRUE(report.notes.back().starts_with("The search (cma-es, 8 candidates) found x = "))
      << report.notes.back();
  EXPECT_EQ(report.json["search"].size(), 8U);
}

// A tour on a map is drawn for each arm apart, after what can be compared in one figure.
TEST(MergedFigures, MapsStayApart) {
  const auto figures = [](double height) {
    Figure map, course;
    map.name = "map", map.title = "Cities", course.name = "course";
    Series tour, line;
    tour.x = {0, 1, 0}, tour.y = {0, 0, height};
    line.x = {0, 1}, line.y = {height, 0};
    map.series = {tour}, course.series = {line};
    return std::vector<Figure>{map, course};
  };
  const auto merged = merged_figures({{"a", {figures(1), figures(2)}}, {"b", {figures(3)}}});
  ASSERT_EQ(merged.size(), 3U);
  EXPECT_EQ(merged[0].name, "course");
  EXPECT_EQ(merged[1].name, "map_a");
  EXPECT_EQ(merged[1].title, "Cities (a)");
  EXPECT_EQ(merged[1].series.at(0).y.back(), 1) << "the first seed's";
  EXPECT_EQ(merged[2].series.at(0).y.back(), 3);
  EXPECT_EQ(merged_figures({{"a", {figures(1)}}}).at(0).name, "map");
}

TEST(MergedFigures, InterpolatesOnTheFirstSeedsGrid) {
  const auto curve = [](std::vector<double> x, std::vector<double> y) {
    Figure figure;
    figure.name = "f";
    Series series;
    series.label = "s";
    series.x = std::move(x);
    series.y = std::move(y);
    figure.series.push_back(series);
    return std::vector<Figure>{figure};
  };
  const auto merged =
      merged_figures({{"a", {curve({0, 1, 2, 3}, {0, 1, 2, 3}), curve({0.5, 2.5}, {1.5, 3.5})}}});
  ASSERT_EQ(merged.size(), 1U);
  ASSERT_EQ(merged[0].series.size(), 2U);
  const std::vector<double>& mean = merged[0].series[1].y;
  EXPECT_TRUE(std::isnan(mean[0])) << "the second seed has nothing there";
  EXPECT_DOUBLE_EQ(mean[1], (1 + 2) / 2.0);
  EXPECT_DOUBLE_EQ(mean[2], (2 + 3) / 2.0);
  EXPECT_TRUE(std::isnan(mean[3]));
  EXPECT_EQ(merged[0].series[1].label, "s") << "a single arm keeps its own labels";
}

}  // namespace
}  // namespace lehr::study
