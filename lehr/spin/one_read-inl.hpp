// Part of lane_kernels.cpp: one read, 64 of its spins looked at together.

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::kernels {
namespace HWY_NAMESPACE {

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

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin::kernels
HWY_AFTER_NAMESPACE();
