// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/linalg/product_lanes.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

#include <cstdint>

#include "lehr/linalg/product_lanes.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::linalg {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using PanelLanes = hn::CappedTag<double, 8>;

// kColumns (1 to 4) columns of two vectors of lanes: each number that is loaded serves several sums.
template <int kColumns>
HWY_INLINE void PanelTile(const double* HWY_RESTRICT panel, std::int64_t depth,
                          const double* HWY_RESTRICT factors, std::int64_t stride, const double* start,
                          double* HWY_RESTRICT out, std::int64_t out_stride) {
  const PanelLanes d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  const double *const f0 = factors, *const f1 = f0 + (kColumns > 1 ? stride : 0),
                      *const f2 = f1 + (kColumns > 2 ? stride : 0),
                      *const f3 = f2 + (kColumns > 3 ? stride : 0);
  const auto begin = [&](int column) {
    return hn::Set(d, start != nullptr && column < kColumns ? start[column] : 0.0);
  };
  auto a0 = begin(0), b0 = a0, a1 = begin(1), b1 = a1, a2 = begin(2), b2 = a2, a3 = begin(3), b3 = a3;
  for (std::int64_t j = 0; j < depth; ++j) {
    const auto a = hn::LoadU(d, panel + j * panel_lanes), b = hn::LoadU(d, panel + j * panel_lanes + width);
    const auto v0 = hn::Set(d, f0[j]);
    a0 = hn::Add(a0, hn::Mul(v0, a)), b0 = hn::Add(b0, hn::Mul(v0, b));
    if constexpr (kColumns > 1) {
      const auto v1 = hn::Set(d, f1[j]);
      a1 = hn::Add(a1, hn::Mul(v1, a)), b1 = hn::Add(b1, hn::Mul(v1, b));
    }
    if constexpr (kColumns > 2) {
      const auto v2 = hn::Set(d, f2[j]);
      a2 = hn::Add(a2, hn::Mul(v2, a)), b2 = hn::Add(b2, hn::Mul(v2, b));
    }
    if constexpr (kColumns > 3) {
      const auto v3 = hn::Set(d, f3[j]);
      a3 = hn::Add(a3, hn::Mul(v3, a)), b3 = hn::Add(b3, hn::Mul(v3, b));
    }
  }
  hn::StoreU(a0, d, out), hn::StoreU(b0, d, out + width);
  if constexpr (kColumns > 1)
    hn::StoreU(a1, d, out + out_stride), hn::StoreU(b1, d, out + out_stride + width);
  if constexpr (kColumns > 2)
    hn::StoreU(a2, d, out + 2 * out_stride), hn::StoreU(b2, d, out + 2 * out_stride + width);
  if constexpr (kColumns > 3)
    hn::StoreU(a3, d, out + 3 * out_stride), hn::StoreU(b3, d, out + 3 * out_stride + width);
}

void PanelProduct(const double* panel, std::int64_t depth, const double* factors, std::int64_t stride,
                  std::int64_t columns, const double* start, double* out, std::int64_t out_stride) {
  const PanelLanes d;
  const auto step = 2 * static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t c = 0; c < columns; c += 4) {
    const double* const own = factors + c * stride;
    const double* const from = start != nullptr ? start + c : nullptr;
    for (std::int64_t i = 0; i < panel_lanes; i += step) {
      double* const to = out + c * out_stride + i;
      switch (columns - c) {
        case 1:
          PanelTile<1>(panel + i, depth, own, stride, from, to, out_stride);
          break;
        case 2:
          PanelTile<2>(panel + i, depth, own, stride, from, to, out_stride);
          break;
        case 3:
          PanelTile<3>(panel + i, depth, own, stride, from, to, out_stride);
          break;
        default:
          PanelTile<4>(panel + i, depth, own, stride, from, to, out_stride);
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::linalg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lehr::linalg {

HWY_EXPORT(PanelProduct);

void panel_product(const double* panel, std::int64_t depth, const double* factors, std::int64_t factor_stride,
                   std::int64_t columns, const double* start, double* out, std::int64_t out_stride) {
  HWY_DYNAMIC_DISPATCH(PanelProduct)(panel, depth, factors, factor_stride, columns, start, out, out_stride);
}

}  // namespace lehr::linalg
#endif
