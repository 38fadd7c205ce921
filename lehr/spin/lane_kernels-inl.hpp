// The kernels of lane_kernels.hpp, compiled once per instruction set: included by lane_kernels.cpp alone.
#include <algorithm>
#include <bit>
#include <cmath>

#include "lehr/spin/lane_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::CappedTag<std::int8_t, 64>;
using Unsigned = hn::CappedTag<std::uint8_t, 64>;
using Longs = hn::CappedTag<std::uint64_t, 8>;
using Floats = hn::CappedTag<float, 16>;
using Ints = hn::CappedTag<std::int32_t, 16>;
using ByteVector = hn::Vec<Bytes>;
using ByteMask = hn::Mask<Bytes>;
using FloatVector = hn::Vec<Floats>;
using FloatMask = hn::Mask<Floats>;

// A row of 64 bytes is `parts` vectors, one of 64 floats is `groups`.
constexpr std::size_t byte_lanes = hn::MaxLanes(Bytes()), parts = lanes / byte_lanes;
constexpr std::size_t float_lanes = hn::MaxLanes(Floats()), groups = lanes / float_lanes;
static_assert(groups == 4 * parts);

// ---- random bytes
// --------------------------------------------------------------------------------------------------

inline std::uint64_t mixed(std::uint64_t x) {  // the finaliser of SplitMix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// Eight lanes of xoshiro256++: 64 random bytes a call, the same on every instruction set.
class LaneRandom {
 public:
  explicit LaneRandom(const Words& words) {
    HWY_ALIGN std::uint64_t start[4][8];
    for (std::size_t k = 0; k < 4; ++k)
      for (std::size_t lane = 0; lane < 8; ++lane)
        start[k][lane] = mixed(words[k] + (lane + 1) * 0x9e3779b97f4a7c15ULL);
    const Longs d;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      a_[v] = hn::Load(d, start[0] + v * hn::MaxLanes(d));
      b_[v] = hn::Load(d, start[1] + v * hn::MaxLanes(d));
      c_[v] = hn::Load(d, start[2] + v * hn::MaxLanes(d));
      e_[v] = hn::Load(d, start[3] + v * hn::MaxLanes(d));
    }
  }

  HWY_INLINE hn::Vec<Longs> next(std::size_t v) {
    const auto result = hn::Add(hn::RotateRight<41>(hn::Add(a_[v], e_[v])), a_[v]);
    const auto shifted = hn::ShiftLeft<17>(b_[v]);
    c_[v] = hn::Xor(c_[v], a_[v]);
    e_[v] = hn::Xor(e_[v], b_[v]);
    b_[v] = hn::Xor(b_[v], c_[v]);
    a_[v] = hn::Xor(a_[v], e_[v]);
    c_[v] = hn::Xor(c_[v], shifted);
    e_[v] = hn::RotateRight<19>(e_[v]);
    return result;
  }
  HWY_INLINE ByteVector bytes(std::size_t v) { return hn::BitCast(Bytes(), next(v)); }

 private:
  hn::Vec<Longs> a_[parts], b_[parts], c_[parts], e_[parts];
};

// 64 random words of 32 bits a row: group g (of `groups` vectors) takes the lanes [g, g + 1) * 64 / groups,
// whatever the vector's width.
class LaneWords {
 public:
  explicit LaneWords(const Words& words)
      : random_{LaneRandom(words), LaneRandom({words[1], words[2], words[3], words[0]}),
                LaneRandom({words[2], words[3], words[0], words[1]}),
                LaneRandom({words[3], words[0], words[1], words[2]})} {}
  HWY_INLINE hn::Vec<Longs> next(std::size_t g) { return random_[g / parts].next(g % parts); }

 private:
  LaneRandom random_[4];
};

// ---- acceptance of integer steps
// -----------------------------------------------------------------------------------

// How a step d is looked up: one page of 16 entries (Metropolis with |d| <= 15), or any number of pages.
enum Lookup { one_page, metropolis_pages, heat_bath_pages };

