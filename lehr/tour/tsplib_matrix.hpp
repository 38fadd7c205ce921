// The tables of distances in files of TSPLIB (Reinelt 1995, section 1.2: EDGE_WEIGHT_FORMAT and EDGE_WEIGHT_SECTION).
#pragma once

#include <vector>

#include "lehr/tour/tsplib_text.hpp"

namespace lehr::tour {

// The n x n table, row by row, with 0 on the diagonal. An asymmetric one needs FULL_MATRIX, and entries may be negative nowhere. Throws
// InvalidInput for an unknown format, another number of entries than the format needs, an entry that is negative or no number. What
// is allocated is bounded by the section's text.
std::vector<double> read_matrix(const TsplibText& text, const TsplibText::Section& section,
                                const TsplibText::Entry* format, std::int64_t n, bool asymmetric);

}  // namespace lehr::tour
