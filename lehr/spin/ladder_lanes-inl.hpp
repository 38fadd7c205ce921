// Part of lane_kernels.cpp: 64 reads, each at an inverse temperature of its own.

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::kernels {
namespace HWY_NAMESPACE {

// Counts the accepted flips of every lane, in bytes that are emptied before they overflow.
class LaneCounts {
 public:
  LaneCounts() {
    for (std::size_t v = 0; v < parts; ++v) counts_[v] = hn::Zero(Bytes());
  }
  HWY_INLINE void add(std::size_t v, ByteMask accepted) {
    counts_[v] = hn::Sub(counts_[v], hn::VecFromMask(Bytes(), accepted));
  }
  static constexpr Index most = 127;  // spins between two calls of `empty`
  void empty(std::int64_t* flips) {
    HWY_ALIGN std::int8_t bytes[lanes];
    for (std::size_t v = 0; v < parts; ++v) {
      hn::Store(counts_[v], Bytes(), bytes + v * byte_lanes);
      counts_[v] = hn::Zero(Bytes());
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) flips[lane] += bytes[lane];
  }

 private:
  ByteVector counts_[parts];
};

// Digit k of the thresholds for the steps d of part v, where each lane has its own.
HWY_INLINE ByteVector LadderDigit(const LadderThresholds& table, std::size_t k, std::size_t v, ByteVector d) {
  const Bytes tag;
  const std::int8_t* const rows = table.digits[k].data() + v * byte_lanes;
  ByteVector found = hn::Load(tag, rows);
  for (std::size_t e = 1; e < table.steps.size(); ++e)
    found = hn::IfThenElse(hn::Eq(d, hn::Set(tag, table.steps[e])), hn::Load(tag, rows + e * lanes), found);
  return found;
}

template <int fixed_degree>
void SweepByteLadder(const ByteLinks& model, std::int8_t* rows, const LadderThresholds& table,
                     const Words& words, Index begin, Index end, std::int64_t* flips) {
  const Bytes tag;
  const auto zero = hn::Zero(tag);
  const auto free_steps = hn::Set(tag, table.always);
  const std::size_t to_negative = static_cast<std::size_t>(model.n) * lanes;
  LaneRandom random(words);
  LaneCounts counts;
  for (Index i = begin; i < end; ++i) {
    if (HWY_UNLIKELY((i - begin) % LaneCounts::most == 0)) counts.empty(flips);
    ByteVector field[parts], spin[parts], step[parts];
    ByteMask accepted[parts], tied[parts];
    const auto h = model.fields == nullptr ? zero : hn::Set(tag, model.fields[i]);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) field[v] = h;
    AddLinks<fixed_degree>(model, rows, i, field);
    std::int8_t* const own = rows + static_cast<std::size_t>(i) * lanes;
    bool any_tied = false;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      spin[v] = hn::Load(tag, own + v * byte_lanes);
      step[v] = hn::IfThenElse(hn::Lt(spin[v], zero), field[v], hn::Sub(zero, field[v]));
      const auto threshold = LadderDigit(table, 0, v, step[v]);
      const auto byte = random.bytes(v);
      const auto always = hn::Lt(step[v], free_steps);
      accepted[v] = hn::Or(hn::Lt(byte, threshold), always);
      tied[v] = hn::AndNot(always, hn::Eq(byte, threshold));
      any_tied |= !hn::AllFalse(tag, tied[v]);
    }
    if (HWY_UNLIKELY(any_tied))
      SettleTies(
          random, [&](std::size_t k, std::size_t v) { return LadderDigit(table, k, v, step[v]); }, accepted,
          tied);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      const auto negative = hn::Sub(zero, spin[v]);
      hn::Store(hn::IfThenElse(accepted[v], negative, spin[v]), tag, own + v * byte_lanes);
      hn::Store(hn::IfThenElse(accepted[v], spin[v], negative), tag, own + to_negative + v * byte_lanes);
      counts.add(v, accepted[v]);
    }
  }
  counts.empty(flips);
}

void SweepLadderOfBytes(const ByteLinks& model, std::int8_t* rows, const LadderThresholds& table,
                        const Words& words, Index begin, Index end, std::int64_t* flips) {
  switch (model.degree) {
    case 4:
      return SweepByteLadder<4>(model, rows, table, words, begin, end, flips);
    case 6:
      return SweepByteLadder<6>(model, rows, table, words, begin, end, flips);
    default:
      return SweepByteLadder<0>(model, rows, table, words, begin, end, flips);
  }
}

// The first `quarters` quarters of the lanes; random numbers of a lane do not depend on how many are advanced.
template <Rule rule, std::size_t quarters>
void SweepFloatLadder(const FloatLinks& model, float* rows, const float* scales, const Words& words,
                      Index begin, Index end, std::int64_t* flips) {
  constexpr std::size_t used = groups * quarters / 4;
  const Floats d;
  FloatVector scale[used];
  hn::Vec<Ints> count[used];
  for (std::size_t g = 0; g < used; ++g)
    scale[g] = hn::Load(d, scales + g * float_lanes), count[g] = hn::Zero(Ints());
  LaneWords random(words);
  for (Index i = begin; i < end; ++i) {
    float* const own = rows + static_cast<std::size_t>(i) * lanes;
    FloatVector field[used];
#pragma GCC unroll 16
    for (std::size_t g = 0; g < used; ++g) field[g] = hn::Set(d, model.fields[i]);
    AddRows(model, rows, i, field);
#pragma GCC unroll 16
    for (std::size_t g = 0; g < used; ++g) {
      const auto spin = hn::Load(d, own + g * float_lanes);
      const auto negative = hn::Sub(hn::Zero(d), spin);
      const auto word = hn::BitCast(Ints(), random.next(g));
      const auto accepted = hn::Le(hn::Mul(negative, field[g]), Tolerance<rule>(word, scale[g]));
      hn::Store(hn::IfThenElse(accepted, negative, spin), d, own + g * float_lanes);
      count[g] = hn::Sub(count[g], hn::VecFromMask(Ints(), hn::RebindMask(Ints(), accepted)));
    }
  }
  HWY_ALIGN std::int32_t counts[lanes] = {};
  for (std::size_t g = 0; g < used; ++g) hn::Store(count[g], Ints(), counts + g * float_lanes);
  for (std::size_t lane = 0; lane < lanes; ++lane) flips[lane] += counts[lane];
}

template <Rule rule>
void SweepFloatLadder(const FloatLinks& model, float* rows, const float* scales, std::size_t used,
                      const Words& words, Index begin, Index end, std::int64_t* flips) {
  if (used <= lanes / 4) return SweepFloatLadder<rule, 1>(model, rows, scales, words, begin, end, flips);
  if (used <= lanes / 2) return SweepFloatLadder<rule, 2>(model, rows, scales, words, begin, end, flips);
  SweepFloatLadder<rule, 4>(model, rows, scales, words, begin, end, flips);
}

void SweepLadderOfFloats(const FloatLinks& model, float* rows, const double* betas, std::size_t used,
                         Rule rule, const Words& words, Index begin, Index end, std::int64_t* flips) {
  HWY_ALIGN float scales[lanes];
  for (std::size_t lane = 0; lane < lanes; ++lane)
    scales[lane] = ToleranceScale(betas[lane < used ? lane : 0]);
  return rule == Rule::heat_bath
             ? SweepFloatLadder<Rule::heat_bath>(model, rows, scales, used, words, begin, end, flips)
             : SweepFloatLadder<Rule::metropolis>(model, rows, scales, used, words, begin, end, flips);
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin::kernels
HWY_AFTER_NAMESPACE();
