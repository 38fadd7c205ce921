// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/diffusion/bridge/negative_exponentials.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

#include <cstdint>

#include "lehr/diffusion/bridge/negative_exponential-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::diffusion {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void NegativeExponentials(double* values, std::int64_t count) {
  const hn::ScalableTag<double> lanes;
  const hn::CappedTag<double, 1> one;
  const auto width = static_cast<std::int64_t>(hn::Lanes(lanes));
  std::int64_t i = 0;
  for (; i + width <= count; i += width)
    hn::StoreU(NegativeExponential(lanes, hn::LoadU(lanes, values + i)), lanes, values + i);
  for (; i < count; ++i) hn::StoreU(NegativeExponential(one, hn::LoadU(one, values + i)), one, values + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::diffusion
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "lehr/diffusion/bridge/negative_exponentials.hpp"

namespace lehr::diffusion {

HWY_EXPORT(NegativeExponentials);

void negative_exponentials(double* values, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(NegativeExponentials)(values, count);
}

}  // namespace lehr::diffusion
#endif
