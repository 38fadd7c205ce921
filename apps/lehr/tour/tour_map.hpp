// A tour on a map.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/report.hpp"
#include "lehr/tour/order.hpp"

namespace lehr::command {

// For the report's page, with one scale for both axes. `positions`: two per city. Cities that fall on the pixel of the one before are left out.
Figure tour_map_figure(const std::vector<double>& positions, const tour::Order& order,
                       const std::string& title);

// A picture of its own, 2000 units wide, with thin lines: about 12 bytes a city.
std::string tour_map_svg(const std::vector<double>& positions, const tour::Order& order);

}  // namespace lehr::command
