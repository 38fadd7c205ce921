#include "lehr/report/terminal.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "lehr/report/cells.hpp"
#include "lehr/report/unicode.hpp"

namespace lehr::report {
namespace {

using testing::HasSubstr, testing::Not, testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Cells, NumbersFollowTheColumnsFormat) {
  EXPECT_EQ(number_text(0.123456789, ""), "0.123457");
  EXPECT_EQ(number_text(0.123456789, ".4g"), "0.1235");
  EXPECT_EQ(number_text(12, "+.2e"), "+1.20e+01");
  EXPECT_EQ(number_text(12, "d"), "12");
  EXPECT_EQ(number_text(1'000'000, ""), "1000000");
  EXPECT_EQ(number_text(-12'345'678, ""), "-12345678");
  EXPECT_EQ(number_text(1e15, ""), "1e+15");
  EXPECT_EQ(cell_text(Json(1'000'000), ".4g"), "1000000");
  EXPECT_EQ(cell_text(Json(1234567.5), ".4g"), "1.235e+06");
  EXPECT_EQ(number_text(12.5, "d"), "12.5");
  EXPECT_EQ(cell_text(1234567, ""), "1234567");
  EXPECT_EQ(cell_text(true, ""), "yes");
}

TEST(Cells, FormatsThatAreNoneForNumbersDoNoHarm) {
  for (const char* format : {"999999999f", ".999f", "{}", "s", "%d", "{:g}", "c", ".f", "🔥"})
    EXPECT_EQ(number_text(2.5, format), "2.5") << format;
}

TEST(TerminalTable, AlignsNumbersRightAndTextLeft) {
  const Table table{"Fit",
                    {"name", "value", "±"},
                    {{"alpha", 0.5, 0.01}, {"b", 12.25, 0.125}, {"none", "", "–"}},
                    {"", ".2f", ".1e"}};
  EXPECT_EQ(render_table(table, {80, false, true, 40}),
            "Fit\n"
            "name   value        ±\n"
            "─────  ─────  ───────\n"
            "alpha   0.50  1.0e-02\n"
            "b      12.25  1.2e-01\n"
            "none                –\n");
}

TEST(TerminalTable, VerdictsGetMarks) {
  const Table table{
      "", {"claim", "Verdict"}, {{"a < b", "holds"}, {"b < c", "fails by 3 %"}, {"c", "unknown"}}, {}};
  EXPECT_EQ(render_table(table, {80, false, true, 40}),
            "claim  Verdict\n"
            "─────  ──────────────\n"
            "a < b  ✓ holds\n"
            "b < c  ✗ fails by 3 %\n"
            "c      unknown\n");
  EXPECT_THAT(render_table(table, {80, false, false, 40}), HasSubstr("b < c  x fails by 3 %"));
  EXPECT_THAT(render_table(table, {80, true, true, 40}), HasSubstr("\x1b[32m✓ holds\x1b[0m"));
  EXPECT_THAT(render_table(table, {80, true, true, 40}), HasSubstr("\x1b[1;31m✗ fails by 3 %\x1b[0m"));
}

TEST(TerminalTable, ClaimsStandBelowEachOther) {
  const Table table{"Claims",
                    {"study", "claim", "verdict", "expected", "measured", "statement"},
                    {{"glass", "The searched schedule reaches a lower energy at the same cost", "holds",
                      "a.e < b.e", "a.e = 1, b.e = 2", ""},
                     {"glass", "", "fails (not clear)", "a.e < 0", "", "a.e is missing"}},
                    {}};
  EXPECT_EQ(render_table(table, {50, false, true, 40}),
            "Claims\n"
            "glass\n"
            "✓ holds: The searched schedule reaches a lower\n"
            "  energy at the same cost\n"
            "  expected   a.e < b.e\n"
            "  measured   a.e = 1, b.e = 2\n"
            "\n"
            "✗ fails (not clear)\n"
            "  expected   a.e < 0\n"
            "  statement  a.e is missing\n");
  EXPECT_THAT(render_table(table, {50, true, true, 40}), HasSubstr("\x1b[32m✓ holds\x1b[0m: The searched"));
  EXPECT_THAT(render_table(table, {50, false, false, 40}), HasSubstr("x fails (not clear)\n"));
  Table wide = table;
  wide.columns[4] = std::string(70, 'm');
  wide.rows[0][1] = std::string(200, 'c');
  std::istringstream lines(render_table(wide, {40, false, false, 40}));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 40U) << line;
}

TEST(TerminalTable, WrapsLongTextInsideItsColumn) {
  const Table table{
      "", {"claim", "n"}, {{"the fitted law predicts the held-out runs to half a percent", 3}}, {}};
  EXPECT_EQ(render_table(table, {40, false, true, 40}),
            "claim                                  n\n"
            "─────────────────────────────────────  ─\n"
            "the fitted law predicts the held-out   3\n"
            "runs to half a percent\n");
}

