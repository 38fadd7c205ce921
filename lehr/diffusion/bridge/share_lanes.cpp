// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/diffusion/bridge/share_lanes.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "lehr/diffusion/bridge/negative_exponential-inl.hpp"
#include "lehr/diffusion/bridge/share_lanes.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::diffusion {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using ShareTag = hn::CappedTag<double, 8>;

// Smaller exponents count as this: a share of 3e-20 beside 1 adds nothing that a double would see, and often a whole vector is spared.
constexpr double least_exponent = -45;

// to[k] += the sum of row k's 8 partial sums, in an order that does not depend on the width of the vectors.
void AddEights(const double* partial, std::int64_t rows, double* to) {
  for (std::int64_t k = 0; k < rows; ++k) {
    const double* const p = partial + 8 * k;
    to[k] += ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
  }
}

// e^(terms - their largest) of `width` points in place; their largest term and their sum.
HWY_INLINE void ShareExponentials(double* terms, std::int64_t components, std::int64_t stride, double* high,
                                  double* sum) {
  const ShareTag d;
  auto largest = hn::LoadU(d, terms);
  for (std::int64_t k = 1; k < components; ++k) largest = hn::Max(largest, hn::LoadU(d, terms + k * stride));
  const auto least = hn::Set(d, least_exponent), least_value = NegativeExponential(d, least);
  auto total = hn::Zero(d);
  for (std::int64_t k = 0; k < components; ++k) {
    const auto x = hn::Max(hn::Sub(hn::LoadU(d, terms + k * stride), largest), least);
    const auto e = hn::AllTrue(d, hn::Eq(x, least)) ? least_value : NegativeExponential(d, x);
    hn::StoreU(e, d, terms + k * stride);
    total = hn::Add(total, e);
  }
  hn::StoreU(largest, d, high), hn::StoreU(total, d, sum);
}

double Shares(double* terms, std::int64_t components, std::int64_t count, std::int64_t stride,
              double* masses) {
  const ShareTag d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  std::vector<double> partial(static_cast<std::size_t>(8 * components));
  double high[16], sum[16], log_sum = 0;
  for (std::int64_t first = 0; first < stride; first += 16) {
    for (std::int64_t i = 0; i < 16; i += width)
      ShareExponentials(terms + first + i, components, stride, high + i, sum + i);
    double product = 1;
    for (std::int64_t i = 0; i < 16; ++i) {
      const bool point = first + i < count;
      if (point) log_sum += high[i], product *= sum[i];
      sum[i] = point ? 1 / sum[i] : 0;
    }
    log_sum += std::log(product);
    for (std::int64_t i = 0; i < 16; i += width) {
      const auto inverse = hn::LoadU(d, sum + i);
      double* const own = partial.data() + i % 8;
      for (std::int64_t k = 0; k < components; ++k) {
        double* const at = terms + k * stride + first + i;
        const auto share = hn::Mul(hn::LoadU(d, at), inverse);
        hn::StoreU(share, d, at);
        hn::StoreU(hn::Add(hn::LoadU(d, own + 8 * k), share), d, own + 8 * k);
      }
    }
  }
  for (std::int64_t k = 0; k < components; ++k) masses[k] = 0;
  AddEights(partial.data(), components, masses);
  return log_sum;
}

// In squares of two by two: half the loads and stores of single numbers.
void Transpose(const double* from, std::int64_t padded, double* panel) {
#if HWY_TARGET == HWY_SCALAR
  for (std::int64_t j = 0; j < padded; ++j)
    for (std::int64_t i = 0; i < 16; ++i) panel[16 * j + i] = from[i * padded + j];
#else
  const hn::FixedTag<double, 2> d;
  for (std::int64_t j = 0; j < padded; j += 2)
    for (std::int64_t i = 0; i < 16; i += 2) {
      const auto a = hn::LoadU(d, from + i * padded + j), b = hn::LoadU(d, from + (i + 1) * padded + j);
      hn::StoreU(hn::InterleaveLower(d, a, b), d, panel + 16 * j + i);
      hn::StoreU(hn::InterleaveUpper(d, a, b), d, panel + 16 * (j + 1) + i);
    }
#endif
}

