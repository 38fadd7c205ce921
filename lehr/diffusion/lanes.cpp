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

void Combine(double* to, const double* const* from, const double* factors, std::int64_t count,
             std::int64_t n) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  if (count == 5) {  // a step of order 3
    const auto f0 = hn::Set(d, factors[0]), f1 = hn::Set(d, factors[1]), f2 = hn::Set(d, factors[2]),
               f3 = hn::Set(d, factors[3]), f4 = hn::Set(d, factors[4]);
    const double *const a = from[0], *const b = from[1], *const c = from[2], *const e = from[3],
                        *const f = from[4];
    for (std::int64_t i = 0; i < n; i += width) {
      const auto left = hn::MulAdd(f1, hn::LoadU(d, b + i), hn::Mul(f0, hn::LoadU(d, a + i)));
      const auto right = hn::MulAdd(f4, hn::LoadU(d, f + i),
                                    hn::MulAdd(f3, hn::LoadU(d, e + i), hn::Mul(f2, hn::LoadU(d, c + i))));
      hn::StoreU(hn::Add(left, right), d, to + i);
    }
    return;
  }
  for (std::int64_t i = 0; i < n; i += width) {
    auto sum = hn::Mul(hn::Set(d, factors[0]), hn::LoadU(d, from[0] + i));
    for (std::int64_t j = 1; j < count; ++j)
      sum = hn::MulAdd(hn::Set(d, factors[j]), hn::LoadU(d, from[j] + i), sum);
    hn::StoreU(sum, d, to + i);
  }
}

// exp(x) for x <= 0, to two units in the last place; below -700 it is exp(-700). x = n ln 2 + r with |r| <= ln 2 / 2, exp(r) by its
// series to the 12th power, n added to the exponent.
template <class V>
HWY_INLINE V ExpOfNegative(V x) {
  const D d;
  const hn::RebindToUnsigned<D> u;
  const auto c = [&d](double value) { return hn::Set(d, value); };
  x = hn::Max(x, c(-700.0));
  const auto shifter = c(0x1.8p52),
             shifted = hn::MulAdd(x, c(1.44269504088896340736), shifter);  // n in the lowest bits
  const auto n = hn::Sub(shifted, shifter);
  // ln 2 in two parts (Cody and Waite): n times the first is exact.
  const auto r =
      hn::NegMulAdd(n, c(1.90821492927058770002e-10), hn::NegMulAdd(n, c(6.93147180369123816490e-01), x));
  const auto r2 = hn::Mul(r, r), r4 = hn::Mul(r2, r2);
  const auto low = hn::MulAdd(r2, hn::MulAdd(r, c(1.0 / 6), c(0.5)), hn::Add(r, c(1.0)));
  const auto middle =
      hn::MulAdd(r2, hn::MulAdd(r, c(1.0 / 5040), c(1.0 / 720)), hn::MulAdd(r, c(1.0 / 120), c(1.0 / 24)));
  const auto high = hn::MulAdd(r2, hn::MulAdd(r, c(1.0 / 39916800), c(1.0 / 3628800)),
                               hn::MulAdd(r, c(1.0 / 362880), c(1.0 / 40320)));
  const auto top = hn::MulAdd(r4, c(1.0 / 479001600), high);
  const auto series = hn::MulAdd(r4, hn::MulAdd(r4, top, middle), low);
  return hn::BitCast(d, hn::Add(hn::BitCast(u, series), hn::ShiftLeft<52>(hn::BitCast(u, shifted))));
}

