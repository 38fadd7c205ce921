// A planned figure as a gnuplot script that writes one SVG to its standard output.
//
// The script sets every coordinate itself (margins, ticks, labels), so that the picture depends on the figure
// alone. Text reaches gnuplot only as octal escapes: nothing in a label can end a string, run a command or be
// markup.
#pragma once

#include <string>
#include <string_view>

#include "lehr/report/figure_plan.hpp"

namespace lehr::report {

// The picture in pixels, and the plot area inside it.
struct FigureGeometry {
  int width = 660, height = 400;
  int left = 0, top = 0, right = 0,
      bottom = 0;  // edges of the plot area, from the picture's upper left corner

  int plot_width() const { return right - left; }
  int plot_height() const { return bottom - top; }
};

struct GnuplotScript {
  FigurePlan plan;
  FigureGeometry geometry;
  std::string text;
};

GnuplotScript gnuplot_script(const Figure& figure);

// `text` as a double-quoted gnuplot string of ASCII letters, spaces and octal escapes (digits too are
// escaped: gnuplot reads any number of them after a backslash).
std::string gnuplot_string(std::string_view text);

}  // namespace lehr::report
