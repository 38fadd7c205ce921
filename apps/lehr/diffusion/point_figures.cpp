#include "apps/lehr/diffusion/point_figures.hpp"

#include <algorithm>

namespace lehr::command {
namespace {

constexpr Eigen::Index most_points = 2000;
constexpr int bins = 60;

}  // namespace

Series cloud(const std::string& label, const Eigen::MatrixXd& points, int color) {
  Series series;
  series.label = label, series.style = Series::Style::points, series.color = color;
  const Eigen::Index stride = (points.cols() + most_points - 1) / most_points,
                     second = std::min<Eigen::Index>(1, points.rows() - 1);
  for (Eigen::Index i = 0; i < points.cols(); i += stride)
    series.x.push_back(points(0, i)), series.y.push_back(points(second, i));
  return series;
}

Series histogram(const std::string& label, const Eigen::MatrixXd& points, double low, double high,
                 int color) {
  Series series;
  series.label = label, series.style = Series::Style::steps, series.color = color;
  const double width = (high - low) / bins;
  std::vector<double> counts(bins, 0.0);
  for (const double x : points.row(0))
    counts[static_cast<std::size_t>(std::clamp(static_cast<int>((x - low) / width), 0, bins - 1))] += 1;
  for (int b = 0; b < bins; ++b) {
    series.x.push_back(low + (b + 0.5) * width);
    series.y.push_back(counts[static_cast<std::size_t>(b)] / (width * static_cast<double>(points.cols())));
  }
  return series;
}

}  // namespace lehr::command
