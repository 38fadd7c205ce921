// A figure ready to be drawn: scales, layers of thinned runs from back to front, and what is written at the
// series' ends. Knows data and pixels, but no drawing program.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/report.hpp"
#include "lehr/report/axis_scale.hpp"
#include "lehr/report/thin.hpp"

namespace lehr::report {

// In the order in which they are drawn.
enum class LayerKind { fill, boxes, line, points };

struct Layer {
  LayerKind kind = LayerKind::line;
  std::string label;  // of its series, clean; may be empty
  int color = 0;      // index into the palette
  bool dashed = false;
  bool thin = false;          // error bars
  double half_width = 0;      // boxes, in units of x
  std::vector<PlotRun> runs;  // fill: x, low, high; boxes: x, y; line and points: x, y
};

struct SeriesLabel {
  std::string text;
  LayerKind kind = LayerKind::line;
  int color = 0;
  bool dashed = false;
  double height = 0;     // where the series ends, in [0, 1] of the y axis
  bool at_edge = false;  // whether it ends at the right edge of the plot
};

struct FigurePlan {
  AxisScale x, y;
  std::vector<Layer> layers;
  std::vector<SeriesLabel> labels;  // in the order of the series, without repetitions
};

// What a plot has room for: pixels (or dots) across and down, and about how many ticks.
struct PlotSize {
  int columns, rows;
  int x_ticks, y_ticks;
};

// Plans `figure` for a plot of the given size. Points without a finite x and y (positive, on a log
// axis) break their line; series of more than 2,000 points are thinned to the pixels; a series' shortest
// vector gives its length.
FigurePlan plan_figure(const Figure& figure, const PlotSize& size);

}  // namespace lehr::report
