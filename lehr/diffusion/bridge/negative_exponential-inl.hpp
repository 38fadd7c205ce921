// Part of negative_exponentials.cpp, share_lanes.cpp and sinkhorn_lanes.cpp, compiled once per instruction set: e^x of a vector.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lehr::diffusion {
namespace HWY_NAMESPACE {

// e^x = 2^n e^r with n the integer nearest to x / ln 2 and |r| <= ln 2 / 2; e^r by its Taylor series to r^13. x from -80 (smaller ones
// count as -80) to 700. Products and sums stay apart, so that sets with fused operations give the same bits.
template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> NegativeExponential(D lanes, hwy::HWY_NAMESPACE::Vec<D> x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToSigned<D> integers;
  x = hn::Max(x, hn::Set(lanes, -80.0));
  const auto rounder =
      hn::Set(lanes, 0x1.8p52);  // its sum with a number has the nearest integer in the low bits
  const auto rounded = hn::Add(hn::Mul(x, hn::Set(lanes, 1.4426950408889634)), rounder);
  const auto n = hn::Sub(rounded, rounder);
  auto r = hn::Sub(x, hn::Mul(n, hn::Set(lanes, 0x1.62e42feep-1)));
  r = hn::Sub(r, hn::Mul(n, hn::Set(lanes, 0x1.a39ef35793c76p-33)));
  constexpr double coefficients[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,       1.0 / 24,       1.0 / 6,       0.5,          1.0,         1.0};
  auto sum = hn::Set(lanes, 1.0 / 6227020800);
  for (const double coefficient : coefficients) sum = hn::Add(hn::Mul(sum, r), hn::Set(lanes, coefficient));
  const auto exponent = hn::ShiftLeft<52>(hn::BitCast(integers, rounded));
  return hn::BitCast(lanes, hn::Add(hn::BitCast(integers, sum), exponent));
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::diffusion
HWY_AFTER_NAMESPACE();
