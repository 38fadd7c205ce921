#include "lehr/spin/energy_thresholds.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "lehr/core/errors.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/spin/energy_thresholds.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lehr::spin {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Reals = hn::CappedTag<double, 8>;
using Words = hn::RebindToUnsigned<Reals>;

// ln x of normal x > 0, to about 3e-14: x = m 2^e with m in [1/sqrt 2, sqrt 2), and with s = (m - 1) / (m +
// 1) ln m = 2 (s + s^3 / 3 + ... + s^15 / 15). Without fused multiply-adds, which not every machine has.
template <class V>
HWY_INLINE V logarithm(V x) {
  const Reals reals;
  const Words words;
  const auto bits = hn::BitCast(words, x);
  const auto biased =
      hn::Or(hn::ShiftRight<52>(bits), hn::Set(words, 0x4330000000000000ULL));  // 2^52 + e + 1023
  V exponent = hn::Sub(hn::BitCast(reals, biased), hn::Set(reals, 0x1p52 + 1023));
  const auto fraction = hn::And(bits, hn::Set(words, 0x000fffffffffffffULL));
  V m = hn::BitCast(reals, hn::Or(fraction, hn::Set(words, 0x3ff0000000000000ULL)));
  const auto large = hn::Gt(m, hn::Set(reals, 1.4142135623730951));
  m = hn::IfThenElse(large, hn::Mul(m, hn::Set(reals, 0.5)), m);
  exponent = hn::IfThenElse(large, hn::Add(exponent, hn::Set(reals, 1.0)), exponent);
  const V one = hn::Set(reals, 1.0);
  const V s = hn::Div(hn::Sub(m, one), hn::Add(m, one));
  const V square = hn::Mul(s, s);
  V series = hn::Set(reals, 2.0 / 15);
  for (const double coefficient : {2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2.0})
    series = hn::Add(hn::Mul(series, square), hn::Set(reals, coefficient));
  return hn::Add(hn::Mul(exponent, hn::Set(reals, 0.69314718055994530942)), hn::Mul(s, series));
}

// Replaces the random words of `values` (as bits) by thresholds in units of `temperature`; `count` is a
// multiple of 8.
void thresholds_of_words(bool heat_bath, double temperature, double* HWY_RESTRICT values, std::size_t count) {
  const Reals reals;
  const Words words;
  const auto scale = hn::Set(reals, heat_bath ? temperature : -temperature);
  const auto two = hn::Set(reals, 2.0), one = hn::Set(reals, 1.0);
  for (std::size_t k = 0; k < count; k += hn::Lanes(reals)) {
    const auto word = hn::BitCast(words, hn::LoadU(reals, values + k));
    const auto fraction = hn::Or(hn::ShiftRight<12>(word), hn::Set(words, 0x3ff0000000000000ULL));  // [1, 2)
    const auto u = hn::Sub(two, hn::BitCast(reals, fraction));
    const auto odds = heat_bath ? hn::Div(hn::Sub(one, u), u) : u;
    hn::StoreU(hn::Mul(logarithm(odds), scale), reals, values + k);
  }
}

// xoshiro256++ in eight lanes; `state` holds word w of lane l at [8 w + l]. `count` is a multiple of 8.
void random_words(std::uint64_t* HWY_RESTRICT state, double* HWY_RESTRICT values, std::size_t count) {
  const Words words;
  const Reals reals;
  for (std::size_t lane = 0; lane < 8; lane += hn::Lanes(words)) {
    auto a = hn::LoadU(words, state + lane), b = hn::LoadU(words, state + 8 + lane);
    auto c = hn::LoadU(words, state + 16 + lane), d = hn::LoadU(words, state + 24 + lane);
    for (std::size_t k = 0; k < count; k += 8) {
      const auto sum = hn::Add(a, d);
      const auto rotated = hn::Or(hn::ShiftLeft<23>(sum), hn::ShiftRight<41>(sum));
      hn::StoreU(hn::BitCast(reals, hn::Add(rotated, a)), reals, values + k + lane);
      const auto shifted = hn::ShiftLeft<17>(b);
      c = hn::Xor(c, a);
      d = hn::Xor(d, b);
      b = hn::Xor(b, c);
      a = hn::Xor(a, d);
      c = hn::Xor(c, shifted);
      d = hn::Or(hn::ShiftLeft<45>(d), hn::ShiftRight<19>(d));
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr::spin {
namespace {
HWY_EXPORT(thresholds_of_words);
HWY_EXPORT(random_words);

constexpr std::size_t block = 512;       // thresholds drawn at a time
constexpr std::size_t short_block = 64;  // below, seeding eight generators costs more than it saves

void draw_block(bool heat_bath, double temperature, Stream& random, std::span<double> thresholds) {
  alignas(64) std::array<double, block> values;
  const std::size_t padded = (thresholds.size() + 7) / 8 * 8;
  if (thresholds.size() < short_block) {
    for (std::size_t k = 0; k < thresholds.size(); ++k) values[k] = std::bit_cast<double>(random());
    std::fill(values.begin() + static_cast<std::ptrdiff_t>(thresholds.size()),
              values.begin() + static_cast<std::ptrdiff_t>(padded), 0.0);
  } else {
    std::array<std::uint64_t, 32> state;
    for (std::uint64_t& word : state) word = random();
    HWY_DYNAMIC_DISPATCH(random_words)(state.data(), values.data(), padded);
  }
  HWY_DYNAMIC_DISPATCH(thresholds_of_words)(heat_bath, temperature, values.data(), padded);
  std::copy_n(values.begin(), thresholds.size(), thresholds.begin());
}

}  // namespace

Rule rule_named(std::string_view name) {
  if (name == "metropolis") return Rule::metropolis;
  if (name == "heat_bath") return Rule::heat_bath;
  throw InvalidInput("rule: expected metropolis or heat_bath, found {}", quote(name));
}

void draw_energy_thresholds(Rule rule, double beta, Stream& random, std::span<double> thresholds) {
  // The limits stand for beta = infinity and 0: signs are kept, and nothing becomes 0 * infinity.
  const double temperature = std::clamp(1 / beta, 1e-300, 1e300);
  for (; !thresholds.empty(); thresholds = thresholds.subspan(std::min(block, thresholds.size())))
    draw_block(rule == Rule::heat_bath, temperature, random,
               thresholds.first(std::min(block, thresholds.size())));
}

}  // namespace lehr::spin
#endif
