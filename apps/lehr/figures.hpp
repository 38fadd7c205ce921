// Figures and series that are filled in step by step.
#pragma once

#include <string>
#include <utility>

#include "lehr/core/report.hpp"

namespace lehr::command {

// A figure without series.
inline Figure empty_figure(std::string name, std::string title, std::string caption, std::string x,
                           std::string y) {
  Figure figure;
  figure.name = std::move(name), figure.title = std::move(title), figure.caption = std::move(caption);
  figure.x.label = std::move(x), figure.y.label = std::move(y);
  return figure;
}

// A series without points; color as in Series, -1: the next of the palette.
inline Series empty_series(std::string label, Series::Style style, int color = -1) {
  return {.label = std::move(label), .style = style, .color = color};
}

}  // namespace lehr::command
