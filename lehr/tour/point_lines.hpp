// The benchmark files of learned heuristics for tours: a problem per line,
//   x1 y1 x2 y2 ... xn yn output t1 t2 ... tn t1
// with distances that are not rounded. The tour counts cities from 1; a last number that repeats the first is left out. A line
// without `output` is a problem without a tour.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lehr/tour/problem.hpp"

namespace lehr::tour {

// The problems on the lines `wanted`, counted from 1 (empty: all), in that order. Throws InvalidInput for a number that is none, a
// tour that is not one, a line that the file has not. Memory is bounded by the file's size.
std::vector<Problem> parse_point_lines(std::string_view text, const std::string& file,
                                       const std::vector<std::int64_t>& wanted = {});

// The problem as such a line, with its stored tour where it has one; InvalidInput without coordinates in the plane.
std::string point_line(const Problem& problem);

}  // namespace lehr::tour
