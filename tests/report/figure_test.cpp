#include <gmock/gmock.h>

#include <limits>

#include "lehr/report/axis_scale.hpp"
#include "lehr/report/figure_plan.hpp"
#include "lehr/report/gnuplot_script.hpp"
#include "lehr/report/label_placement.hpp"
#include "lehr/report/thin.hpp"

namespace lehr::report {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr PlotSize size{500, 300, 6, 6};

std::vector<std::string> labels_of(const AxisScale& scale) {
  std::vector<std::string> labels;
  for (const Tick& tick : scale.ticks)
    if (!tick.label.empty()) labels.push_back(tick.label);
  return labels;
}

using Labels = std::vector<std::string>;

TEST(AxisScale, LinearTicksAreRoundAndReadable) {
  EXPECT_EQ(labels_of(axis_scale({}, 0, 1, 0, 5)), (Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels_of(axis_scale({}, 0, 20000, 0, 4)), (Labels{"0", "5k", "10k", "15k", "20k"}));
  EXPECT_EQ(labels_of(axis_scale({}, 0, 3e6, 0, 3)), (Labels{"0", "1M", "2M", "3M"}));
  EXPECT_EQ(labels_of(axis_scale({}, -1, 1, 0, 2)), (Labels{"-1", "0", "1"}));
  EXPECT_EQ(labels_of(axis_scale({}, 0, 4e-7, 0, 2)), (Labels{"0", "2×10⁻⁷", "4×10⁻⁷"}));
  EXPECT_EQ(labels_of(axis_scale({}, 2.80, 2.86, 0, 3)), (Labels{"2.80", "2.82", "2.84", "2.86"}));
}

TEST(AxisScale, LogarithmicTicksAreDecadesOrOneTwoFive) {
  const Axis log{"", true, {}, {}};
  EXPECT_EQ(labels_of(axis_scale(log, 1e-6, 1e-3, 0, 5)), (Labels{"10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³"}));
  EXPECT_EQ(labels_of(axis_scale(log, 0.1, 100, 0, 5)), (Labels{"0.1", "1", "10", "100"}));
  EXPECT_EQ(labels_of(axis_scale(log, 1, 20, 0, 5)), (Labels{"1", "2", "5", "10", "20"}));
}

TEST(AxisScale, DegenerateAndHostileRangesStayUsable) {
  for (const bool log : {false, true})
    for (const auto& [low, high] : std::vector<std::pair<double, double>>{{1, 1},
                                                                          {0, 0},
                                                                          {infinity, -infinity},
                                                                          {-1e308, 1e308},
                                                                          {5e-324, 1e308},
                                                                          {-5, -5},
                                                                          {1, 1 + 1e-15},
                                                                          {1e308, 1e308}}) {
      for (const Axis& limits : {Axis{"", log, nan, 7.0}, Axis{"", log, {}, {}}}) {
        const AxisScale scale = axis_scale(limits, low, high, 0.05, 6);
        EXPECT_TRUE(std::isfinite(scale.low) && std::isfinite(scale.high) && scale.low < scale.high)
            << low << " " << high;
        EXPECT_TRUE(std::isfinite(scale.high - scale.low));
        EXPECT_LE(scale.ticks.size(), 200u);
        for (const Tick& tick : scale.ticks) EXPECT_TRUE(tick.at >= scale.low * (1 - 1e-9) || scale.low <= 0);
      }
    }
}

TEST(AxisScale, LimitsOfTheAxisWinAndSenselessOnesAreIgnored) {
  EXPECT_EQ(axis_scale({"", false, 2.0, 3.0}, 0, 10, 0.1, 5).low, 2);
  EXPECT_EQ(axis_scale({"", false, 3.0, 2.0}, 0, 10, 0, 5).high, 10);
  EXPECT_GT(axis_scale({"", true, -1.0, {}}, 1, 10, 0, 5).low, 0);
}

TEST(AxisScale, PositionAndValueAreInverse) {
  const AxisScale scale = axis_scale({"", true, {}, {}}, 1e-3, 10, 0.04, 5);
  for (const double value : {1e-3, 0.02, 1.0, 10.0})
    EXPECT_NEAR(scale.value_at(scale.position(value)), value, 1e-12 * value);
  EXPECT_TRUE(std::isnan(scale.position(-1)));
}

TEST(LabelPlacement, SpreadsNoMoreThanNeeded) {
  EXPECT_EQ(spread({1, 5, 9}, 2, 0, 10), (std::vector<double>{1, 5, 9}));
  EXPECT_EQ(spread({5, 5}, 2, 0, 10), (std::vector<double>{4, 6}));
  EXPECT_EQ(spread({9, 0, 9}, 2, 0, 10), (std::vector<double>{8, 0, 10}));
  EXPECT_EQ(spread({3, 3, 3}, 10, 0, 10), (std::vector<double>{0, 5, 10}));
}

TEST(Thinning, ALineKeepsTheExtremesOfEachPixelColumn) {
  PlotRun run;
  for (int i = 0; i < 100000; ++i) run.push_back({i / 100000.0, std::sin(i * 12.9898) * 43758.5453, 0, 0});
  const PixelColumn column = [](double x) { return x * 500; };
  const PlotRun kept = thin_line(run, column);
  EXPECT_LE(kept.size(), 2000u);
  std::map<int, std::pair<double, double>> before, after;
  const auto collect = [&](const PlotRun& points, auto& extremes) {
    for (const PlotPoint& point : points) {
      auto [found, fresh] = extremes.try_emplace(static_cast<int>(column(point.x)), point.y, point.y);
      found->second = {std::min(found->second.first, point.y), std::max(found->second.second, point.y)};
    }
  };
  collect(run, before);
  collect(kept, after);
  EXPECT_EQ(before, after);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(), [](auto& a, auto& b) { return a.x < b.x; }));
}

