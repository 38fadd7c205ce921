// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/diffusion/tokens/token_lanes.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cstdint>

#include "lehr/diffusion/tokens/token_lanes.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::diffusion {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<double, 8>;
using V = hn::Vec<D>;

// Where the mixture's terms are small against the largest one (e^-45) a component adds nothing that a double would see.
constexpr double negligible = -45;

// kDimension 0: known at run time only. Scratch: term_k, then gain r_k0 .. gain r_kd-1, for each component.
template <std::int64_t kDimension>
HWY_INLINE V Terms(const ConditionalLevel& m, const double* x, double* scratch) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t dimension = kDimension > 0 ? kDimension : m.dimension;
  const V minus_a = hn::Set(d, -m.a);
  V largest = hn::Set(d, -1e300);
  for (std::int64_t k = 0; k < m.components; ++k) {
    const double* const vectors = m.vectors + k * dimension * dimension;
    double* const out = scratch + k * (dimension + 1) * width;
    V sum = hn::Zero(d);
    for (std::int64_t j = 0; j < dimension; ++j) {
      V r = hn::Mul(minus_a, hn::LoadU(d, m.rotated + (k * dimension + j) * m.stride));
      for (std::int64_t i = 0; i < dimension; ++i)
        r = hn::MulAdd(hn::Set(d, vectors[j * dimension + i]), hn::LoadU(d, x + i * m.stride), r);
      sum = hn::MulAdd(hn::Mul(r, hn::Set(d, m.inverses[k * dimension + j])), r, sum);
      hn::StoreU(hn::Mul(r, hn::Set(d, m.gains[k * dimension + j])), d, out + (j + 1) * width);
    }
    const V weight = hn::Add(hn::LoadU(d, m.log_weights + k * m.stride), hn::Set(d, m.constants[k]));
    const V term = hn::MulAdd(sum, hn::Set(d, -0.5), weight);
    hn::StoreU(term, d, out);
    largest = hn::Max(largest, term);
  }
  return largest;
}

template <std::int64_t kDimension>
HWY_INLINE void Vector(const ConditionalLevel& whole, const double* x, std::int64_t first, double* clean,
                       double* scratch) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t dimension = kDimension > 0 ? kDimension : whole.dimension;
  ConditionalLevel m = whole;
  m.log_weights += first, m.means += first, m.rotated += first;
  const V largest = Terms<kDimension>(m, x + first, scratch), zero = hn::Zero(d);
  V total = zero;
  for (std::int64_t j = 0; j < dimension; ++j) hn::StoreU(zero, d, clean + j * m.stride + first);
  for (std::int64_t k = 0; k < m.components; ++k) {
    const double* const vectors = m.vectors + k * dimension * dimension;
    const double* const from = scratch + k * (dimension + 1) * width;
    const V below = hn::Sub(hn::LoadU(d, from), largest);
    const auto counts = hn::Gt(below, hn::Set(d, negligible));
    if (hn::AllFalse(d, counts)) continue;
    // Each lane decides for itself, so that a sequence's result does not depend on its neighbours.
    const V p = hn::IfThenElse(counts, hn::Exp(d, below), zero);
    total = hn::Add(total, p);
    for (std::int64_t i = 0; i < dimension; ++i) {
      V sum = hn::LoadU(d, m.means + (k * dimension + i) * m.stride);
      for (std::int64_t j = 0; j < dimension; ++j)
        sum = hn::MulAdd(hn::Set(d, vectors[j * dimension + i]), hn::LoadU(d, from + (j + 1) * width), sum);
      double* const out = clean + i * m.stride + first;
      hn::StoreU(hn::MulAdd(p, sum, hn::LoadU(d, out)), d, out);
    }
  }
  const V factor = hn::Div(hn::Set(d, 1.0), total);
  for (std::int64_t j = 0; j < dimension; ++j) {
    double* const out = clean + j * m.stride + first;
    hn::StoreU(hn::Mul(factor, hn::LoadU(d, out)), d, out);
  }
}

template <std::int64_t kDimension>
void All(const ConditionalLevel& level, const double* x, std::int64_t n, double* clean, double* scratch) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < n; i += width) Vector<kDimension>(level, x, i, clean, scratch);
}

void Conditional(const ConditionalLevel& level, const double* x, std::int64_t n, double* clean,
                 double* scratch) {
  switch (level.dimension) {
    case 1:
      return All<1>(level, x, n, clean, scratch);
    case 2:
      return All<2>(level, x, n, clean, scratch);
    case 3:
      return All<3>(level, x, n, clean, scratch);
    case 4:
      return All<4>(level, x, n, clean, scratch);
    default:
      return All<0>(level, x, n, clean, scratch);
  }
}

// Four sums side by side, so that none waits for the addition before.
void ColumnSum(const double* columns, std::int64_t stride, const double* factors, std::int64_t count,
               double start, std::int64_t n, double* to) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width) {
    V sum0 = hn::Set(d, start), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (std::int64_t c = 0; c < count; ++c) {
      const V factor = hn::Set(d, factors[c]);
      const double* const from = columns + c * stride + i;
      sum0 = hn::MulAdd(factor, hn::LoadU(d, from), sum0);
      sum1 = hn::MulAdd(factor, hn::LoadU(d, from + width), sum1);
      sum2 = hn::MulAdd(factor, hn::LoadU(d, from + 2 * width), sum2);
      sum3 = hn::MulAdd(factor, hn::LoadU(d, from + 3 * width), sum3);
    }
    hn::StoreU(sum0, d, to + i);
    hn::StoreU(sum1, d, to + i + width);
    hn::StoreU(sum2, d, to + i + 2 * width);
    hn::StoreU(sum3, d, to + i + 3 * width);
  }
  for (; i < n; i += width) {
    V sum = hn::Set(d, start);
    for (std::int64_t c = 0; c < count; ++c)
      sum = hn::MulAdd(hn::Set(d, factors[c]), hn::LoadU(d, columns + c * stride + i), sum);
    hn::StoreU(sum, d, to + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::diffusion
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr::diffusion {

HWY_EXPORT(Conditional);
HWY_EXPORT(ColumnSum);

void column_sum_lanes(const double* columns, std::int64_t stride, const double* factors, std::int64_t count,
                      double start, std::int64_t n, double* to) {
  HWY_DYNAMIC_DISPATCH(ColumnSum)(columns, stride, factors, count, start, n, to);
}

void conditional_lanes(const ConditionalLevel& level, const double* x, std::int64_t n, double* clean,
                       double* scratch) {
  HWY_DYNAMIC_DISPATCH(Conditional)(level, x, n, clean, scratch);
}

}  // namespace lehr::diffusion
#endif
