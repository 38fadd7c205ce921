// Problems in TSPLIB's format (Reinelt 1995, "TSPLIB 95", sections 1 and 2).
//
// Read are TYPE TSP and ATSP with EDGE_WEIGHT_TYPE EUC_2D, EUC_3D, MAN_2D, MAN_3D, MAX_2D, MAX_3D, CEIL_2D, ATT, GEO, and EXPLICIT in
// every EDGE_WEIGHT_FORMAT that holds numbers. Entries and sections may come in any order, with or without blanks before a colon;
// EOF may be missing; node numbers may be any different whole numbers. Refused by name: other types (HCP, SOP, CVRP, TOUR), other
// weights (XRAY1, XRAY2, SPECIAL), fixed edges, edge lists. Memory is bounded by the file's size.
#pragma once

#include <string>
#include <string_view>

#include "lehr/tour/problem.hpp"

namespace lehr::tour {

// `file` is the file's name, for messages.
Problem parse_tsplib(std::string_view text, const std::string& file);

// The problem as a file of TSPLIB. Coordinates are written with all their digits; a problem of plain distances (`euclidean`) is
// refused, because TSPLIB has no rule for it: lkh_file.hpp writes it scaled.
std::string tsplib_text(const Problem& problem);

}  // namespace lehr::tour
