#include "lehr/report/html.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "lehr/report/file_names.hpp"

namespace lehr::report {
namespace {

using testing::AllOf, testing::HasSubstr, testing::Not;

constexpr const char* hostile = "</script><img src=x onerror=alert(1)>\"'&";

TEST(Html, EveryTextOfTheReportIsEscaped) {
  Report report;
  report.title = hostile;
  report.metric(hostile, 1);
  report.tables.push_back({hostile,
                           {hostile, "verdict"},
                           {{hostile, hostile}, {"a", std::string("holds ") + hostile}},
                           {hostile}});
  Figure figure;
  figure.name = figure.caption = hostile;
  report.figures = {figure};
  report.artifacts = {{hostile, hostile, hostile, ""}, {"b", "csv", "", hostile}};
  report.notes = {hostile};
  const std::string page =
      render_html(report, {hostile, hostile, {"<svg></svg>"}, {"", hostile}, hostile, {hostile}});
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
  std::size_t scripts = 0;
  for (std::size_t at = page.find("</script>"); at != page.npos; at = page.find("</script>", at + 1))
    ++scripts;
  EXPECT_EQ(scripts, 1u);
}

TEST(Html, NothingIsFetched) {
  Report report;
  report.title = "T";
  const std::string page = render_html(report, {});
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy\" content=\"default-src 'none'"));
  for (const char* reference : {"src=", "@import", "url(", "<link", "https://"})
    EXPECT_THAT(page, Not(HasSubstr(reference))) << reference;
}

TEST(Html, VerdictsBecomePills) {
  Report report;
  report.tables.push_back(
      {"Claims", {"claim", "verdict"}, {{"a", "holds (p = 0.01)"}, {"b", "fails: too slow"}}, {}});
  const std::string page = render_html(report, {});
  EXPECT_THAT(page, HasSubstr("<td><span class=\"pill holds\">holds</span> (p = 0.01)</td>"));
  EXPECT_THAT(page, HasSubstr("<td><span class=\"pill fails\">fails</span> too slow</td>"));
  EXPECT_THAT(page, AllOf(HasSubstr(">1 claim holds<"), HasSubstr(">1 claim fails<")));
}

TEST(Html, NumbersAreShortInCellsAndExactForSorting) {
  Report report;
  report.metric("third", 1.0 / 3);
  report.tables.push_back({"", {"x"}, {{1.0 / 3}, {-std::numeric_limits<double>::infinity()}}, {".2f"}});
  const std::string page = render_html(report, {});
  EXPECT_THAT(page, HasSubstr("<td class=\"number\" data-value=\"0.3333333333333333\">0.33</td>"));
  EXPECT_THAT(page, HasSubstr("data-value=\"-Infinity\""));
  EXPECT_THAT(page, HasSubstr("<dd title=\"0.3333333333333333\">0.33333</dd>"));
}

TEST(Html, ArtifactsHavePreviewAndDownload) {
  Report report;
  report.artifacts = {{"schedule", "txt", "a < b\n", ""},
                      {"state", "bin", std::string("\xff\x00", 2), ""},
                      {"big", "csv", std::string(200000, '1'), ""}};
  const std::string page = render_html(report, {"", "", {}, {"", "", "artifacts/big file.csv"}, "", {}});
  EXPECT_THAT(page, HasSubstr("<pre><code>a &lt; b\n</code></pre>"));
  EXPECT_THAT(page,
              HasSubstr("download=\"schedule.txt\" href=\"data:application/octet-stream;base64,YSA8IGIK\""));
  EXPECT_THAT(page, HasSubstr("base64,/wA=\""));
  EXPECT_THAT(page, HasSubstr("href=\"artifacts/big%20file.csv\""));
  EXPECT_LT(page.size(), 100000u);
}

TEST(Html, LongTablesAreCut) {
  Report report;
  report.tables.push_back({"", {"i"}, {}, {}});
  for (int i = 0; i < 5000; ++i) report.tables[0].rows.push_back({i});
  const std::string page = render_html(report, {});
  EXPECT_THAT(page, AllOf(HasSubstr(">999</td>"), Not(HasSubstr(">1000</td>")),
                          HasSubstr("first 1000 of 5000 rows")));
}

TEST(FileNames, AreSafeAndNeverRepeat) {
  FileNames names;
  EXPECT_EQ(names.next("loss", "svg"), "loss.svg");
  EXPECT_EQ(names.next("LOSS", "svg"), "LOSS-2.svg");
  EXPECT_EQ(names.next("../../etc/passwd", "svg"), "etc-passwd.svg");
  EXPECT_EQ(names.next("a b/c\\d:e", "txt"), "a-b-c-d-e.txt");
  EXPECT_EQ(names.next("...", ""), "unnamed");
  EXPECT_EQ(names.next("", "../x"), "unnamed.x");
  EXPECT_LE(names.next(std::string(5000, 'n'), std::string(5000, 'e')).size(), 80u);
}

TEST(FileNames, LinksHaveNoScheme) { EXPECT_EQ(link_to("javascript:alert(1)"), "javascript%3Aalert%281%29"); }

}  // namespace
}  // namespace lehr::report
