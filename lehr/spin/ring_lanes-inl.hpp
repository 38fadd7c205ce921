// Part of lane_kernels.cpp: rings of slices (quantum_rings.hpp) in lanes, by single flips and by clusters along a ring.

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::kernels {
namespace HWY_NAMESPACE {

// The lane that stands `by` further on in the ring's part of the lanes.
HWY_INLINE std::size_t TurnedLane(std::size_t lane, int group, int by) {
  const auto last = static_cast<std::size_t>(group - 1);
  return (lane & ~last) | ((lane + static_cast<std::size_t>(by)) & last);
}

// ---- single flips in bytes

// Entries of the thresholds by the step d and the state b of the ring's two bonds.
template <int pages>
class RingAcceptance {
 public:
  explicit RingAcceptance(const RingThresholds& table) : table_(table) {}
  HWY_INLINE ByteVector digit(std::size_t k, ByteVector entry, ByteMask opposed, ByteMask aligned) const {
    return hn::IfThenElse(opposed, look_up(k, 0, entry),
                          hn::IfThenElse(aligned, look_up(k, 2, entry), look_up(k, 1, entry)));
  }
  // Lanes that are accepted whatever the random number.
  HWY_INLINE ByteMask always(ByteVector entry, ByteMask opposed, ByteMask aligned) const {
    const Bytes tag;
    const auto limit = [&](std::size_t b) { return hn::Set(tag, table_.always[b]); };
    return hn::Lt(entry, hn::IfThenElse(opposed, limit(0), hn::IfThenElse(aligned, limit(2), limit(1))));
  }

 private:
  HWY_INLINE ByteVector look_up(std::size_t k, std::size_t b, ByteVector entry) const {
    const Bytes tag;
    const std::int8_t* const page = table_.digits[k][b].data();
    if constexpr (pages == 1) {
      return hn::TableLookupBytes(hn::LoadDup128(tag, page), entry);
    } else {
      const auto low = hn::And(entry, hn::Set(tag, 15));
      return hn::IfThenElse(hn::Gt(entry, hn::Set(tag, 15)),
                            hn::TableLookupBytes(hn::LoadDup128(tag, page + 16), low),
                            hn::TableLookupBytes(hn::LoadDup128(tag, page), low));
    }
  }

  const RingThresholds& table_;
};

// Rows of bytes whose lanes are turned by one within a ring's part.
class ByteTurns {
 public:
  explicit ByteTurns(int group) {
    HWY_ALIGN std::int8_t back[16], on[16];
    for (std::size_t lane = 0; lane < 16; ++lane) {
      back[lane] = static_cast<std::int8_t>(TurnedLane(lane, group, -1));
      on[lane] = static_cast<std::int8_t>(TurnedLane(lane, group, 1));
    }
    back_ = hn::LoadDup128(Bytes(), back), on_ = hn::LoadDup128(Bytes(), on);
  }
  HWY_INLINE ByteVector back(ByteVector row) const { return hn::TableLookupBytes(row, back_); }
  HWY_INLINE ByteVector on(ByteVector row) const { return hn::TableLookupBytes(row, on_); }

 private:
  ByteVector back_, on_;
};

// The rows of a ring's neighbours of one slab; those beyond the first and the last slab are turned by a lane.
class ByteNeighbours {
 public:
  ByteNeighbours(const ByteRing& ring, std::int64_t slab)
      : before_(ring.slab(slab > 0 ? slab - 1 : ring.slabs - 1)),
        after_(ring.slab(slab + 1 < ring.slabs ? slab + 1 : 0)),
        turn_before_(slab == 0 && ring.group > 1),
        turn_after_(slab + 1 == ring.slabs && ring.group > 1),
        turns_(ring.group) {}
  // The sum of both neighbours' spins: -2, 0 or 2.
  HWY_INLINE ByteVector sum(std::size_t at) const {
    const Bytes tag;
    auto before = hn::Load(tag, before_ + at), after = hn::Load(tag, after_ + at);
    if (turn_before_) before = turns_.back(before);
    if (turn_after_) after = turns_.on(after);
    return hn::Add(before, after);
  }

 private:
  const std::int8_t *before_, *after_;
  bool turn_before_, turn_after_;
  ByteTurns turns_;
};

template <int fixed_degree, int pages>
void SweepByteSlab(const ByteRing& ring, std::int64_t slab, const RingThresholds& thresholds,
                   const Words& words, Index begin, Index end) {
  const Bytes tag;
  const auto zero = hn::Zero(tag);
  const auto shift = hn::Set(tag, static_cast<std::int8_t>(thresholds.shift));
  const RingAcceptance<pages> acceptance(thresholds);
  const ByteNeighbours neighbours(ring, slab);
  LaneRandom random(words);
  std::int8_t* const rows = ring.slab(slab);
  const std::size_t to_negative = static_cast<std::size_t>(ring.model.n) * lanes;
  for (Index i = begin; i < end; ++i) {
    ByteVector field[parts];
    const auto h = ring.model.fields == nullptr ? zero : hn::Set(tag, ring.model.fields[i]);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) field[v] = h;
    AddLinks<fixed_degree>(ring.model, rows, i, field);
    const std::size_t row = static_cast<std::size_t>(i) * lanes;
    ByteVector spin[parts], entry[parts];
    ByteMask opposed[parts], aligned[parts], accepted[parts], tied[parts];
    bool any_tied = false;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      spin[v] = hn::Load(tag, rows + row + v * byte_lanes);
      const auto down = hn::Lt(spin[v], zero);
      const auto with_sign = [&](ByteVector x) { return hn::IfThenElse(down, hn::Sub(zero, x), x); };
      entry[v] = hn::Sub(shift, with_sign(field[v]));
      const auto bonds = with_sign(neighbours.sum(row + v * byte_lanes));
      opposed[v] = hn::Lt(bonds, zero), aligned[v] = hn::Gt(bonds, zero);
      const auto always = acceptance.always(entry[v], opposed[v], aligned[v]);
      const auto threshold = acceptance.digit(0, entry[v], opposed[v], aligned[v]);
      const auto byte = random.bytes(v);
      accepted[v] = hn::Or(hn::Lt(byte, threshold), always);
      tied[v] = hn::AndNot(always, hn::Eq(byte, threshold));
      any_tied |= !hn::AllFalse(tag, tied[v]);
    }
    if (HWY_UNLIKELY(any_tied))
      SettleTies(
          random,
          [&](std::size_t k, std::size_t v) { return acceptance.digit(k, entry[v], opposed[v], aligned[v]); },
          accepted, tied);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      const auto negative = hn::Sub(zero, spin[v]);
      std::int8_t* const own = rows + row + v * byte_lanes;
      hn::Store(hn::IfThenElse(accepted[v], negative, spin[v]), tag, own);
      hn::Store(hn::IfThenElse(accepted[v], spin[v], negative), tag, own + to_negative);
    }
  }
}

