// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/core/normals.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "lehr/core/normals.hpp"

#ifndef LEHR_CORE_NORMALS_TABLES
#define LEHR_CORE_NORMALS_TABLES
namespace lehr::ziggurat {

constexpr int layers = 256;
// Where the tail begins, and the area of a layer: the values with which 256 layers end at the density's top.
constexpr double tail = 3.654152885361008771645, area = 0.004928673233974655347362;

// exp(-x^2 / 2), by a series of exp(-x^2 / 128) raised to the 64th power: products and sums alone, so the same on every machine.
constexpr double density(double x) {
  const double y = -x * x / 128;
  double term = 1, sum = 1;
  for (int k = 1; k < 20; ++k) term *= y / k, sum += term;
  for (int k = 0; k < 6; ++k) sum *= sum;
  return sum;
}

struct Tables {
  std::array<double, layers + 1> x{}, y{};  // the right ends of the layers, and the density there
};

// x_0 = area / density(tail) is the width of the layer that holds the tail, x_256 = 0.
constexpr Tables make_tables() {
  Tables tables;
  tables.x[0] = area / density(tail);
  tables.x[1] = tail;
  for (int i = 1; i + 1 < layers; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double wanted = area / tables.x[at] + density(tables.x[at]);
    double x =
        tables.x[at];  // Newton's method from the right, where the density is convex or nearly straight
    for (int k = 0; k < 30; ++k) x += (density(x) - wanted) / (x * density(x));
    tables.x[at + 1] = x;
  }
  tables.x[layers] = 0;
  for (std::size_t i = 0; i <= layers; ++i) tables.y[i] = density(tables.x[i]);
  tables.y[0] = 0;
  return tables;
}

inline constexpr Tables tables = make_tables();

struct Words {
  std::uint64_t state, gamma;
  std::uint64_t word(std::uint64_t j) const {
    std::uint64_t z = state + j * gamma;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
};

inline double position(std::uint64_t word) { return static_cast<double>(word >> 12) * 0x1.0p-52; }

}  // namespace lehr::ziggurat
#endif

HWY_BEFORE_NAMESPACE();
namespace lehr {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<double, 8>;
using U = hn::RebindToUnsigned<D>;
using I = hn::RebindToSigned<D>;

// What the rectangle did not settle: `word` again from its layer, then words from number `next` on.
double Settle(const ziggurat::Words& words, std::uint64_t word, std::uint64_t& next) {
  const auto& x = ziggurat::tables.x;
  const auto& y = ziggurat::tables.y;
  while (true) {
    const std::size_t layer = word & 255;
    const double sign = (word & 256) != 0 ? -1 : 1, at = ziggurat::position(word) * x[layer];
    if (at < x[layer + 1]) return sign * at;
    if (layer == 0) {  // the tail: Marsaglia 1964
      double beyond, height;
      do {
        beyond = -std::log(1 - ziggurat::position(words.word(next++))) / ziggurat::tail;
        height = -std::log(1 - ziggurat::position(words.word(next++)));
      } while (2 * height < beyond * beyond);
      return sign * (ziggurat::tail + beyond);
    }
    const double height = y[layer] + ziggurat::position(words.word(next++)) * (y[layer + 1] - y[layer]);
    if (height < std::exp(-0.5 * at * at)) return sign * at;
    word = words.word(next++);
  }
}

void FillNormals(std::uint64_t state, std::uint64_t gamma, double deviation, double* to, std::int64_t n) {
  const D d;
  const U u;
  const I s;
  const ziggurat::Words words{state, gamma};
  const auto width = static_cast<std::int64_t>(hn::Lanes(d));
  std::uint64_t next = static_cast<std::uint64_t>(n);  // words 0 to n - 1 are the numbers' own
  const double* const x = ziggurat::tables.x.data();
  const auto scale = hn::Set(d, deviation);
  HWY_ALIGN double lanes[8];
  HWY_ALIGN std::uint64_t own[8];
  const auto step = hn::Set(u, static_cast<std::uint64_t>(width) * gamma);
  for (std::int64_t i = 0; i < width; ++i) own[i] = state + static_cast<std::uint64_t>(i) * gamma;
  auto counter = hn::Load(u, own);
  for (std::int64_t j = 0; j < n; j += width, counter = hn::Add(counter, step)) {
    auto z = hn::Mul(hn::Xor(counter, hn::ShiftRight<30>(counter)), hn::Set(u, 0xbf58476d1ce4e5b9ULL));
    z = hn::Mul(hn::Xor(z, hn::ShiftRight<27>(z)), hn::Set(u, 0x94d049bb133111ebULL));
    z = hn::Xor(z, hn::ShiftRight<31>(z));
    const auto layer = hn::BitCast(s, hn::And(z, hn::Set(u, 255)));
    const auto unit = hn::Sub(
        hn::BitCast(d, hn::Or(hn::ShiftRight<12>(z), hn::Set(u, 0x3ff0000000000000ULL))), hn::Set(d, 1.0));
    const auto at = hn::Mul(unit, hn::GatherIndex(d, x, layer));
    const auto settled = hn::Lt(at, hn::GatherIndex(d, x + 1, layer));
    const auto sign = hn::ShiftLeft<55>(hn::And(z, hn::Set(u, 256)));
    const auto value = hn::Mul(scale, hn::BitCast(d, hn::Xor(hn::BitCast(u, at), sign)));
    const std::int64_t live = n - j < width ? n - j : width;
    if (live == width) {
      hn::StoreU(value, d, to + j);
      if (hn::AllTrue(d, settled)) continue;
    } else {
      hn::Store(value, d, lanes);
      for (std::int64_t i = 0; i < live; ++i) to[j + i] = lanes[i];
    }
    hn::Store(z, u, own);
    HWY_ALIGN std::uint8_t mask[8] = {};
    hn::StoreMaskBits(d, settled, mask);
    for (std::uint32_t left = ~static_cast<std::uint32_t>(mask[0]) & ((1U << live) - 1); left != 0;
         left &= left - 1) {
      const auto i = static_cast<std::int64_t>(std::countr_zero(left));
      to[j + i] = deviation * Settle(words, own[i], next);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {

HWY_EXPORT(FillNormals);

void fill_normals(Stream& stream, double deviation, double* to, std::int64_t n) {
  const std::uint64_t state = stream(), gamma = stream() | 1;
  HWY_DYNAMIC_DISPATCH(FillNormals)(state, gamma, deviation, to, n);
}

}  // namespace lehr
#endif
