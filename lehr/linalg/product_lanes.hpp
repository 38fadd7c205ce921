// Products of small dense matrices in double, in panels of 16 lanes: what a batch of points does to the coefficients of a mixture or of a
// layer, and back. A panel is depth x 16 numbers, the lane running fastest, so that a lane is a point (or an output) and nothing is
// summed across lanes. Compiled for several instruction sets (Highway), chosen at run time. Each output is one sum in the order of the
// depth, products and sums apart, so that all instruction sets give the same bits. Cost: depth * columns * 16 multiplications and
// additions.
#pragma once

#include <cstdint>

namespace lehr::linalg {

inline constexpr std::int64_t panel_lanes = 16;

// out[c * out_stride + i] = start[c] + sum_j factors[c * factor_stride + j] panel[16 j + i], i in [0, 16), c in [0, columns).
// `start` may be null: 0. `out` is not the panel; no alignment is asked for.
void panel_product(const double* panel, std::int64_t depth, const double* factors, std::int64_t factor_stride,
                   std::int64_t columns, const double* start, double* out, std::int64_t out_stride);

}  // namespace lehr::linalg
