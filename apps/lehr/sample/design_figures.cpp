// Where a design's points stand: over the Christoffel density of their space.
#include <algorithm>
#include <cmath>

#include "apps/lehr/sample/fit_report.hpp"

namespace lehr::command {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index curve_points = 400, marginal_bins = 30, marginal_draws = 20000, most_points_shown = 3000;

Series point_series(const sample::Design& design, const VectorXd& x, const VectorXd& y,
                    const std::string& label) {
  Series series{.label = label, .style = Series::Style::points};
  const Index stride = std::max<Index>(1, design.points.cols() / most_points_shown);
  for (Index i = 0; i < x.size(); i += stride) series.x.push_back(x(i)), series.y.push_back(y(i));
  return series;
}

// k(x) / m along the line, and the points on it.
Figure density_figure(const sample::FunctionSpace& space, const sample::Design& design) {
  Figure figure{
      .name = "points",
      .title = "Runs over the optimal density",
      .caption =
          "The line is k(x) / m, the density of the optimal law with respect to the reference measure; its "
          "inverse is the weight of a run.",
      .x = {.label = "x_1"},
      .y = {.label = "k(x) / m", .low = 0},
      .series = {}};
  const auto m = static_cast<double>(space.size);
  Eigen::MatrixXd line(1, curve_points);
  if (space.finite) {
    line = space.finite->points;
    std::sort(line.data(), line.data() + line.size());
  } else {
    const double low = design.points.minCoeff(), high = design.points.maxCoeff();
    line = Eigen::RowVectorXd::LinSpaced(curve_points, low, high);
  }
  const VectorXd density = space.features(line).colwise().squaredNorm().transpose() / m;
  Series curve{.label = "optimal density", .style = Series::Style::line};
  curve.x.assign(line.data(), line.data() + line.size());
  curve.y.assign(density.begin(), density.end());
  const VectorXd at_points = space.features(design.points).colwise().squaredNorm().transpose() / m;
  figure.series = {std::move(curve),
                   point_series(design, design.points.row(0).transpose(), at_points, "runs")};
  return figure;
}

Figure plane_figure(const sample::Design& design) {
  Figure figure{.name = "points",
                .title = "Runs in the first two coordinates",
                .caption = {},
                .x = {.label = "x_1"},
                .y = {.label = "x_2"},
                .series = {}};
  figure.series.push_back(
      point_series(design, design.points.row(0).transpose(), design.points.row(1).transpose(), "runs"));
  return figure;
}

// The share of points in each of equal bins of [low, high].
std::vector<double> bin_shares(const VectorXd& values, double low, double high) {
  std::vector<double> shares(marginal_bins);
  for (const double value : values) {
    const auto bin = static_cast<Index>((value - low) / (high - low) * static_cast<double>(marginal_bins));
    shares[static_cast<std::size_t>(std::clamp<Index>(bin, 0, marginal_bins - 1))] +=
        1 / static_cast<double>(values.size());
  }
  return shares;
}

// The law of the first coordinate: the design's points against many draws from nu_m.
Figure marginal_figure(const sample::FunctionSpace& space, const sample::Design& design) {
  Stream random(Seed{1}, lane("sample.design.figure"));
  const VectorXd optimal = space.draw_optimal(random, marginal_draws, space.size).row(0).transpose();
  const VectorXd drawn = design.points.row(0).transpose();
  const double low = std::min(optimal.minCoeff(), drawn.minCoeff()),
               high = std::max(optimal.maxCoeff(), drawn.maxCoeff());
  Figure figure{
      .name = "marginal",
      .title = "Runs over the optimal density",
      .caption =
          "Share of the runs in each thirtieth of the range of x_1 (bars), and what the optimal law gives "
          "(line).",
      .x = {.label = "x_1"},
      .y = {.label = "share", .low = 0},
      .series = {}};
  if (!(low < high)) return figure;
  Series bars{.label = "runs", .style = Series::Style::bars, .y = bin_shares(drawn, low, high)};
  Series line{.label = "optimal law", .style = Series::Style::line, .y = bin_shares(optimal, low, high)};
  for (Index bin = 0; bin < marginal_bins; ++bin)
    bars.x.push_back(low +
                     (static_cast<double>(bin) + 0.5) / static_cast<double>(marginal_bins) * (high - low));
  line.x = bars.x;
  figure.series = {std::move(bars), std::move(line)};
  return figure;
}

}  // namespace

void add_point_figures(const sample::FunctionSpace& space, const sample::Design& design, Report& report) {
  if (space.dimension == 1) {
    report.figures.push_back(density_figure(space, design));
    return;
  }
  report.figures.push_back(plane_figure(design));
  report.figures.push_back(marginal_figure(space, design));
}

}  // namespace lehr::command
