// The inner loops of Sinkhorn's iteration in SIMD, chosen for the machine at run time, with the same bits on all of them.
//
// Exponents are taken relative to a guess of the logarithm of their sum, the potential of the step before, so that one pass is enough;
// the largest exponent says whether the guess was good (usable_exponent), else the caller passes a better one.
#pragma once

#include <cstdint>

namespace lehr::diffusion {

// Whether sums of exponentials with this largest exponent neither overflow nor lose digits.
inline bool usable_exponent(double largest) { return largest >= -10 && largest <= 500; }

struct ExponentialSum {
  double sum = 0;      // of e^x_i, those below e^-45 left out
  double largest = 0;  // x_i
};
// x_i = (a_i - cost_i) inverse + shift, i in [0, n).
ExponentialSum column_lanes(const double* a, const double* cost, std::int64_t n, double inverse,
                            double shift);

// For each of `rows` (at most 64) rows i: x_j = (a_j - cost[j * stride + i]) inverse + shifts_i over j in [0, n).
void row_lanes(const double* a, const double* cost, std::int64_t stride, std::int64_t n, std::int64_t rows,
               double inverse, const double* shifts, double* sums, double* largest);

}  // namespace lehr::diffusion