// sums[2 k], sums[2 k + 1] = |x - c_k|^2 of two vectors of points, components k and four at a time, as |x|^2 - 2 x c + |c|^2.
template <class V>
void ProductDistances(const LevelledMixture& m, const double* x, std::int64_t n, std::int64_t first,
                      std::int64_t second, double* sums, V norm0, V norm1) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t j = 0; j < m.dimension; ++j) {
    const auto x0 = hn::LoadU(d, x + j * n + first), x1 = hn::LoadU(d, x + j * n + second);
    norm0 = hn::MulAdd(x0, x0, norm0), norm1 = hn::MulAdd(x1, x1, norm1);
  }
  const auto minus_two = hn::Set(d, -2.0);
  const auto store = [&](std::int64_t k, V dot0, V dot1) {
    const auto square = hn::Set(d, m.squares[k]);
    hn::StoreU(hn::MulAdd(minus_two, dot0, hn::Add(norm0, square)), d, sums + 2 * k * width);
    hn::StoreU(hn::MulAdd(minus_two, dot1, hn::Add(norm1, square)), d, sums + (2 * k + 1) * width);
  };
  std::int64_t k = 0;
  for (; k + 4 <= m.components; k += 4) {
    const double *c0 = m.centres + k * m.dimension, *c1 = c0 + m.dimension, *c2 = c1 + m.dimension,
                 *c3 = c2 + m.dimension;
    auto a0 = hn::Zero(d), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    const std::int64_t extent = m.triangular ? k + 4 : m.dimension;
    for (std::int64_t j = 0; j < extent; ++j) {
      const auto x0 = hn::LoadU(d, x + j * n + first), x1 = hn::LoadU(d, x + j * n + second);
      const auto v0 = hn::Set(d, c0[j]), v1 = hn::Set(d, c1[j]), v2 = hn::Set(d, c2[j]),
                 v3 = hn::Set(d, c3[j]);
      a0 = hn::MulAdd(v0, x0, a0), b0 = hn::MulAdd(v0, x1, b0);
      a1 = hn::MulAdd(v1, x0, a1), b1 = hn::MulAdd(v1, x1, b1);
      a2 = hn::MulAdd(v2, x0, a2), b2 = hn::MulAdd(v2, x1, b2);
      a3 = hn::MulAdd(v3, x0, a3), b3 = hn::MulAdd(v3, x1, b3);
    }
    store(k, a0, b0), store(k + 1, a1, b1), store(k + 2, a2, b2), store(k + 3, a3, b3);
  }
  for (; k < m.components; ++k) {
    auto a0 = hn::Zero(d), b0 = a0;
    for (std::int64_t j = 0; j < m.dimension; ++j) {
      const auto v = hn::Set(d, m.centres[k * m.dimension + j]);
      a0 = hn::MulAdd(v, hn::LoadU(d, x + j * n + first), a0),
      b0 = hn::MulAdd(v, hn::LoadU(d, x + j * n + second), b0);
    }
    store(k, a0, b0);
  }
}

// The same, each weighted by its own inverse variance where the mixture is diagonal, from differences: no digits are lost.
void DifferenceDistances(const LevelledMixture& m, const double* x, std::int64_t n, std::int64_t first,
                         std::int64_t second, double* sums) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t k = 0; k < m.components; ++k) {
    const double* const centre = m.centres + k * m.dimension;
    auto sum0 = hn::Zero(d), sum1 = sum0;
    for (std::int64_t j = 0; j < m.dimension; ++j) {
      const auto c = hn::Set(d, centre[j]);
      const auto e0 = hn::Sub(hn::LoadU(d, x + j * n + first), c),
                 e1 = hn::Sub(hn::LoadU(d, x + j * n + second), c);
      if (m.spherical) {
        sum0 = hn::MulAdd(e0, e0, sum0), sum1 = hn::MulAdd(e1, e1, sum1);
      } else {
        const auto v = hn::Set(d, m.inverses[k * m.dimension + j]);
        sum0 = hn::MulAdd(hn::Mul(e0, v), e0, sum0), sum1 = hn::MulAdd(hn::Mul(e1, v), e1, sum1);
      }
    }
    hn::StoreU(sum0, d, sums + 2 * k * width);
    hn::StoreU(sum1, d, sums + (2 * k + 1) * width);
  }
}

