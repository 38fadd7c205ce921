// Figures as SVG, drawn by gnuplot (5.2 or later) as child processes, several at a time.
//
// Equal figures give equal bytes. Without gnuplot, or when a drawing fails or takes too long, a figure is
// missing and a hint says why; nothing is thrown.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "lehr/core/report.hpp"

namespace lehr::report {

struct DrawnFigures {
  std::vector<std::string> svgs;   // one per figure, "" where it could not be drawn
  std::vector<std::string> hints;  // each reason once
};

// Draws the figures with the `gnuplot` found in PATH; each may take up to `time_limit`.
DrawnFigures draw_figures(const std::vector<Figure>& figures,
                          std::chrono::seconds time_limit = std::chrono::seconds(30));

}  // namespace lehr::report