void SweepSlabOfBytes(const ByteRing& ring, std::int64_t slab, const RingThresholds& thresholds,
                      const Words& words, Index begin, Index end) {
  if (thresholds.pages > 1) return SweepByteSlab<0, 2>(ring, slab, thresholds, words, begin, end);
  switch (ring.model.degree) {
    case 4:
      return SweepByteSlab<4, 1>(ring, slab, thresholds, words, begin, end);
    case 6:
      return SweepByteSlab<6, 1>(ring, slab, thresholds, words, begin, end);
    default:
      return SweepByteSlab<0, 1>(ring, slab, thresholds, words, begin, end);
  }
}

// ---- signs, fields and flips of either kind of rows, as groups of floats

HWY_INLINE FloatMask MaskOf(std::uint64_t bits, std::size_t g) {
  const std::uint64_t own = bits >> (g * float_lanes);
  return hn::LoadMaskBits(Floats(), reinterpret_cast<const std::uint8_t*>(&own));
}
HWY_INLINE std::uint64_t BitsOf(FloatMask mask, std::size_t g) {
  std::uint64_t bits = 0;
  hn::StoreMaskBits(Floats(), mask, reinterpret_cast<std::uint8_t*>(&bits));
  return bits << (g * float_lanes);
}

class ByteRows {
 public:
  explicit ByteRows(const ByteRing& ring) : ring_(ring), turns_(ring.group) {}
  std::int64_t slabs() const { return ring_.slabs; }
  int group() const { return ring_.group; }
  std::size_t used() const { return static_cast<std::size_t>(ring_.used); }

