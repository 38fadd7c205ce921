// Tours in TSPLIB's format (Reinelt 1995, section 1.2: TYPE TOUR, TOUR_SECTION), as .tour and .opt.tour files hold them and LKH and
// Concorde's converters write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lehr/tour/problem.hpp"

namespace lehr::tour {

// The cities' numbers as the file has them: those of TOUR_SECTION up to -1, EOF or the end of the file. Of several tours the first.
// Throws InvalidInput where there is no TOUR_SECTION, where TYPE is not TOUR, for what is no number, and for another count than DIMENSION.
std::vector<std::int64_t> parse_tour(std::string_view text, const std::string& file);

// The tour of `problem` in that file.
Order parse_tour_of(const Problem& problem, std::string_view text, const std::string& file);

// A .tour file with the problem's own numbers, from city 0 on (`canonical`).
std::string tour_text(const Problem& problem, const Order& order, double length);

// A table of the cities in the order of the tour: position, number, name, coordinates, distance to the next.
std::string tour_csv(const Problem& problem, const Order& order);

}  // namespace lehr::tour
