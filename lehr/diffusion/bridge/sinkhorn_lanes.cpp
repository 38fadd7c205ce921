// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/diffusion/bridge/sinkhorn_lanes.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "lehr/diffusion/bridge/negative_exponential-inl.hpp"
#include "lehr/diffusion/bridge/sinkhorn_lanes.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::diffusion {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using SinkhornTag = hn::CappedTag<double, 8>;

constexpr double negligible_exponent = -45, no_exponent = -1e300;

// Each lane decides for itself whether it counts, so that sums do not depend on the width of the vectors.
HWY_INLINE void AddExponentials(hn::Vec<SinkhornTag> x, double* sums, double* largest) {
  const SinkhornTag d;
  hn::StoreU(hn::Max(hn::LoadU(d, largest), x), d, largest);
  const auto counts = hn::Gt(x, hn::Set(d, negligible_exponent));
  if (hn::AllFalse(d, counts)) return;
  hn::StoreU(hn::Add(hn::LoadU(d, sums), hn::IfThenElseZero(counts, NegativeExponential(d, x))), d, sums);
}

void Column(const double* a, const double* cost, std::int64_t n, double inverse, double shift, double* sums,
            double* largest) {
  const SinkhornTag d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, inverse), shifts = hn::Set(d, shift);
  std::int64_t i = 0;
  for (; i + width <= n; i += width) {
    const auto difference = hn::Sub(hn::LoadU(d, a + i), hn::LoadU(d, cost + i));
    AddExponentials(hn::Add(hn::Mul(difference, factor), shifts), sums + i % 8, largest + i % 8);
  }
  for (; i < n; ++i) {  // the last vector, by single numbers put in place
    const double x = (a[i] - cost[i]) * inverse + shift;
    alignas(64) double whole[8];
    std::fill(whole, whole + 8, no_exponent);
    whole[i % 8] = x;
    const auto first = i % 8 / width * width;
    AddExponentials(hn::LoadU(d, whole + first), sums + first, largest + first);
  }
}

void Rows(const double* a, const double* cost, std::int64_t stride, std::int64_t n, std::int64_t rows,
          double inverse, const double* shifts, double* sums, double* largest) {
  const SinkhornTag d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, inverse);
  for (std::int64_t j = 0; j < n; ++j) {
    const auto own = hn::Set(d, a[j]);
    const double* const column = cost + j * stride;
    std::int64_t i = 0;
    for (; i + width <= rows; i += width) {
      const auto x =
          hn::Add(hn::Mul(hn::Sub(own, hn::LoadU(d, column + i)), factor), hn::LoadU(d, shifts + i));
      AddExponentials(x, sums + i, largest + i);
    }
    if (i == rows) continue;
    alignas(64) double last[8] = {};
    std::copy(column + i, column + rows, last);
    AddExponentials(hn::Add(hn::Mul(hn::Sub(own, hn::LoadU(d, last)), factor), hn::LoadU(d, shifts + i)),
                    sums + i, largest + i);  // lanes beyond the rows are not looked at
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::diffusion
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lehr::diffusion {

HWY_EXPORT(Column);
HWY_EXPORT(Rows);

ExponentialSum column_lanes(const double* a, const double* cost, std::int64_t n, double inverse,
                            double shift) {
  double sums[8] = {}, largest[8];
  std::fill(largest, largest + 8, -1e300);
  HWY_DYNAMIC_DISPATCH(Column)(a, cost, n, inverse, shift, sums, largest);
  return {((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])),
          *std::max_element(largest, largest + 8)};
}

void row_lanes(const double* a, const double* cost, std::int64_t stride, std::int64_t n, std::int64_t rows,
               double inverse, const double* shifts, double* sums, double* largest) {
  double own_shifts[64] = {}, own_sums[64] = {}, own_largest[64];
  std::copy_n(shifts, rows, own_shifts);
  std::fill(own_largest, own_largest + 64, -1e300);
  HWY_DYNAMIC_DISPATCH(Rows)
  (a, cost, stride, n, rows, inverse, own_shifts, own_sums, own_largest);
  std::copy_n(own_sums, rows, sums), std::copy_n(own_largest, rows, largest);
}

}  // namespace lehr::diffusion
#endif