template <Lookup kind>
class Acceptance {
 public:
  explicit Acceptance(const Thresholds& table) : table_(table) {
    const Bytes d;
    first_ = hn::LoadDup128(d, table.digits[0].data());
  }
  HWY_INLINE ByteVector first(ByteVector entry) const {
    return kind == one_page ? hn::TableLookupBytes(first_, entry) : look_up(0, entry);
  }
  HWY_INLINE ByteVector digit(std::size_t k, ByteVector entry) const {
    return kind == one_page ? hn::TableLookupBytes(hn::LoadDup128(Bytes(), table_.digits[k].data()), entry)
                            : look_up(k, entry);
  }
  // The table's entry for steps d.
  HWY_INLINE ByteVector entry(ByteVector d) const {
    const Bytes tag;
    const Unsigned bytes;
    if constexpr (kind == one_page) return hn::Max(d, hn::Zero(tag));
    const auto up = kind == metropolis_pages
                        ? hn::Max(d, hn::Zero(tag))
                        : hn::Add(d, hn::Set(tag, static_cast<std::int8_t>(table_.shift)));
    const auto last = hn::Set(bytes, static_cast<std::uint8_t>(table_.pages * Thresholds::page_size - 1));
    return hn::BitCast(tag, hn::Min(hn::BitCast(bytes, up), last));
  }
  // Lanes that are accepted whatever the random number: Metropolis steps that do not raise the energy.
  HWY_INLINE ByteMask always(ByteVector d) const {
    const Bytes tag;
    if constexpr (kind == heat_bath_pages) return hn::MaskFromVec(hn::Zero(tag));
    return hn::Lt(d, hn::Set(tag, 1));
  }

 private:
  HWY_INLINE ByteVector look_up(std::size_t k, ByteVector entry) const {
    const Bytes tag;
    const Unsigned bytes;
    const auto low = hn::And(entry, hn::Set(tag, 15));
    const std::int8_t* const pages = table_.digits[k].data();
    ByteVector found = hn::TableLookupBytes(hn::LoadDup128(tag, pages), low);
    for (int page = 1; page < table_.pages; ++page) {
      const auto here = hn::TableLookupBytes(hn::LoadDup128(tag, pages + page * Thresholds::page_size), low);
      const auto beyond = hn::Set(bytes, static_cast<std::uint8_t>(page * Thresholds::page_size - 1));
      found = hn::IfThenElse(hn::RebindMask(tag, hn::Gt(hn::BitCast(bytes, entry), beyond)), here, found);
    }
    return found;
  }

  const Thresholds& table_;
  ByteVector first_;
};

// ---- 64 reads in bytes
// ---------------------------------------------------------------------------------------------

// Models whose rows do not fit the cache: the rows of a spin this far ahead are asked for early.
constexpr Index prefetch_distance = 3;
constexpr Index prefetch_size = 8192;

// Adds the rows that spin i is linked to.
HWY_INLINE void SumLinks(const ByteRows& model, Index i, ByteVector (&field)[parts]) {
  const Bytes tag;
  if (model.n >= prefetch_size && i + prefetch_distance < model.n) {
    const std::uint32_t* const last = model.links + model.starts[i + prefetch_distance + 1];
    for (const std::uint32_t* link = model.links + model.starts[i + prefetch_distance]; link < last; ++link)
      __builtin_prefetch(model.rows + *link);
  }
  const std::uint32_t* const last = model.links + model.starts[i + 1];
  for (const std::uint32_t* link = model.links + model.starts[i]; link < last; ++link)
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v)
      field[v] = hn::Add(field[v], hn::Load(tag, model.rows + *link + v * byte_lanes));
}

// h_i + sum_j J_ij s_j of every read, in 32 bits.
HWY_INLINE void WideField(const ByteRows& model, Index i, std::int32_t (&field)[lanes]) {
  std::fill_n(field, lanes, model.fields == nullptr ? 0 : model.fields[i]);
  for (std::int64_t k = model.starts[i]; k < model.starts[i + 1]; ++k)
    for (std::size_t lane = 0; lane < lanes; ++lane) field[lane] += model.rows[model.links[k] + lane];
}

// Proposes the flip of a spin whose field may exceed a byte.
HWY_NOINLINE std::int64_t FlipWide(const ByteRows& model, const Thresholds& thresholds, const Words& words,
                                   Index i) {
  std::int32_t field[lanes];
  WideField(model, i, field);
  std::int8_t* const own = model.rows + static_cast<std::size_t>(i) * lanes;
  std::int8_t* const negative = own + static_cast<std::size_t>(model.n) * lanes;
  const std::uint64_t base = mixed(words[2] ^ mixed(words[3] + static_cast<std::uint64_t>(i)));
  std::int64_t flips = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const std::uint64_t random = mixed(base + (lane + 1) * 0x9e3779b97f4a7c15ULL) >> 32;
    if (random >= thresholds.of(-own[lane] * field[lane])) continue;
    std::swap(own[lane], negative[lane]);
    ++flips;
  }
  return flips;
}