TEST(TerminalTable, ContinuesBelowWhatIsTooWide) {
  Table table{"", {"seed"}, {{1}}, {}};
  for (int c = 0; c < 8; ++c) {
    table.columns.push_back("column_" + std::to_string(c));
    table.rows[0].push_back(1.5 * c);
  }
  const auto lines = lines_of(render_table(table, {40, false, true, 40}));
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(), [](auto& line) { return line.starts_with("seed"); }),
            3);
  for (const std::string& line : lines) EXPECT_LE(display_width(line), 40);
}

TEST(TerminalTable, SaysHowManyRowsItLeavesOut) {
  Table table{"", {"i"}, {}, {}};
  for (int i = 0; i < 100; ++i) table.rows.push_back({i});
  EXPECT_THAT(render_table(table, {80, false, true, 10}), HasSubstr("9\n… 90 more rows\n"));
}

Report hostile_report() {
  Report report;
  report.title = "\x1b]0;owned\a title";
  report.metric("\x1b[2Jmetric", 1);
  report.tables.push_back({"t\x1b[1m",
                           {"c\x9b"
                            "1"},
                           {{"\x1b[31mcell\r\n"}, {"x", "more", "than", "columns"}, {}},
                           {}});
  report.notes = {"note \x1b[5m"};
  report.artifacts.push_back({"a\x1b", "txt", "text\x1b[0m", ""});
  Figure figure;
  figure.title = "\x1b[7mfigure";
  figure.series = {{"series\x1b", Series::Style::line, {0, 1, 2}, {0, 1, 4}, {}, {}, -1}};
  report.figures = {figure};
  return report;
}

TEST(Terminal, NothingInAReportReachesTheTerminalAsAnEscape) {
  for (const bool unicode : {true, false}) {
    const std::string text = render_terminal(hostile_report(), {80, false, unicode, 40});
    for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  }
}

TEST(Terminal, AsciiStaysAscii) {
  Report report = hostile_report();
  report.notes.push_back("größer ± 3");
  for (const char c : render_terminal(report, {80, false, false, 40}))
    EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(Terminal, LinesKeepTheWidth) {
  Report report = hostile_report();
  report.title = std::string(300, 'w');
  report.metric(std::string(200, 'm'), 1e-300);
  report.notes.push_back(std::string(500, 'n'));
  report.tables.push_back(
      {std::string(200, 't'), {std::string(90, 'h')}, {{std::string(900, 'c')}, {1.5}}, {}});
  for (const int width : {40, 80, 120})
    for (const std::string& line : lines_of(render_terminal(report, {width, false, true, 40})))
      EXPECT_LE(display_width(line), width) << line;
}

TEST(Terminal, SectionsInOrderWithASummaryOfClaims) {
  Report report;
  report.title = "Forecast";
  report.metric("loss", 2.5);
  report.tables.push_back({"Claims", {"claim", "verdict"}, {{"a", "holds"}, {"b", "holds"}}, {}});
  report.artifacts.push_back({"schedule", "txt", "cosine(from=1)\n", ""});
  report.notes.push_back("Mind this.");
  EXPECT_EQ(render_terminal(report, {80, false, true, 40}),
            "Forecast\n━━━━━━━━\n\n"
            "loss  2.5\n\n"
            "Claims\nclaim  verdict\n─────  ───────\na      ✓ holds\nb      ✓ holds\n\n"
            "✓ all 2 claims hold\n\n"
            "schedule.txt  cosine(from=1)\n\n"
            "▸ Mind this.\n");
}

TEST(Terminal, PlotsARisingLineFromLowerLeftToUpperRight) {
  Report report;
  Figure figure;
  figure.title = "Line";
  figure.series = {{"up", Series::Style::line, {0, 10}, {0, 1}, {}, {}, -1}};
  report.figures = {figure};
  const auto lines = lines_of(render_terminal(report, {80, false, true, 40}));
  ASSERT_GT(lines.size(), 12u);
  EXPECT_EQ(lines[0], "Line");
  const auto dots_start = [](const std::string& line) {
    const std::size_t axis = std::min(line.find("│"), line.find("┤"));
    return line.find_first_not_of(' ', axis + 3);
  };
  EXPECT_GT(dots_start(lines[2]), dots_start(lines[6]));
  EXPECT_GT(dots_start(lines[6]), dots_start(lines[10]));
  EXPECT_THAT(render_terminal(report, {80, false, true, 40}), HasSubstr(" up\n"));
  EXPECT_EQ(render_terminal(report, {80, false, false, 40}), "");
}

}  // namespace
}  // namespace lehr::report