TEST(Thinning, ABandKeepsItsHullAndACloudItsPixels) {
  PlotRun run;
  for (int i = 0; i < 4000; ++i) run.push_back({i / 4000.0, 0, -1.0 * (i % 7), 1.0 * (i % 5)});
  const PlotRun band = thin_band(run, [](double x) { return x * 100; });
  EXPECT_EQ(band.size(), 100u);
  for (const PlotPoint& point : band) EXPECT_TRUE(point.low == -6 && point.high == 4);
  EXPECT_EQ(thin_points(
                run, [](double x) { return x * 10; }, [](double) { return 0.0; })
                .size(),
            10u);
}

Series line(std::vector<double> x, std::vector<double> y) {
  return {"s", Series::Style::line, std::move(x), std::move(y), {}, {}, -1};
}

TEST(FigurePlan, GapsBreakALine) {
  Figure figure;
  figure.series = {line({0, 1, 2, 3, 4}, {1, 2, nan, 3, infinity})};
  const FigurePlan plan = plan_figure(figure, size);
  ASSERT_EQ(plan.layers.size(), 1u);
  ASSERT_EQ(plan.layers[0].runs.size(), 2u);
  EXPECT_EQ(plan.layers[0].runs[0].size(), 2u);
  EXPECT_EQ(plan.layers[0].runs[1].size(), 1u);
}

TEST(FigurePlan, UnlabelledColoursAvoidTheChosenOnes) {
  Figure figure;
  figure.series = {line({0, 1}, {1, 2}), line({0, 1}, {1, 2}), line({0, 1}, {1, 2})};
  figure.series[1].color = 0;
  const FigurePlan plan = plan_figure(figure, size);
  EXPECT_EQ(plan.layers[0].color, 1);
  EXPECT_EQ(plan.layers[1].color, 0);
  EXPECT_EQ(plan.layers[2].color, 2);
}

TEST(FigurePlan, StepsTurnAtRightAngles) {
  Figure figure;
  figure.series = {line({0, 1, 2}, {5, 6, 6})};
  figure.series[0].style = Series::Style::steps;
  const PlotRun run = plan_figure(figure, size).layers[0].runs[0];
  ASSERT_EQ(run.size(), 4u);
  EXPECT_TRUE(run[1].x == 1 && run[1].y == 5);
  EXPECT_TRUE(run[2].x == 1 && run[2].y == 6);
}

TEST(FigurePlan, BarsStandOnZeroSideBySide) {
  Figure figure;
  figure.series = {line({1, 2}, {3, 4}), line({1, 2}, {5, 6})};
  for (Series& series : figure.series) series.style = Series::Style::bars;
  const FigurePlan plan = plan_figure(figure, size);
  EXPECT_LE(plan.y.low, 0);
  const PlotPoint &a = plan.layers[0].runs[0][0], &b = plan.layers[1].runs[0][0];
  EXPECT_NEAR(b.x - a.x, 0.4, 1e-12);
  EXPECT_LE(a.x + plan.layers[0].half_width, b.x - plan.layers[1].half_width);
}

TEST(FigurePlan, UnequalLengthsUseTheShortest) {
  Figure figure;
  figure.series = {line({0, 1, 2, 3}, {1, 2}), line({}, {1}), line({1}, {})};
  figure.series[1].style = Series::Style::band;
  const FigurePlan plan = plan_figure(figure, size);
  std::size_t points = 0;
  for (const Layer& layer : plan.layers)
    for (const PlotRun& run : layer.runs) points += run.size();
  EXPECT_EQ(points, 2u);
}

TEST(GnuplotScript, TextIsOnlyLettersSpacesAndOctalEscapes) {
  EXPECT_EQ(gnuplot_string("a b\"`9\n"), "\"a b\\042\\140\\071\\012\"");
  Figure figure;
  figure.title = "`touch pwned` \" ; system('x')";
  figure.series = {line({0, 1}, {0, 1})};
  figure.series[0].label = "$(id)\\";
  const std::string script = gnuplot_script(figure).text;
  EXPECT_EQ(script.find('`'), script.npos);
  EXPECT_EQ(script.find("$("), script.npos);
  EXPECT_EQ(script.find(';'), script.npos);
}

}  // namespace
}  // namespace lehr::report