template <int fixed_degree, bool with_fields, Lookup kind>
std::int64_t SweepByteRows(const ByteRows& model, const Thresholds& thresholds, const Words& words,
                           Index begin, Index end) {
  const Bytes tag;
  const auto zero = hn::Zero(tag);
  const Acceptance<kind> acceptance(thresholds);
  LaneRandom random(words);
  std::int8_t* const rows = model.rows;
  const std::size_t to_negative = static_cast<std::size_t>(model.n) * lanes;
  std::int64_t flips = 0;
  for (Index i = begin; i < end; ++i) {
    if (fixed_degree == 0 && HWY_UNLIKELY(model.wide != nullptr && model.wide[i] != 0)) {
      flips += FlipWide(model, thresholds, words, i);
      continue;
    }
    ByteVector field[parts];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) field[v] = with_fields ? hn::Set(tag, model.fields[i]) : zero;
    if constexpr (fixed_degree > 0) {
      const std::uint32_t* const links = model.links + static_cast<std::size_t>(i) * fixed_degree;
#pragma GCC unroll 8
      for (int k = 0; k < fixed_degree; ++k)
#pragma GCC unroll 4
        for (std::size_t v = 0; v < parts; ++v)
          field[v] = hn::Add(field[v], hn::Load(tag, rows + links[k] + v * byte_lanes));
    } else {
      SumLinks(model, i, field);
    }
    std::int8_t* const own = rows + static_cast<std::size_t>(i) * lanes;
    ByteVector spin[parts], entry[parts];
    ByteMask accepted[parts], tied[parts];
    bool any_tied = false;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      spin[v] = hn::Load(tag, own + v * byte_lanes);
      const auto step = hn::IfThenElse(hn::Lt(spin[v], zero), field[v], hn::Sub(zero, field[v]));
      entry[v] = acceptance.entry(step);
      const auto threshold = acceptance.first(entry[v]);
      const auto byte = random.bytes(v);
      const auto always = acceptance.always(step);
      accepted[v] = hn::Or(hn::Lt(byte, threshold), always);
      tied[v] = hn::AndNot(always, hn::Eq(byte, threshold));
      any_tied |= !hn::AllFalse(tag, tied[v]);
    }
    if (HWY_UNLIKELY(any_tied)) {
      for (std::size_t k = 1; k < 4 && any_tied; ++k) {
        any_tied = false;
#pragma GCC unroll 4
        for (std::size_t v = 0; v < parts; ++v) {
          const auto threshold = acceptance.digit(k, entry[v]);
          const auto byte = random.bytes(v);
          accepted[v] = hn::Or(accepted[v], hn::And(tied[v], hn::Lt(byte, threshold)));
          tied[v] = hn::And(tied[v], hn::Eq(byte, threshold));
          any_tied |= !hn::AllFalse(tag, tied[v]);
        }
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      const auto negative = hn::Sub(zero, spin[v]);
      hn::Store(hn::IfThenElse(accepted[v], negative, spin[v]), tag, own + v * byte_lanes);
      hn::Store(hn::IfThenElse(accepted[v], spin[v], negative), tag, own + to_negative + v * byte_lanes);
      flips += static_cast<std::int64_t>(hn::CountTrue(tag, accepted[v]));
    }
  }
  return flips;
}

template <int fixed_degree, Lookup kind>
std::int64_t SweepByteRows(const ByteRows& model, const Thresholds& thresholds, const Words& words,
                           Index begin, Index end) {
  return model.fields == nullptr
             ? SweepByteRows<fixed_degree, false, kind>(model, thresholds, words, begin, end)
             : SweepByteRows<fixed_degree, true, kind>(model, thresholds, words, begin, end);
}

