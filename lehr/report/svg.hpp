// gnuplot's SVG made fit for a page: small, without ids and external references, deterministic, and telling
// the page's script where its axes are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lehr/report/gnuplot_script.hpp"

namespace lehr::report {

// Rewrites what gnuplot printed for `script` of a figure titled `title`; nullopt when it is not a complete
// SVG. Colours become "#rrggbb" (the page's style sheet swaps them in the dark), empty groups and unused
// definitions go, points become circles, and each series' group gets its label as <title>. The root carries
// data-box ("left top width height" of the plot area) and data-x and data-y ("low high linear" or "low high
// log").
std::optional<std::string> tidy_svg(std::string_view raw, std::string_view title,
                                    const GnuplotScript& script);

}  // namespace lehr::report
