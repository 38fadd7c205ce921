// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/diffusion/bridge/adam_lanes.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

#include <cmath>
#include <cstdint>

#include "lehr/diffusion/bridge/adam_lanes.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::diffusion {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr double keep_first = 0.9, keep_second = 0.999, tiny = 1e-8;

template <class D>
HWY_INLINE void AdamVector(D d, const double* gradient, double scale, double inverse_second, double* first,
                           double* second, double* parameters) {
  const auto g = hn::LoadU(d, gradient);
  const auto f =
      hn::Add(hn::Mul(hn::Set(d, keep_first), hn::LoadU(d, first)), hn::Mul(hn::Set(d, 1 - keep_first), g));
  const auto s = hn::Add(hn::Mul(hn::Set(d, keep_second), hn::LoadU(d, second)),
                         hn::Mul(hn::Set(d, 1 - keep_second), hn::Mul(g, g)));
  hn::StoreU(f, d, first), hn::StoreU(s, d, second);
  const auto root = hn::Add(hn::Sqrt(hn::Mul(s, hn::Set(d, inverse_second))), hn::Set(d, tiny));
  const auto move = hn::Div(hn::Mul(hn::Set(d, scale), f), root);
  hn::StoreU(hn::Sub(hn::LoadU(d, parameters), move), d, parameters);
}

void Adam(const double* gradient, std::int64_t n, double scale, double inverse_second, double* first,
          double* second, double* parameters) {
  const hn::CappedTag<double, 8> lanes;
  const hn::CappedTag<double, 1> one;
  const auto width = static_cast<std::int64_t>(hn::Lanes(lanes));
  std::int64_t i = 0;
  for (; i + width <= n; i += width)
    AdamVector(lanes, gradient + i, scale, inverse_second, first + i, second + i, parameters + i);
  for (; i < n; ++i)
    AdamVector(one, gradient + i, scale, inverse_second, first + i, second + i, parameters + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::diffusion
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lehr::diffusion {

HWY_EXPORT(Adam);

void adam_lanes(const double* gradient, std::int64_t n, double rate, std::int64_t step, double* first,
                double* second, double* parameters) {
  const auto steps = static_cast<double>(step);
  HWY_DYNAMIC_DISPATCH(Adam)
  (gradient, n, rate / (1 - std::pow(0.9, steps)), 1 / (1 - std::pow(0.999, steps)), first, second,
   parameters);
}

}  // namespace lehr::diffusion
#endif