std::int64_t SweepBytes(const ByteRows& model, const Thresholds& thresholds, const Words& words, Index begin,
                        Index end) {
  if (thresholds.heat_bath) return SweepByteRows<0, heat_bath_pages>(model, thresholds, words, begin, end);
  if (!thresholds.one_page()) return SweepByteRows<0, metropolis_pages>(model, thresholds, words, begin, end);
  switch (model.degree) {
    case 4:
      return SweepByteRows<4, one_page>(model, thresholds, words, begin, end);
    case 6:
      return SweepByteRows<6, one_page>(model, thresholds, words, begin, end);
    case 8:
      return SweepByteRows<8, one_page>(model, thresholds, words, begin, end);
    default:
      return SweepByteRows<0, one_page>(model, thresholds, words, begin, end);
  }
}

// Adds the bytes of `values` to 64 sums of 16 bits.
HWY_INLINE void AddBytes(const ByteVector (&values)[parts], std::int16_t* HWY_RESTRICT sums) {
  using Shorts = hn::CappedTag<std::int16_t, 32>;
  const Shorts wide;
  const hn::Rebind<std::int8_t, Shorts> narrow;
  HWY_ALIGN std::int8_t bytes[lanes];
  for (std::size_t v = 0; v < parts; ++v) hn::Store(values[v], Bytes(), bytes + v * byte_lanes);
  for (std::size_t at = 0; at < lanes; at += hn::MaxLanes(wide))
    hn::Store(hn::Add(hn::Load(wide, sums + at), hn::PromoteTo(wide, hn::Load(narrow, bytes + at))), wide,
              sums + at);
}

void EnergiesOfBytes(const ByteRows& model, std::array<std::int64_t, lanes>& twice) {
  const Bytes tag;
  const auto zero = hn::Zero(tag);
  twice.fill(0);
  HWY_ALIGN std::int16_t sums[lanes];
  // Spins between two widenings of the sums: |s f| + |s h| <= 254 each, the sums hold 32767.
  constexpr Index stretch = 128;
  for (Index first = 0; first < model.n; first += stretch) {
    std::fill_n(sums, lanes, std::int16_t{0});
    for (Index i = first; i < std::min(model.n, first + stretch); ++i) {
      if (model.wide != nullptr && model.wide[i] != 0) {
        std::int32_t field[lanes];
        WideField(model, i, field);
        const std::int32_t own_field = model.fields == nullptr ? 0 : model.fields[i];
        for (std::size_t lane = 0; lane < lanes; ++lane)
          twice[lane] += model.rows[static_cast<std::size_t>(i) * lanes + lane] * (field[lane] + own_field);
        continue;
      }
      const auto h = model.fields == nullptr ? zero : hn::Set(tag, model.fields[i]);
      ByteVector field[parts], own[parts], term[parts];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < parts; ++v) field[v] = h;
      SumLinks(model, i, field);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < parts; ++v) {
        own[v] = hn::Load(tag, model.rows + static_cast<std::size_t>(i) * lanes + v * byte_lanes);
        term[v] = hn::IfThenElse(hn::Lt(own[v], zero), hn::Sub(zero, field[v]), field[v]);
      }
      AddBytes(term, sums);
      if (model.fields == nullptr) continue;
#pragma GCC unroll 4
      for (std::size_t v = 0; v < parts; ++v)
        term[v] = hn::IfThenElse(hn::Lt(own[v], zero), hn::Sub(zero, h), h);
      AddBytes(term, sums);
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) twice[lane] += sums[lane];
  }
}

// ---- 64 reads in single precision
// ----------------------------------------------------------------------------------

// log2(x) for x in [0.5, 2^31], to about 1e-7; no fused operations, so that every instruction set agrees.
HWY_INLINE FloatVector Log2(FloatVector x) {
  const Floats d;
  const Ints di;
  const auto bits = hn::Sub(hn::BitCast(di, x), hn::Set(di, 0x3f400000));  // mantissa in [0.75, 1.5)
  const auto exponent = hn::ShiftRight<23>(bits);
  const auto t =
      hn::Sub(hn::BitCast(d, hn::Sub(hn::BitCast(di, x), hn::ShiftLeft<23>(exponent))), hn::Set(d, 1.0f));
  // Chebyshev fit of log2(1 + t) / t on [-1/4, 1/2].
  constexpr float c[9] = {1.4426950318e+0f,  -7.2134847242e-1f, 4.8090223069e-1f,
                          -3.6057657381e-1f, 2.8818632575e-1f,  -2.4270190332e-1f,
                          2.1635855791e-1f,  -1.7444377524e-1f, 7.8279803732e-2f};
  auto sum = hn::Set(d, c[8]);
#pragma GCC unroll 8
  for (int k = 7; k >= 0; --k) sum = hn::Add(hn::Mul(sum, t), hn::Set(d, c[k]));
  return hn::Add(hn::ConvertTo(d, exponent), hn::Mul(sum, t));
}