// The work of two vectors of points: each coefficient that is loaded serves both.
void MixtureOfPair(const LevelledMixture& m, const double* x, std::int64_t n, std::int64_t first,
                   std::int64_t second, double* out, double* log_density, double* scratch) {
  const D d;
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  if (m.spherical && m.products)
    ProductDistances(m, x, n, first, second, scratch, hn::Zero(d), hn::Zero(d));
  else
    DifferenceDistances(m, x, n, first, second, scratch);
  auto largest0 = hn::Set(d, -1e300), largest1 = largest0;
  for (std::int64_t k = 0; k < m.components; ++k) {
    const auto half = hn::Set(d, m.spherical ? -0.5 * m.inverses[k] : -0.5),
               constant = hn::Set(d, m.constants[k]);
    const auto term0 = hn::MulAdd(hn::LoadU(d, scratch + 2 * k * width), half, constant);
    const auto term1 = hn::MulAdd(hn::LoadU(d, scratch + (2 * k + 1) * width), half, constant);
    hn::StoreU(term0, d, scratch + 2 * k * width);
    hn::StoreU(term1, d, scratch + (2 * k + 1) * width);
    largest0 = hn::Max(largest0, term0), largest1 = hn::Max(largest1, term1);
  }
  // The posteriors, not yet divided by their total; times the components' inverse variances where those are numbers.
  auto total0 = hn::Zero(d), total1 = total0, whole0 = total0, whole1 = total0;
  for (std::int64_t k = 0; k < m.components; ++k) {
    auto p0 = ExpOfNegative(hn::Sub(hn::LoadU(d, scratch + 2 * k * width), largest0));
    auto p1 = ExpOfNegative(hn::Sub(hn::LoadU(d, scratch + (2 * k + 1) * width), largest1));
    total0 = hn::Add(total0, p0), total1 = hn::Add(total1, p1);
    if (m.spherical) {
      const auto inverse = hn::Set(d, m.inverses[k]);
      p0 = hn::Mul(p0, inverse), p1 = hn::Mul(p1, inverse);
      whole0 = hn::Add(whole0, p0), whole1 = hn::Add(whole1, p1);
    }
    hn::StoreU(p0, d, scratch + 2 * k * width);
    hn::StoreU(p1, d, scratch + (2 * k + 1) * width);
  }
  if (log_density != nullptr) {
    hn::StoreU(hn::Add(largest0, hn::Log(d, total0)), d, log_density + first);
    hn::StoreU(hn::Add(largest1, hn::Log(d, total1)), d, log_density + second);
  }
  const auto factor0 = hn::Div(hn::Set(d, m.scale), total0), factor1 = hn::Div(hn::Set(d, m.scale), total1);
  std::int64_t j = 0;
  if (m.spherical) {
    // Four coordinates at once: eight sums in flight, and every weight that is loaded serves four.
    for (; j + 4 <= m.dimension; j += 4) {
      const double *const xa = x + j * n, *const xb = xa + n, *const xc = xb + n, *const xd = xc + n;
      auto a0 = hn::Mul(whole0, hn::LoadU(d, xa + first)), a1 = hn::Mul(whole1, hn::LoadU(d, xa + second));
      auto b0 = hn::Mul(whole0, hn::LoadU(d, xb + first)), b1 = hn::Mul(whole1, hn::LoadU(d, xb + second));
      auto c0 = hn::Mul(whole0, hn::LoadU(d, xc + first)), c1 = hn::Mul(whole1, hn::LoadU(d, xc + second));
      auto d0 = hn::Mul(whole0, hn::LoadU(d, xd + first)), d1 = hn::Mul(whole1, hn::LoadU(d, xd + second));
      for (std::int64_t k = m.triangular ? j : 0; k < m.components; ++k) {
        const auto p0 = hn::LoadU(d, scratch + 2 * k * width),
                   p1 = hn::LoadU(d, scratch + (2 * k + 1) * width);
        const double* const c = m.centres + k * m.dimension + j;
        const auto va = hn::Set(d, c[0]), vb = hn::Set(d, c[1]), vc = hn::Set(d, c[2]), vd = hn::Set(d, c[3]);
        a0 = hn::NegMulAdd(p0, va, a0), a1 = hn::NegMulAdd(p1, va, a1);
        b0 = hn::NegMulAdd(p0, vb, b0), b1 = hn::NegMulAdd(p1, vb, b1);
        c0 = hn::NegMulAdd(p0, vc, c0), c1 = hn::NegMulAdd(p1, vc, c1);
        d0 = hn::NegMulAdd(p0, vd, d0), d1 = hn::NegMulAdd(p1, vd, d1);
      }
      double* const to = out + j * n;
      hn::StoreU(hn::Mul(factor0, a0), d, to + first), hn::StoreU(hn::Mul(factor1, a1), d, to + second);
      hn::StoreU(hn::Mul(factor0, b0), d, to + n + first),
          hn::StoreU(hn::Mul(factor1, b1), d, to + n + second);
      hn::StoreU(hn::Mul(factor0, c0), d, to + 2 * n + first),
          hn::StoreU(hn::Mul(factor1, c1), d, to + 2 * n + second);
      hn::StoreU(hn::Mul(factor0, d0), d, to + 3 * n + first),
          hn::StoreU(hn::Mul(factor1, d1), d, to + 3 * n + second);
    }
  }
  for (; j < m.dimension; ++j) {
    const auto x0 = hn::LoadU(d, x + j * n + first), x1 = hn::LoadU(d, x + j * n + second);
    auto sum0 = hn::Mul(whole0, x0), sum1 = hn::Mul(whole1, x1);
    for (std::int64_t k = m.triangular ? j : 0; k < m.components; ++k) {
      const auto p0 = hn::LoadU(d, scratch + 2 * k * width), p1 = hn::LoadU(d, scratch + (2 * k + 1) * width);
      const auto c = hn::Set(d, m.centres[k * m.dimension + j]);
      if (m.spherical) {
        sum0 = hn::NegMulAdd(p0, c, sum0), sum1 = hn::NegMulAdd(p1, c, sum1);
      } else {
        const auto v = hn::Set(d, m.inverses[k * m.dimension + j]);
        sum0 = hn::MulAdd(hn::Mul(p0, v), hn::Sub(x0, c), sum0),
        sum1 = hn::MulAdd(hn::Mul(p1, v), hn::Sub(x1, c), sum1);
      }
    }
    hn::StoreU(hn::Mul(factor0, sum0), d, out + j * n + first);
    hn::StoreU(hn::Mul(factor1, sum1), d, out + j * n + second);
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

void combine_lanes(double* to, const double* const* from, const double* factors, std::int64_t count,
                   std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(Combine)(to, from, factors, count, n);
}

void mixture_lanes(const LevelledMixture& mixture, const double* x, std::int64_t n, double* out,
                   double* log_density) {
  HWY_DYNAMIC_DISPATCH(Mixture)(mixture, x, n, out, log_density);
}

}  // namespace lehr::diffusion
#endif
