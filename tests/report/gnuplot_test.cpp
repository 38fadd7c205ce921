#include "lehr/report/gnuplot.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <limits>

#include "tests/report/xml_check.hpp"

namespace lehr::report {
namespace {

using testing::HasSubstr, testing::Not, testing::IsEmpty;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

class Gnuplot : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("gnuplot --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "gnuplot is not installed";
  }
};

Figure every_style() {
  Figure figure;
  figure.name = "all";
  figure.title = "All <styles> & \"quotes\" `id` @x {/Bold y}_2";
  figure.x.label = "x > 0";
  figure.y.label = "y";
  using Style = Series::Style;
  for (const Style style :
       {Style::line, Style::points, Style::steps, Style::band, Style::bars, Style::dashed}) {
    Series series;
    series.style = style;
    series.label = "series <" + std::to_string(static_cast<int>(style)) + "> & 100% \\n 'q'";
    for (int i = 0; i <= 20; ++i) {
      series.x.push_back(i);
      series.y.push_back(i == 7 ? nan : i + static_cast<int>(style));
      series.low.push_back(i - 1.0);
      series.high.push_back(i + 9.0);
    }
    figure.series.push_back(series);
  }
  return figure;
}

TEST_F(Gnuplot, DrawsEveryStyleAsWellFormedSvg) {
  const DrawnFigures drawn = draw_figures({every_style()});
  EXPECT_THAT(drawn.hints, IsEmpty());
  ASSERT_EQ(drawn.svgs.size(), 1u);
  const std::string& svg = drawn.svgs[0];
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_THAT(svg, HasSubstr("All &lt;styles> &amp; \"quotes\" `id` @x {/Bold y}_2</text>"));
  EXPECT_THAT(svg, HasSubstr("series &lt;3> &amp; 100% \\n 'q'</text>"));
  EXPECT_THAT(svg, HasSubstr("fill-opacity=\"0.180000\""));
  EXPECT_THAT(svg, HasSubstr("stroke-dasharray"));
  EXPECT_THAT(svg, HasSubstr("<circle"));
  EXPECT_THAT(svg, HasSubstr("data-box=\""));
  EXPECT_THAT(svg, Not(HasSubstr(" id=\"")));
  EXPECT_THAT(svg, Not(HasSubstr("xlink")));
}

TEST_F(Gnuplot, EqualFiguresGiveEqualBytes) {
  const DrawnFigures drawn = draw_figures({every_style(), every_style()});
  EXPECT_FALSE(drawn.svgs[0].empty());
  EXPECT_EQ(drawn.svgs[0], drawn.svgs[1]);
  EXPECT_EQ(drawn.svgs, draw_figures({every_style(), every_style()}).svgs);
}

// The corner of the plot area that data-box tells is where gnuplot drew the axis.
TEST_F(Gnuplot, ThePlotAreaIsWhereThePageThinksItIs) {
  Figure figure;
  figure.x = {"x", false, 0.0, 10.0};
  figure.y = {"y", false, 0.0, 4.0};
  figure.series = {{"", Series::Style::line, {0, 10}, {0, 4}, {}, {}, -1}};
  const std::string svg = draw_figures({figure}).svgs.at(0);
  double left, top, width, height, x0, y0, x1, y1;
  ASSERT_EQ(std::sscanf(svg.c_str() + svg.find("data-box"), "data-box=\"%lf %lf %lf %lf", &left, &top, &width,
                        &height),
            4);
  const std::size_t path = svg.find("d=\"", svg.find("stroke=\"#0072b2\""));
  ASSERT_EQ(std::sscanf(svg.c_str() + path, "d=\"M%lf,%lf L%lf,%lf", &x0, &y0, &x1, &y1), 4);
  EXPECT_NEAR(x0, left, 0.6);
  EXPECT_NEAR(x1, left + width, 0.6);
  EXPECT_NEAR(y0, top + height, 0.6);
  EXPECT_NEAR(y1, top, 0.6);
}

TEST_F(Gnuplot, HostileNumbersAndTextAreDrawnOrLeftOut) {
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<Figure> figures(6);
  figures[0].series = {
      {"huge", Series::Style::line, {-1e308, 0, 1e308}, {1e308, -1e308, infinity}, {}, {}, -1}};
  figures[1].series = {{"nothing", Series::Style::points, {nan}, {nan}, {}, {}, -1}};
  figures[2].y.log = figures[2].x.log = true;
  figures[2].series = {{"signs", Series::Style::band, {1, 2, 3}, {}, {-1, 0, 1e-320}, {1, 1e300, 5}, -1},
                       {"negative", Series::Style::bars, {1, 2, 3}, {-1, 0, 5}, {}, {}, 1005}};
  figures[3].title = std::string("\xff\x00\x1b[31m\xE2\x80\xAE", 10);
  figures[3].title.append(5000, 'x');
  figures[3].series = {{std::string(5000, '<'), Series::Style::steps, {0, 1}, {3, 3}, {}, {}, -1}};
  figures[4].y = {"", false, 0.0, 1e-9};
  figures[4].series = {{"far outside", Series::Style::line, {0, 1, 2}, {-1e300, 1e300, 0.5e-9}, {}, {}, -1}};
  const DrawnFigures drawn = draw_figures(figures);
  EXPECT_THAT(drawn.hints, IsEmpty());
  for (const std::string& svg : drawn.svgs) EXPECT_EQ(xml_fault(svg), "");
}

TEST_F(Gnuplot, LongSeriesStaySmall) {
  Figure figure;
  Series series;
  for (int i = 0; i < 300000; ++i) {
    series.x.push_back(i);
    series.y.push_back(std::sin(i * 12.9898));
  }
  figure.series = {series};
  const std::string svg = draw_figures({figure}).svgs.at(0);
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_LT(svg.size(), 60000u);
}

TEST_F(Gnuplot, GivesUpAfterTheTimeLimit) {
  const DrawnFigures drawn = draw_figures({every_style()}, std::chrono::seconds(-1));
  EXPECT_TRUE(drawn.svgs.at(0).empty());
  ASSERT_EQ(drawn.hints.size(), 1u);
  EXPECT_THAT(drawn.hints[0], HasSubstr("figure 'all' could not be drawn: gnuplot took longer"));
}

TEST(XmlCheck, FindsFaults) {
  EXPECT_EQ(xml_fault("<?xml version='1.0'?><a b=\"1>2\"><c/>x &amp; y</a>\n"), "");
  for (const char* bad :
       {"", "<a>", "<a></b>", "<a>&x</a>", "<a b='<'", "<a/><b/>", "x<a/>", "<a", "<a b=\"&\"/>"})
    EXPECT_NE(xml_fault(bad), "") << bad;
}

}  // namespace
}  // namespace lehr::report
