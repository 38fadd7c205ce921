#include "apps/lehr/tour/tour_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/report/gnuplot_script.hpp"

namespace lehr::command {

namespace {

constexpr std::size_t cities_drawn = 300;  // up to this many the cities themselves are drawn too

struct MapBox {
  double low[2], high[2];

  explicit MapBox(const std::vector<double>& positions) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      low[axis] = std::numeric_limits<double>::infinity(), high[axis] = -low[axis];
      for (std::size_t i = axis; i < positions.size(); i += 2)
        low[axis] = std::min(low[axis], positions[i]), high[axis] = std::max(high[axis], positions[i]);
    }
  }
  double width() const { return high[0] - low[0]; }
  double height() const { return high[1] - low[1]; }
};

// Widens the axis that has room, so that a unit is as long across as down.
void use_one_scale(Figure& figure, const MapBox& box) {
  const report::FigureGeometry geometry = report::gnuplot_script(figure).geometry;
  double unit =
      std::max(box.width() / geometry.plot_width(), box.height() / geometry.plot_height());  // per pixel
  if (!(unit > 0)) unit = 1;
  const double x = 0.515 * unit * geometry.plot_width(), y = 0.515 * unit * geometry.plot_height();
  const double middle[2] = {box.low[0] + box.width() / 2, box.low[1] + box.height() / 2};
  figure.x.low = middle[0] - x, figure.x.high = middle[0] + x;
  figure.y.low = middle[1] - y, figure.y.high = middle[1] + y;
}

}  // namespace

Figure tour_map_figure(const std::vector<double>& positions, const tour::Order& order,
                       const std::string& title) {
  const MapBox box(positions);
  const double pixel = std::max(box.width() / 600, box.height() / 290);
  Figure figure;
  figure.name = "tour", figure.title = title,
  figure.caption = fmt::format("The tour through {} cities.", order.size());
  Series line, cities;
  line.style = Series::Style::line, line.color = 0;
  cities.style = Series::Style::points, cities.color = 1;
  for (std::size_t k = 0; k <= order.size(); ++k) {
    const auto city = static_cast<std::size_t>(order[k % order.size()]);
    const double x = positions[2 * city], y = positions[2 * city + 1];
    const bool last = k == order.size();
    if (!last && !line.x.empty() && order.size() > cities_drawn &&
        std::abs(x - line.x.back()) < 0.4 * pixel && std::abs(y - line.y.back()) < 0.4 * pixel)
      continue;
    line.x.push_back(x), line.y.push_back(y);
    if (!last) cities.x.push_back(x), cities.y.push_back(y);
  }
  figure.series.push_back(std::move(line));
  if (order.size() <= cities_drawn) figure.series.push_back(std::move(cities));
  use_one_scale(figure, box);
  return figure;
}

std::string tour_map_svg(const std::vector<double>& positions, const tour::Order& order) {
  constexpr double size = 2000, margin = 10;
  const MapBox box(positions);
  const double longest = std::max(box.width(), box.height());
  const double scale = longest > 0 ? size / longest : 1;
  const double width = scale * box.width() + 2 * margin, height = scale * box.height() + 2 * margin;
  const double stroke = std::clamp(60 / std::sqrt(static_cast<double>(order.size())), 0.4, 4.0);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
      "<polygon fill=\"none\" stroke=\"#20639b\" stroke-width=\"{2:.2f}\" stroke-linejoin=\"round\" "
      "points=\"",
      width, height, stroke);
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto city = static_cast<std::size_t>(order[k]);
    svg += fmt::format("{}{:.1f},{:.1f}",
                       k == 0        ? ""
                       : k % 10 == 0 ? "\n"
                                     : " ",
                       margin + scale * (positions[2 * city] - box.low[0]),
                       margin + scale * (box.high[1] - positions[2 * city + 1]));
  }
  return svg + "\"/>\n</svg>\n";
}

}  // namespace lehr::command