  HWY_INLINE void signs(std::int64_t slab, Index i, FloatVector (&s)[groups]) const {
    widen(ring_.slab(slab) + static_cast<std::size_t>(i) * lanes, s);
  }
  // The signs of the slab, each lane's from `by` lanes further on in the ring.
  HWY_INLINE void turned(std::int64_t slab, Index i, int by, FloatVector (&s)[groups]) const {
    const std::int8_t* const row = ring_.slab(slab) + static_cast<std::size_t>(i) * lanes;
    if (ring_.group == 1) return widen(row, s);
    HWY_ALIGN std::int8_t moved[lanes];
    for (std::size_t v = 0; v < parts; ++v) {
      const auto bytes = hn::Load(Bytes(), row + v * byte_lanes);
      hn::Store(by > 0 ? turns_.on(bytes) : turns_.back(bytes), Bytes(), moved + v * byte_lanes);
    }
    widen(moved, s);
  }
  HWY_INLINE void fields(std::int64_t slab, Index i, FloatVector (&f)[groups]) const {
    const ByteLinks& model = ring_.model;
    const std::int8_t* const rows = ring_.slab(slab);
    if (HWY_UNLIKELY(model.wide != nullptr && model.wide[i] != 0)) {
      HWY_ALIGN std::int32_t wide[lanes];
      WideField(model, rows, i, wide);
      for (std::size_t g = 0; g < groups; ++g)
        f[g] = hn::ConvertTo(Floats(), hn::Load(Ints(), wide + g * float_lanes));
      return;
    }
    const Bytes tag;
    ByteVector field[parts];
    const auto h = model.fields == nullptr ? hn::Zero(tag) : hn::Set(tag, model.fields[i]);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) field[v] = h;
    AddLinks<0>(model, rows, i, field);
    HWY_ALIGN std::int8_t bytes[lanes];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) hn::Store(field[v], tag, bytes + v * byte_lanes);
    widen(bytes, f);
  }
  HWY_INLINE void flip(std::int64_t slab, Index i, std::uint64_t bits) const {
    const Bytes tag;
    std::int8_t* const own = ring_.slab(slab) + static_cast<std::size_t>(i) * lanes;
    std::int8_t* const negative = own + static_cast<std::size_t>(ring_.model.n) * lanes;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      const std::uint64_t part = bits >> (v * byte_lanes % 64);
      const auto flipped = hn::LoadMaskBits(tag, reinterpret_cast<const std::uint8_t*>(&part));
      const auto spin = hn::Load(tag, own + v * byte_lanes), minus = hn::Load(tag, negative + v * byte_lanes);
      hn::Store(hn::IfThenElse(flipped, minus, spin), tag, own + v * byte_lanes);
      hn::Store(hn::IfThenElse(flipped, spin, minus), tag, negative + v * byte_lanes);
    }
  }

 private:
  static HWY_INLINE void widen(const std::int8_t* bytes, FloatVector (&s)[groups]) {
    const hn::Rebind<std::int8_t, Floats> narrow;
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g)
      s[g] = hn::ConvertTo(Floats(), hn::PromoteTo(Ints(), hn::Load(narrow, bytes + g * float_lanes)));
  }

  const ByteRing& ring_;
  ByteTurns turns_;
};

class FloatRows {
 public:
  explicit FloatRows(const FloatRing& ring) : ring_(ring) {}
  std::int64_t slabs() const { return ring_.slabs; }
  int group() const { return ring_.group; }
  std::size_t used() const { return static_cast<std::size_t>(ring_.used); }

  HWY_INLINE void signs(std::int64_t slab, Index i, FloatVector (&s)[groups]) const {
    load(ring_.slab(slab) + static_cast<std::size_t>(i) * lanes, s);
  }
  HWY_INLINE void turned(std::int64_t slab, Index i, int by, FloatVector (&s)[groups]) const {
    const float* const row = ring_.slab(slab) + static_cast<std::size_t>(i) * lanes;
    if (ring_.group == 1) return load(row, s);
    HWY_ALIGN float moved[lanes];
    for (std::size_t lane = 0; lane < lanes; ++lane) moved[lane] = row[TurnedLane(lane, ring_.group, by)];
    load(moved, s);
  }
  HWY_INLINE void fields(std::int64_t slab, Index i, FloatVector (&f)[groups]) const {
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g) f[g] = hn::Set(Floats(), ring_.model.fields[i]);
    AddRows(ring_.model, ring_.slab(slab), i, f);
  }
  HWY_INLINE void flip(std::int64_t slab, Index i, std::uint64_t bits) const {
    float* const own = ring_.slab(slab) + static_cast<std::size_t>(i) * lanes;
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g) {
      const auto spin = hn::Load(Floats(), own + g * float_lanes);
      hn::Store(hn::IfThenElse(MaskOf(bits, g), hn::Neg(spin), spin), Floats(), own + g * float_lanes);
    }
  }

 private:
  static HWY_INLINE void load(const float* row, FloatVector (&s)[groups]) {
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g) s[g] = hn::Load(Floats(), row + g * float_lanes);
  }

  const FloatRing& ring_;
};

// ---- single flips of any model

