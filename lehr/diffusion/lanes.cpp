// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/diffusion/lanes.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cstdint>
#include <vector>

#include "lehr/diffusion/lanes.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::diffusion {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<double, 8>;

void Combine(double* to, const double* const* from, const double* factors, std::int64_t count, std::int64_t n) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < n; i += width) {
    auto sum = hn::Mul(hn::Set(d, factors[0]), hn::LoadU(d, from[0] + i));
    for (std::int64_t j = 1; j < count; ++j) sum = hn::MulAdd(hn::Set(d, factors[j]), hn::LoadU(d, from[j] + i), sum);
    hn::StoreU(sum, d, to + i);
  }
}

// The work of two vectors of points: each coefficient that is loaded serves both.
void MixtureOfPair(const LevelledMixture& m, const double* x, std::int64_t n, std::int64_t first, std::int64_t second, double* out,
                   double* log_density, double* scratch) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  auto largest0 = hn::Set(d, -1e300), largest1 = largest0;
  for (std::int64_t k = 0; k < m.components; ++k) {
    const double* const centre = m.centres + k * m.dimension;
    auto sum0 = hn::Zero(d), sum1 = sum0;
    if (m.spherical) {
      for (std::int64_t j = 0; j < m.dimension; ++j) {
        const auto c = hn::Set(d, centre[j]);
        const auto e0 = hn::Sub(hn::LoadU(d, x + j * n + first), c), e1 = hn::Sub(hn::LoadU(d, x + j * n + second), c);
        sum0 = hn::MulAdd(e0, e0, sum0), sum1 = hn::MulAdd(e1, e1, sum1);
      }
      const auto inverse = hn::Set(d, m.inverses[k]);
      sum0 = hn::Mul(sum0, inverse), sum1 = hn::Mul(sum1, inverse);
    } else {
      const double* const inverse = m.inverses + k * m.dimension;
      for (std::int64_t j = 0; j < m.dimension; ++j) {
        const auto c = hn::Set(d, centre[j]), v = hn::Set(d, inverse[j]);
        const auto e0 = hn::Sub(hn::LoadU(d, x + j * n + first), c), e1 = hn::Sub(hn::LoadU(d, x + j * n + second), c);
        sum0 = hn::MulAdd(hn::Mul(e0, v), e0, sum0), sum1 = hn::MulAdd(hn::Mul(e1, v), e1, sum1);
      }
    }
    const auto half = hn::Set(d, -0.5), constant = hn::Set(d, m.constants[k]);
    const auto term0 = hn::MulAdd(sum0, half, constant), term1 = hn::MulAdd(sum1, half, constant);
    hn::StoreU(term0, d, scratch + 2 * k * width);
    hn::StoreU(term1, d, scratch + (2 * k + 1) * width);
    largest0 = hn::Max(largest0, term0), largest1 = hn::Max(largest1, term1);
  }
  auto total0 = hn::Zero(d), total1 = total0;
  for (std::int64_t k = 0; k < m.components; ++k) {
    const auto p0 = hn::Exp(d, hn::Sub(hn::LoadU(d, scratch + 2 * k * width), largest0));
    const auto p1 = hn::Exp(d, hn::Sub(hn::LoadU(d, scratch + (2 * k + 1) * width), largest1));
    hn::StoreU(p0, d, scratch + 2 * k * width);
    hn::StoreU(p1, d, scratch + (2 * k + 1) * width);
    total0 = hn::Add(total0, p0), total1 = hn::Add(total1, p1);
  }
  if (log_density != nullptr) {
    hn::StoreU(hn::Add(largest0, hn::Log(d, total0)), d, log_density + first);
    hn::StoreU(hn::Add(largest1, hn::Log(d, total1)), d, log_density + second);
  }
  const auto factor0 = hn::Div(hn::Set(d, m.scale), total0), factor1 = hn::Div(hn::Set(d, m.scale), total1);
  auto whole0 = hn::Zero(d), whole1 = whole0;
  for (std::int64_t k = 0; k < m.components; ++k) {
    auto p0 = hn::Mul(factor0, hn::LoadU(d, scratch + 2 * k * width));
    auto p1 = hn::Mul(factor1, hn::LoadU(d, scratch + (2 * k + 1) * width));
    if (m.spherical) {
      const auto inverse = hn::Set(d, m.inverses[k]);
      p0 = hn::Mul(p0, inverse), p1 = hn::Mul(p1, inverse);
      whole0 = hn::Add(whole0, p0), whole1 = hn::Add(whole1, p1);
    }
    hn::StoreU(p0, d, scratch + 2 * k * width);
    hn::StoreU(p1, d, scratch + (2 * k + 1) * width);
  }
  for (std::int64_t j = 0; j < m.dimension; ++j) {
    const auto x0 = hn::LoadU(d, x + j * n + first), x1 = hn::LoadU(d, x + j * n + second);
    auto sum0 = hn::Mul(whole0, x0), sum1 = hn::Mul(whole1, x1);
    for (std::int64_t k = 0; k < m.components; ++k) {
      const auto p0 = hn::LoadU(d, scratch + 2 * k * width), p1 = hn::LoadU(d, scratch + (2 * k + 1) * width);
      const auto c = hn::Set(d, m.centres[k * m.dimension + j]);
      if (m.spherical) {
        sum0 = hn::NegMulAdd(p0, c, sum0), sum1 = hn::NegMulAdd(p1, c, sum1);
      } else {
        const auto v = hn::Set(d, m.inverses[k * m.dimension + j]);
        sum0 = hn::MulAdd(hn::Mul(p0, v), hn::Sub(x0, c), sum0), sum1 = hn::MulAdd(hn::Mul(p1, v), hn::Sub(x1, c), sum1);
      }
    }
    hn::StoreU(sum0, d, out + j * n + first);
    hn::StoreU(sum1, d, out + j * n + second);
  }
}

void Mixture(const LevelledMixture& m, const double* x, std::int64_t n, double* out, double* log_density) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  double small[2 * 8 * 64];
  std::vector<double> large;
  double* scratch = small;
  if (m.components > 64) {
    large.resize(static_cast<std::size_t>(2 * width * m.components));
    scratch = large.data();
  }
  for (std::int64_t i = 0; i < n; i += 2 * width)
    MixtureOfPair(m, x, n, i, i + width < n ? i + width : i, out, log_density, scratch);
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::diffusion
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr::diffusion {

HWY_EXPORT(Combine);
HWY_EXPORT(Mixture);

void combine_lanes(double* to, const double* const* from, const double* factors, std::int64_t count, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(Combine)(to, from, factors, count, n);
}

void mixture_lanes(const LevelledMixture& mixture, const double* x, std::int64_t n, double* out, double* log_density) {
  HWY_DYNAMIC_DISPATCH(Mixture)(mixture, x, n, out, log_density);
}

}  // namespace lehr::diffusion
#endif