// The largest pull s f that is still flipped: a flip of cost 2 beta s f is accepted when s f <=
// tolerance(random). Metropolis: -ln u / (2 beta); heat bath: ln((1 - u) / u) / (2 beta), u uniform with 31
// bits.
template <Rule rule>
HWY_INLINE FloatVector Tolerance(hn::Vec<Ints> random, FloatVector scale) {
  const Floats d;
  const auto x = hn::Add(hn::ConvertTo(d, hn::And(random, hn::Set(Ints(), 0x7fffffff))), hn::Set(d, 0.5f));
  if constexpr (rule == Rule::metropolis) return hn::Mul(hn::Sub(hn::Set(d, 31.0f), Log2(x)), scale);
  const auto rest = hn::Max(hn::Sub(hn::Set(d, 0x1p31f), x), hn::Set(d, 0.5f));
  return hn::Mul(hn::Sub(Log2(rest), Log2(x)), scale);
}

// ln 2 / (2 beta), kept finite and above 0 so that the comparisons stay right at beta = 0 and infinity.
inline float ToleranceScale(double beta) {
  return static_cast<float>(std::clamp(std::log(2.0) / (2 * beta), 1e-30, 1e30));
}

// Products with +1 or -1 are exact, so fused and separate operations agree.
HWY_INLINE void AddRows(const FloatRows& model, Index i, FloatVector (&field)[groups]) {
  const Floats d;
  for (std::int64_t k = model.starts[i]; k < model.starts[i + 1]; ++k) {
    const auto weight = hn::Set(d, model.weights[k]);
    const float* const row = model.rows + static_cast<std::size_t>(model.neighbours[k]) * lanes;
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g)
      field[g] = hn::MulAdd(weight, hn::Load(d, row + g * float_lanes), field[g]);
  }
}

template <Rule rule>
std::int64_t SweepFloatRows(const FloatRows& model, double beta, const Words& words, Index begin, Index end) {
  const Floats d;
  const auto zero = hn::Zero(d);
  const auto scale = hn::Set(d, ToleranceScale(beta));
  LaneWords random(words);
  std::int64_t flips = 0;
  for (Index i = begin; i < end; ++i) {
    float* const own = model.rows + static_cast<std::size_t>(i) * lanes;
    FloatVector field[groups];
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g) field[g] = hn::Set(d, model.fields[i]);
    AddRows(model, i, field);
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g) {
      const auto spin = hn::Load(d, own + g * float_lanes);
      const auto negative = hn::Sub(zero, spin);
      const auto word = hn::BitCast(Ints(), random.next(g));
      const auto accepted = hn::Le(hn::Mul(negative, field[g]), Tolerance<rule>(word, scale));
      hn::Store(hn::IfThenElse(accepted, negative, spin), d, own + g * float_lanes);
      flips += static_cast<std::int64_t>(hn::CountTrue(d, accepted));
    }
  }
  return flips;
}

std::int64_t SweepFloats(const FloatRows& model, double beta, Rule rule, const Words& words, Index begin,
                         Index end) {
  return rule == Rule::heat_bath ? SweepFloatRows<Rule::heat_bath>(model, beta, words, begin, end)
                                 : SweepFloatRows<Rule::metropolis>(model, beta, words, begin, end);
}

void EnergiesOfFloats(const FloatRows& model, std::array<double, lanes>& twice) {
  const Floats d;
  twice.fill(0);
  HWY_ALIGN float terms[lanes];
  for (Index i = 0; i < model.n; ++i) {
    FloatVector field[groups];
    for (std::size_t g = 0; g < groups; ++g) field[g] = hn::Set(d, 2 * model.fields[i]);
    AddRows(model, i, field);
    const float* const own = model.rows + static_cast<std::size_t>(i) * lanes;
    for (std::size_t g = 0; g < groups; ++g)
      hn::Store(hn::Mul(field[g], hn::Load(d, own + g * float_lanes)), d, terms + g * float_lanes);
    for (std::size_t lane = 0; lane < lanes; ++lane) twice[lane] += terms[lane];
  }
}