template <class Rows>
void SweepSlab(const Rows& rows, std::int64_t slab, const RingAction& action, const Words& words, Index begin,
               Index end) {
  const Floats d;
  const auto problem = hn::Set(d, action.problem), bond = hn::Set(d, action.bond);
  const auto one = hn::Set(d, static_cast<float>(std::numbers::ln2));
  const std::int64_t last = rows.slabs() - 1;
  LaneWords random(words);
  for (Index i = begin; i < end; ++i) {
    FloatVector spin[groups], field[groups], before[groups], after[groups];
    rows.signs(slab, i, spin);
    rows.fields(slab, i, field);
    slab > 0 ? rows.signs(slab - 1, i, before) : rows.turned(last, i, -1, before);
    slab < last ? rows.signs(slab + 1, i, after) : rows.turned(0, i, 1, after);
    std::uint64_t flips = 0;
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g) {
      const auto ring = hn::Mul(bond, hn::Add(before[g], after[g]));
      const auto cost = hn::Mul(spin[g], hn::Sub(ring, hn::Mul(problem, field[g])));
      const auto limit = Tolerance<Rule::metropolis>(hn::BitCast(Ints(), random.next(g)), one);
      flips |= BitsOf(hn::Le(cost, limit), g);
    }
    rows.flip(slab, i, flips);
  }
}

void SweepSlabOfByteRows(const ByteRing& ring, std::int64_t slab, const RingAction& action,
                         const Words& words, Index begin, Index end) {
  SweepSlab(ByteRows(ring), slab, action, words, begin, end);
}
void SweepSlabOfFloats(const FloatRing& ring, std::int64_t slab, const RingAction& action, const Words& words,
                       Index begin, Index end) {
  SweepSlab(FloatRows(ring), slab, action, words, begin, end);
}

// ---- clusters along the ring

// What the slabs of a lane's part of a ring add up to: s f summed up to the first cut (head) and after the last (tail);
// without a cut the tail is the whole, the head 0.
struct RingParts {
  HWY_ALIGN float head[lanes];
  HWY_ALIGN float tail[lanes];
  HWY_ALIGN float joint[lanes];  // of the cluster that holds the lane's tail, at the lane that decides on it
  std::uint64_t cut = 0;         // lanes with a cut
};

// Sums the tail of each of the first `used` lanes with what follows it up to the next cut.
inline void JoinLanes(RingParts& ring, int group, std::size_t used) {
  const auto count = static_cast<std::size_t>(group);
  for (std::size_t first = 0; first < used; first += count) {
    const std::uint64_t cut = ring.cut >> first & ((std::uint64_t{1} << count) - 1);
    float* const tail = ring.tail + first;
    float* const joint = ring.joint + first;
    if (cut == 0) {  // the first lane decides for the ring
      joint[0] = 0;
      for (std::size_t lane = 0; lane < count; ++lane) joint[0] += tail[lane];
      continue;
    }
    // Backwards from the lane before a cut one: what stands from the beginning of the next lane to its first cut.
    std::size_t lane = static_cast<std::size_t>(std::bit_width(cut)) - 1;
    float next = ring.head[first + lane];
    for (std::size_t k = 0; k < count; ++k) {
      lane = lane > 0 ? lane - 1 : count - 1;
      joint[lane] = tail[lane] + next;
      next = (cut >> lane & 1) != 0 ? ring.head[first + lane] : joint[lane];
    }
  }
}

// One bit a lane: the first lanes of the rings.
inline std::uint64_t FirstLanes(int group) {
  std::uint64_t first = 1;
  for (int width = group; width < 64; width *= 2) first |= first << width;
  return first;
}
// The bits of each ring, turned by one lane: a lane gets that of the lane before it.
inline std::uint64_t TurnedBits(std::uint64_t bits, int group) {
  const std::uint64_t first = FirstLanes(group);
  return ((bits << 1) & ~first) | ((bits >> (group - 1)) & first);
}

// `decided` by every lane on its own; what holds for the cluster of each lane's tail, which the last lane with a cut
// decides, or the first lane of a ring without any.
inline std::uint64_t TailDecisions(std::uint64_t cut, int group, std::uint64_t decided) {
  if (group == 1) return decided;
  std::uint64_t whole = cut;  // of rings with a cut
  for (int k = 1; k < group; ++k) whole |= TurnedBits(whole, group);
  std::uint64_t known = cut | (FirstLanes(group) & ~whole), tails = decided & known;
  while (~known != 0) {
    tails |= TurnedBits(tails & known, group) & ~known;
    known |= TurnedBits(known, group);
  }
  return tails;
}