// to = a b, rows of 16.
HWY_INLINE void MultiplyRow(const double* a, const double* b, double* to) {
  const ShareTag d;
  for (std::int64_t i = 0; i < 16; i += static_cast<std::int64_t>(hn::Lanes(d)))
    hn::StoreU(hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, to + i);
}

void Expand(double* panel, std::int64_t dimension, bool pairs) {
  double* to = panel + 16 * dimension;
  for (std::int64_t a = 0; a < dimension; ++a)
    for (std::int64_t b = pairs ? 0 : a; b <= a; ++b, to += 16)
      MultiplyRow(panel + 16 * a, panel + 16 * b, to);
}

HWY_INLINE void Feature(const double* points, std::int64_t padded, std::int64_t count, FeatureChunk chunk,
                        double* panel) {
  const ShareTag d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < count; ++i) {
    const double* const point = points + i * padded;
    for (std::int64_t l = 0; l < 8; l += width) {
      const auto x = hn::LoadU(d, point + chunk.first + l);
      const auto factor = chunk.by == FeatureChunk::square   ? x
                          : chunk.by == FeatureChunk::linear ? hn::Set(d, 1.0)
                                                             : hn::Set(d, point[chunk.by]);
      hn::StoreU(hn::Mul(x, factor), d, panel + 16 * i + l);
    }
  }
}

void Features(const double* points, std::int64_t padded, std::int64_t count, FeatureChunk a, FeatureChunk b,
              double* panel) {
  Feature(points, padded, count, a, panel);
  Feature(points, padded, count, b, panel + 8);
}

void Balance(const double* e, const double* factors, std::int64_t components, std::int64_t stride,
             double* got) {
  const ShareTag d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  std::vector<double> partial(static_cast<std::size_t>(8 * components));
  for (std::int64_t i = 0; i < stride; i += width) {
    auto total = hn::Zero(d);
    for (std::int64_t k = 0; k < components; ++k)
      total = hn::Add(total, hn::Mul(hn::Set(d, factors[k]), hn::LoadU(d, e + k * stride + i)));
    const auto inverse = hn::Div(hn::Set(d, 1.0), hn::Max(total, hn::Set(d, 1e-300)));
    double* const own = partial.data() + i % 8;
    for (std::int64_t k = 0; k < components; ++k)
      hn::StoreU(hn::Add(hn::LoadU(d, own + 8 * k), hn::Mul(hn::LoadU(d, e + k * stride + i), inverse)), d,
                 own + 8 * k);
  }
  std::vector<double> sums(static_cast<std::size_t>(components));
  AddEights(partial.data(), components, sums.data());
  for (std::int64_t k = 0; k < components; ++k) got[k] += factors[k] * sums[static_cast<std::size_t>(k)];
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::diffusion
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace lehr::diffusion {

HWY_EXPORT(Shares);
HWY_EXPORT(Transpose);
HWY_EXPORT(Expand);
HWY_EXPORT(Features);
HWY_EXPORT(Balance);

double share_lanes(double* terms, std::int64_t components, std::int64_t count, std::int64_t stride,
                   double* masses) {
  return HWY_DYNAMIC_DISPATCH(Shares)(terms, components, count, stride, masses);
}

void transpose_lanes(const double* from, std::int64_t padded, double* panel) {
  HWY_DYNAMIC_DISPATCH(Transpose)(from, padded, panel);
}

void expand_lanes(double* panel, std::int64_t dimension, bool pairs) {
  HWY_DYNAMIC_DISPATCH(Expand)(panel, dimension, pairs);
}

void feature_lanes(const double* points, std::int64_t padded, std::int64_t count, FeatureChunk a,
                   FeatureChunk b, double* panel) {
  HWY_DYNAMIC_DISPATCH(Features)(points, padded, count, a, b, panel);
}

void balance_lanes(const double* e, const double* factors, std::int64_t components, std::int64_t stride,
                   double* got) {
  HWY_DYNAMIC_DISPATCH(Balance)(e, factors, components, stride, got);
}

}  // namespace lehr::diffusion
#endif
