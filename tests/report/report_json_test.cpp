#include <gmock/gmock.h>

#include <bit>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/core/report.hpp"
#include "tests/core/test_files.hpp"

namespace lehr {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> result;
  for (const double value : values) result.push_back(std::bit_cast<std::uint64_t>(value));
  return result;
}

Report full_report() {
  Report report;
  report.title = "T";
  report.metric("third", 1.0 / 3);
  report.metric("lost", nan);
  report.metric("endless", -infinity);
  report.tables.push_back({"table", {"name", "value"}, {{"a", 0.1}, {"b", infinity}, {"c", 7}}, {"", ".3g"}});
  Series band;
  band.label = "band";
  band.style = Series::Style::band;
  band.color = 3;
  band.x = {-0.0, 5e-324, 1e308};
  band.low = {nan, -infinity, 0.1 + 0.2};
  band.high = {1, 2, infinity};
  report.figures.push_back(
      {"f", "title", "caption", {"x", true, 1e-3, std::nullopt}, {"y", false, {}, 2.5}, {band}});
  report.artifacts.push_back({"schedule", "txt", "cosine(from=1)\n", ""});
  report.artifacts.push_back({"state", "safetensors", std::string("\x00\xFF\xC3(", 4), ""});
  report.artifacts.push_back({"run", "csv", "", "runs/1.csv"});
  report.notes = {"note"};
  report.json = Json{{"extra", {1, 2}}};
  return report;
}

// Through text, as a file would carry it.
Report round_trip(const Report& report) { return report_from_json(Json::parse(to_json(report).dump())); }

TEST(ReportJson, NumbersKeepTheirBits) {
  const Report report = full_report(), copy = round_trip(report);
  ASSERT_EQ(copy.metrics.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(copy.metrics[i].first, report.metrics[i].first);
    EXPECT_EQ(bits({copy.metrics[i].second}), bits({report.metrics[i].second}));
  }
  const Series &before = report.figures[0].series[0], &after = copy.figures[0].series[0];
  EXPECT_EQ(bits(after.x), bits(before.x));
  EXPECT_EQ(bits(after.low), bits(before.low));
  EXPECT_EQ(bits(after.high), bits(before.high));
  EXPECT_TRUE(after.y.empty());
  EXPECT_EQ(copy.tables[0].rows[1][1].get<double>(), infinity);
}

TEST(ReportJson, EverythingElseComesBack) {
  const Report report = full_report(), copy = round_trip(report);
  EXPECT_EQ(copy.title, report.title);
  EXPECT_EQ(copy.tables[0].title, "table");
  EXPECT_EQ(copy.tables[0].columns, report.tables[0].columns);
  EXPECT_EQ(copy.tables[0].formats, report.tables[0].formats);
  EXPECT_EQ(copy.tables[0].rows, report.tables[0].rows);
  const Figure& figure = copy.figures[0];
  EXPECT_EQ(figure.name, "f");
  EXPECT_EQ(figure.caption, "caption");
  EXPECT_TRUE(figure.x.log);
  EXPECT_EQ(figure.x.low, 1e-3);
  EXPECT_EQ(figure.x.high, std::nullopt);
  EXPECT_EQ(figure.y.high, 2.5);
  EXPECT_EQ(figure.series[0].style, Series::Style::band);
  EXPECT_EQ(figure.series[0].color, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(copy.artifacts[i].name, report.artifacts[i].name);
    EXPECT_EQ(copy.artifacts[i].content, report.artifacts[i].content);
    EXPECT_EQ(copy.artifacts[i].path, report.artifacts[i].path);
  }
  EXPECT_EQ(copy.notes, report.notes);
  EXPECT_EQ(copy.json, report.json);
  EXPECT_EQ(to_json(copy), to_json(report));
}

TEST(ReportJson, TheLatestMetricOfANameCounts) {
  Report report;
  report.metric("a", 1);
  report.metric("b", 2);
  report.metric("a", 3);
  EXPECT_EQ(report.find_metric("a"), 3);
  EXPECT_EQ(report.find_metric("c"), std::nullopt);
  EXPECT_EQ(round_trip(report).find_metric("a"), 3);
}

TEST(ReportJson, AnEmptyObjectIsAnEmptyReport) {
  const Report report = report_from_json(Json::object());
  EXPECT_TRUE(report.title.empty() && report.metrics.empty() && report.tables.empty() &&
              report.figures.empty());
}

std::string refusal(const char* text) {
  return test::message_of<InvalidInput>([&] { report_from_json(Json::parse(text)); });
}

TEST(ReportJson, RefusalsNameThePlaceAndWhatWasFound) {
  using testing::AllOf, testing::HasSubstr;
  EXPECT_THAT(refusal("[]"), AllOf(HasSubstr("report:"), HasSubstr("an object")));
  EXPECT_THAT(refusal(R"({"tabels": []})"), AllOf(HasSubstr("tabels"), HasSubstr("did you mean 'tables'")));
  EXPECT_THAT(refusal(R"({"metrics": {"a": "x"}})"),
              AllOf(HasSubstr("report.metrics.a"), HasSubstr("\"nan\"")));
  EXPECT_THAT(refusal(R"({"tables": [{"rows": [[1], 5]}]})"),
              AllOf(HasSubstr("report.tables[0].rows[1]"), HasSubstr("5")));
  EXPECT_THAT(refusal(R"({"tables": [{"rows": [[{}]]}]})"), HasSubstr("report.tables[0].rows[0][0]"));
  EXPECT_THAT(refusal(R"({"figures": [{"series": [{"style": "lines"}]}]})"),
              AllOf(HasSubstr("report.figures[0].series[0].style"), HasSubstr("did you mean 'line'")));
  EXPECT_THAT(refusal(R"({"figures": [{"series": [{"x": [1, true]}]}]})"), HasSubstr("series[0].x[1]"));
  EXPECT_THAT(refusal(R"({"figures": [{"series": [{"color": 1.5}]}]})"), HasSubstr("0 to 1000"));
  EXPECT_THAT(refusal(R"({"artifacts": [{"content_base64": "AB=C"}]})"),
              HasSubstr("content_base64: expected base64"));
  EXPECT_THAT(refusal(R"({"notes": "all well"})"), HasSubstr("report.notes"));
}

}  // namespace
}  // namespace lehr
