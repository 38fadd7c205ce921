// Fewer points, same picture: what a figure of a given width in pixels can show of a long series.
#pragma once

#include <functional>
#include <vector>

namespace lehr::report {

// A point of a figure: x and y, or x and the edges of a band or an error bar.
struct PlotPoint {
  double x = 0, y = 0;
  double low = 0, high = 0;
};

using PlotRun = std::vector<PlotPoint>;             // consecutive points without a gap
using PixelColumn = std::function<double(double)>;  // x to a pixel's column

// A line keeps, of the consecutive points that fall into one pixel column, the first, the lowest, the highest
// and the last in their order, so that the drawn ink stays the same.
PlotRun thin_line(const PlotRun& run, const PixelColumn& column);

// A band keeps one point per pixel column, with the lowest and the highest edge.
PlotRun thin_band(const PlotRun& run, const PixelColumn& column);

// A cloud keeps the first point of each pixel.
PlotRun thin_points(const PlotRun& run, const PixelColumn& column, const PixelColumn& row);

}  // namespace lehr::report
