// A figure's lines as braille dots on the terminal: 2 x 4 dots a character, labels at the lines' ends.
#pragma once

#include <string>

#include "lehr/core/report.hpp"

namespace lehr::report {

// The plot of `figure`, `width` columns wide with `height` rows of dots, title and axis labels included; ""
// when the figure has no line to show.
std::string render_braille(const Figure& figure, int width, int height, bool color);

}  // namespace lehr::report