// ---- one read
// ------------------------------------------------------------------------------------------------------

// Flips spin i and updates what its neighbours feel; calls changed(j) for each neighbour j.
template <class Number, class Changed>
HWY_INLINE void Flip(const OneRead<Number>& read, Index i, Changed changed) {
  const int twice = 2 * read.spins[i];
  for (std::int64_t k = read.starts[i]; k < read.starts[i + 1]; ++k) {
    const Index j = read.neighbours[k];
    read.steps[j] =
        static_cast<Number>(read.steps[j] + static_cast<Number>(twice * read.spins[j]) * read.weights[k]);
    changed(j);
  }
  read.spins[i] = static_cast<std::int8_t>(-read.spins[i]);
  read.steps[i] = static_cast<Number>(-read.steps[i]);
}

// The spins of a block of 64 that are flipped if nothing before them in the block changes what they feel; a
// flip looks again at its neighbours further on in the block. So the sweep is sequential, spin by spin, and
// most of it is SIMD.
template <Lookup kind>
std::int64_t SweepOneByBlocks(const OneRead<std::int8_t>& read, const Thresholds& thresholds,
                              const Words& words) {
  const Bytes tag;
  const Acceptance<kind> acceptance(thresholds);
  LaneRandom random(words);
  HWY_ALIGN std::int8_t bytes[lanes];
  const int last = thresholds.pages * Thresholds::page_size - 1;
  std::int64_t flips = 0;
  for (Index first = 0; first < read.n; first += static_cast<Index>(lanes)) {
    std::uint64_t open = 0;  // accepted by the first byte, or tied
    for (std::size_t v = 0; v < parts; ++v) {
      const auto step = hn::Load(tag, read.steps + first + v * byte_lanes);
      const auto byte = random.bytes(v);
      hn::Store(byte, tag, bytes + v * byte_lanes);
      const auto threshold = acceptance.first(acceptance.entry(step));
      const auto below = hn::Not(hn::Gt(byte, threshold));
      std::uint64_t bits = 0;
      hn::StoreMaskBits(tag, hn::Or(below, acceptance.always(step)), reinterpret_cast<std::uint8_t*>(&bits));
      open |= bits << (v * byte_lanes);
    }
    const Index rest = read.n - first;
    if (rest < static_cast<Index>(lanes)) open &= (std::uint64_t{1} << rest) - 1;
    while (open != 0) {
      const int at = std::countr_zero(open);
      open &= open - 1;
      const Index i = first + at;
      const int step = read.steps[i];
      const int entry = std::min(kind == heat_bath_pages ? step + thresholds.shift : std::max(step, 0), last);
      const bool always = kind != heat_bath_pages && step <= 0;
      if (!always && bytes[at] == thresholds.digits[0][static_cast<std::size_t>(entry)]) {
        const std::uint64_t fresh = mixed(words[0] ^ mixed(words[1] + static_cast<std::uint64_t>(i)));
        if (fresh >> 40 >= (thresholds.whole[static_cast<std::size_t>(entry)] & 0xffffffu)) continue;
      }
      ++flips;
      Flip(read, i, [&](Index j) {
        const Index place = j - first;
        if (place <= at || place >= static_cast<Index>(lanes)) return;
        const int now = read.steps[j];
        const int where = std::min(kind == heat_bath_pages ? now + thresholds.shift : std::max(now, 0), last);
        const bool take = (kind != heat_bath_pages && now <= 0) ||
                          bytes[place] <= thresholds.digits[0][static_cast<std::size_t>(where)];
        open = (open & ~(std::uint64_t{1} << place)) | (static_cast<std::uint64_t>(take) << place);
      });
    }
  }
  return flips;
}

std::int64_t SweepOneOfBytes(const OneRead<std::int8_t>& read, const Thresholds& thresholds,
                             const Words& words) {
  if (thresholds.heat_bath) return SweepOneByBlocks<heat_bath_pages>(read, thresholds, words);
  if (!thresholds.one_page()) return SweepOneByBlocks<metropolis_pages>(read, thresholds, words);
  return SweepOneByBlocks<one_page>(read, thresholds, words);
}

