// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/optimize/adam.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

#include <cmath>
#include <cstdint>

#include "lehr/optimize/adam.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::optimize {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE void AdamVector(D d, const Adam& adam, const double* gradient, double scale, double inverse_second,
                           double* first, double* second, double* parameters) {
  const auto g = hn::LoadU(d, gradient);
  const auto f = hn::Add(hn::Mul(hn::Set(d, adam.keep_mean), hn::LoadU(d, first)),
                         hn::Mul(hn::Set(d, 1 - adam.keep_mean), g));
  const auto s = hn::Add(hn::Mul(hn::Set(d, adam.keep_square), hn::LoadU(d, second)),
                         hn::Mul(hn::Set(d, 1 - adam.keep_square), hn::Mul(g, g)));
  hn::StoreU(f, d, first), hn::StoreU(s, d, second);
  const auto root = hn::Add(hn::Sqrt(hn::Mul(s, hn::Set(d, inverse_second))), hn::Set(d, adam.epsilon));
  const auto move = hn::Div(hn::Mul(hn::Set(d, scale), f), root);
  hn::StoreU(hn::Sub(hn::LoadU(d, parameters), move), d, parameters);
}

void AdamStep(const Adam& adam, const double* gradient, std::int64_t n, double scale, double inverse_second,
              double* first, double* second, double* parameters) {
  const hn::CappedTag<double, 8> lanes;
  const hn::CappedTag<double, 1> one;
  const auto width = static_cast<std::int64_t>(hn::Lanes(lanes));
  std::int64_t i = 0;
  for (; i + width <= n; i += width)
    AdamVector(lanes, adam, gradient + i, scale, inverse_second, first + i, second + i, parameters + i);
  for (; i < n; ++i)
    AdamVector(one, adam, gradient + i, scale, inverse_second, first + i, second + i, parameters + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::optimize
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lehr::optimize {

HWY_EXPORT(AdamStep);

void Adam::step(const double* gradient, std::int64_t n, double rate, std::int64_t count, double* mean,
                double* square, double* parameters) const {
  const auto t = static_cast<double>(count);
  HWY_DYNAMIC_DISPATCH(AdamStep)
  (*this, gradient, n, rate / (1 - std::pow(keep_mean, t)), 1 / (1 - std::pow(keep_square, t)), mean, square,
   parameters);
}

}  // namespace lehr::optimize
#endif
