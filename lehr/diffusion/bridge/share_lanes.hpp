// The inner loops of shares in a mixture of exponentials, in SIMD: chosen for the machine at run time, with the same bits on all of them.
#pragma once

#include <cstdint>

namespace lehr::diffusion {

// terms[k * stride + i], k of `components`, i of `count` points: turned into shares e^term / sum over k of e^term. stride is a multiple of
// 16 and at least count; lanes from `count` on hold finite numbers and come out as 0. masses[k] = sum over i of the shares.
// Returns the sum over the points of log sum_k e^term.
double share_lanes(double* terms, std::int64_t components, std::int64_t count, std::int64_t stride,
                   double* masses);

// from: 16 x padded, a point a row; panel: padded x 16 (product_lanes.hpp). padded a multiple of 8.
void transpose_lanes(const double* from, std::int64_t padded, double* panel);

// Behind the `dimension` rows of 16 of a panel: their squares, or with `pairs` all products of rows a >= b, a by a.
void expand_lanes(double* panel, std::int64_t dimension, bool pairs);

// What a panel of products of coordinates holds: 8 lanes from each of two places.
struct FeatureChunk {
  enum Kind : std::int64_t { linear = -1, square = -2 };  // else: times the coordinate of this number
  std::int64_t by = linear, first = 0;                    // coordinates first .. first + 7
};
// panel[16 i + l], i of `count` points (rows of `points`, `padded` numbers each): lanes 0 to 7 by a, 8 to 15 by b.
void feature_lanes(const double* points, std::int64_t padded, std::int64_t count, FeatureChunk a,
                   FeatureChunk b, double* panel);

// got[k] += sum_i factors[k] e[k][i] / sum_k' factors[k'] e[k'][i]; e is components x stride, stride a multiple of 16, with zeros in lanes
// that are no points.
void balance_lanes(const double* e, const double* factors, std::int64_t components, std::int64_t stride,
                   double* got);

}  // namespace lehr::diffusion