template <Rule rule>
std::int64_t SweepOneByTolerance(const OneRead<float>& read, double beta, const Words& words) {
  const Floats d;
  const auto scale = hn::Set(d, ToleranceScale(beta));
  LaneWords random(words);
  HWY_ALIGN float tolerance[lanes];
  std::int64_t flips = 0;
  for (Index first = 0; first < read.n; first += static_cast<Index>(lanes)) {
    std::uint64_t open = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      const auto limit = Tolerance<rule>(hn::BitCast(Ints(), random.next(g)), scale);
      hn::Store(limit, d, tolerance + g * float_lanes);
      const auto step = hn::Load(d, read.steps + first + g * float_lanes);
      std::uint64_t bits = 0;
      hn::StoreMaskBits(d, hn::Le(step, limit), reinterpret_cast<std::uint8_t*>(&bits));
      open |= bits << (g * float_lanes);
    }
    const Index rest = read.n - first;
    if (rest < static_cast<Index>(lanes)) open &= (std::uint64_t{1} << rest) - 1;
    while (open != 0) {
      const int at = std::countr_zero(open);
      open &= open - 1;
      ++flips;
      Flip(read, first + at, [&](Index j) {
        const Index place = j - first;
        if (place <= at || place >= static_cast<Index>(lanes)) return;
        const auto take = static_cast<std::uint64_t>(read.steps[j] <= tolerance[place]);
        open = (open & ~(std::uint64_t{1} << place)) | (take << place);
      });
    }
  }
  return flips;
}

std::int64_t SweepOneOfFloats(const OneRead<float>& read, double beta, Rule rule, const Words& words) {
  return rule == Rule::heat_bath ? SweepOneByTolerance<Rule::heat_bath>(read, beta, words)
                                 : SweepOneByTolerance<Rule::metropolis>(read, beta, words);
}

// Dense models: a flip changes all fields, row by row of the weight matrix, and the rest of its block is
// looked at again.
template <Rule rule>
std::int64_t SweepDenseByTolerance(const DenseRead& read, double beta, const Words& words) {
  const Floats d;
  const auto scale = hn::Set(d, ToleranceScale(beta));
  LaneWords random(words);
  HWY_ALIGN float tolerance[lanes];
  const std::size_t width = (static_cast<std::size_t>(read.n) + lanes - 1) / lanes * lanes;
  std::int64_t flips = 0;
  for (std::size_t first = 0; first < width; first += lanes) {
    for (std::size_t g = 0; g < groups; ++g)
      hn::Store(Tolerance<rule>(hn::BitCast(Ints(), random.next(g)), scale), d, tolerance + g * float_lanes);
    const std::size_t count = std::min(lanes, static_cast<std::size_t>(read.n) - first);
    std::uint64_t rest = count < lanes ? (std::uint64_t{1} << count) - 1 : ~std::uint64_t{0};
    while (rest != 0) {
      std::uint64_t open = 0;
#pragma GCC unroll 16
      for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t at = first + g * float_lanes;
        const auto step = hn::Mul(hn::Neg(hn::Load(d, read.spins + at)), hn::Load(d, read.fields + at));
        std::uint64_t bits = 0;
        hn::StoreMaskBits(d, hn::Le(step, hn::Load(d, tolerance + g * float_lanes)),
                          reinterpret_cast<std::uint8_t*>(&bits));
        open |= bits << (g * float_lanes);
      }
      open &= rest;
      if (open == 0) break;
      const int at = std::countr_zero(open);
      rest &= ~((open & (~open + 1)) | ((open & (~open + 1)) - 1));  // spins after this one
      const std::size_t i = first + static_cast<std::size_t>(at);
      const auto change = hn::Set(d, -2 * read.spins[i]);
      const float* const row = read.weights + i * width;
      for (std::size_t j = 0; j < width; j += float_lanes)
        hn::Store(hn::Add(hn::Load(d, read.fields + j), hn::Mul(change, hn::Load(d, row + j))), d,
                  read.fields + j);
      read.spins[i] = -read.spins[i];
      ++flips;
    }
  }
  return flips;
}

std::int64_t SweepDense(const DenseRead& read, double beta, Rule rule, const Words& words) {
  return rule == Rule::heat_bath ? SweepDenseByTolerance<Rule::heat_bath>(read, beta, words)
                                 : SweepDenseByTolerance<Rule::metropolis>(read, beta, words);
}

const char* InstructionSet() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin::kernels
HWY_AFTER_NAMESPACE();