// Clusters whose sums of s f stand in `sums` flip by the heat bath: one bit a lane.
HWY_INLINE std::uint64_t Decide(const float* HWY_RESTRICT sums, float problem, LaneWords& random) {
  const Floats d;
  const auto one = hn::Set(d, static_cast<float>(std::numbers::ln2)), scale = hn::Set(d, -problem);
  std::uint64_t flips = 0;
#pragma GCC unroll 16
  for (std::size_t g = 0; g < groups; ++g) {
    const auto cost = hn::Mul(scale, hn::Load(d, sums + g * float_lanes));
    const auto limit = Tolerance<Rule::heat_bath>(hn::BitCast(Ints(), random.next(g)), one);
    flips |= BitsOf(hn::Le(cost, limit), g);
  }
  return flips;
}

// Cuts the ring of spin i into clusters: `cuts[slab]` are the lanes cut after the slab, `earlier[slab]` those cut
// before that, and sums[slab] adds s f up since the last cut.
template <class Rows>
HWY_INLINE void CutRing(const Rows& rows, Index i, const RingAction& action, LaneWords& random,
                        const RingScratch& scratch, RingParts& ring) {
  const Floats d;
  const auto join = hn::Set(Ints(), action.join), low = hn::Set(Ints(), 0x7fffffff);
  FloatVector spin[groups], next[groups], field[groups], run[groups], head[groups];
  for (std::size_t g = 0; g < groups; ++g) run[g] = head[g] = hn::Zero(d);
  rows.signs(0, i, spin);
  std::uint64_t seen = 0;
  for (std::int64_t slab = 0; slab < rows.slabs(); ++slab) {
    slab + 1 < rows.slabs() ? rows.signs(slab + 1, i, next) : rows.turned(0, i, 1, next);
    rows.fields(slab, i, field);
    float* const sums = scratch.sums + static_cast<std::size_t>(slab) * lanes;
    std::uint64_t cut = 0;
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g) {
      const auto word = hn::And(hn::BitCast(Ints(), random.next(g)), low);
      const auto apart = hn::Or(hn::Ne(spin[g], next[g]), hn::RebindMask(d, hn::Not(hn::Lt(word, join))));
      run[g] = hn::Add(run[g], hn::Mul(spin[g], field[g]));
      hn::Store(run[g], d, sums + g * float_lanes);
      head[g] = hn::IfThenElse(hn::AndNot(MaskOf(seen, g), apart), run[g], head[g]);
      run[g] = hn::IfThenZeroElse(apart, run[g]);
      cut |= BitsOf(apart, g);
      spin[g] = next[g];
    }
    scratch.cuts[slab] = cut, scratch.earlier[slab] = seen;
    seen |= cut;
  }
  ring.cut = seen;
  for (std::size_t g = 0; g < groups; ++g) {
    hn::Store(run[g], d, ring.tail + g * float_lanes);
    hn::Store(head[g], d, ring.head + g * float_lanes);
  }
}

template <class Rows>
void SweepClusters(const Rows& rows, const RingAction& action, const Words& words, const RingScratch& scratch,
                   Index begin, Index end) {
  LaneWords random(words);
  RingParts ring{};
  for (Index i = begin; i < end; ++i) {
    CutRing(rows, i, action, random, scratch, ring);
    if (rows.group() > 1)
      JoinLanes(ring, rows.group(), rows.used());
    else
      for (std::size_t lane = 0; lane < lanes; ++lane) ring.joint[lane] = ring.head[lane] + ring.tail[lane];
    const std::uint64_t tails =
        TailDecisions(ring.cut, rows.group(), Decide(ring.joint, action.problem, random));
    const std::uint64_t heads = TurnedBits(tails, rows.group());
    std::uint64_t flips = tails;
    for (std::int64_t slab = rows.slabs() - 1; slab >= 0; --slab) {
      const std::uint64_t cut = scratch.cuts[slab], inner = cut & scratch.earlier[slab];
      if (cut != 0) {
        flips = (flips & ~cut) | (heads & cut & ~inner);
        if (inner != 0)
          flips |=
              inner & Decide(scratch.sums + static_cast<std::size_t>(slab) * lanes, action.problem, random);
      }
      if (flips != 0) rows.flip(slab, i, flips);
    }
  }
}

void SweepClustersOfBytes(const ByteRing& ring, const RingAction& action, const Words& words,
                          const RingScratch& scratch, Index begin, Index end) {
  SweepClusters(ByteRows(ring), action, words, scratch, begin, end);
}
void SweepClustersOfFloats(const FloatRing& ring, const RingAction& action, const Words& words,
                           const RingScratch& scratch, Index begin, Index end) {
  SweepClusters(FloatRows(ring), action, words, scratch, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin::kernels
HWY_AFTER_NAMESPACE();
