// Part of lane_kernels.cpp: 64 reads in bytes.

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::kernels {
namespace HWY_NAMESPACE {

// Models whose rows do not fit the cache: the rows of a spin this far ahead are asked for early.
constexpr Index prefetch_distance = 3;
constexpr Index prefetch_size = 8192;

// Adds the rows that spin i is linked to.
HWY_INLINE void SumLinks(const ByteLinks& model, const std::int8_t* rows, Index i,
                         ByteVector (&field)[parts]) {
  const Bytes tag;
  if (model.n >= prefetch_size && i + prefetch_distance < model.n) {
    const std::uint32_t* const last = model.links + model.starts[i + prefetch_distance + 1];
    for (const std::uint32_t* link = model.links + model.starts[i + prefetch_distance]; link < last; ++link)
      __builtin_prefetch(rows + *link);
  }
  const std::uint32_t* const last = model.links + model.starts[i + 1];
  for (const std::uint32_t* link = model.links + model.starts[i]; link < last; ++link)
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v)
      field[v] = hn::Add(field[v], hn::Load(tag, rows + *link + v * byte_lanes));
}

// The same where every spin has `fixed_degree` links; 0: any number.
template <int fixed_degree>
HWY_INLINE void AddLinks(const ByteLinks& model, const std::int8_t* rows, Index i,
                         ByteVector (&field)[parts]) {
  if constexpr (fixed_degree == 0) {
    SumLinks(model, rows, i, field);
  } else {
    const Bytes tag;
    const std::uint32_t* const links = model.links + static_cast<std::size_t>(i) * fixed_degree;
#pragma GCC unroll 8
    for (int k = 0; k < fixed_degree; ++k)
#pragma GCC unroll 4
      for (std::size_t v = 0; v < parts; ++v)
        field[v] = hn::Add(field[v], hn::Load(tag, rows + links[k] + v * byte_lanes));
  }
}

// h_i + sum_j J_ij s_j of every read, in 32 bits.
HWY_INLINE void WideField(const ByteLinks& model, const std::int8_t* rows, Index i,
                          std::int32_t (&field)[lanes]) {
  std::fill_n(field, lanes, model.fields == nullptr ? 0 : model.fields[i]);
  for (std::int64_t k = model.starts[i]; k < model.starts[i + 1]; ++k)
    for (std::size_t lane = 0; lane < lanes; ++lane) field[lane] += rows[model.links[k] + lane];
}

// Proposes the flip of a spin whose field may exceed a byte.
HWY_NOINLINE std::int64_t FlipWide(const ByteLinks& model, std::int8_t* rows, const Thresholds& thresholds,
                                   const Words& words, Index i) {
  std::int32_t field[lanes];
  WideField(model, rows, i, field);
  std::int8_t* const own = rows + static_cast<std::size_t>(i) * lanes;
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
std::int64_t SweepByteRows(const ByteLinks& model, std::int8_t* rows, const Thresholds& thresholds,
                           const Words& words, Index begin, Index end) {
  const Bytes tag;
  const auto zero = hn::Zero(tag);
  const Acceptance<kind> acceptance(thresholds);
  LaneRandom random(words);
  const std::size_t to_negative = static_cast<std::size_t>(model.n) * lanes;
  std::int64_t flips = 0;
  for (Index i = begin; i < end; ++i) {
    if (fixed_degree == 0 && HWY_UNLIKELY(model.wide != nullptr && model.wide[i] != 0)) {
      flips += FlipWide(model, rows, thresholds, words, i);
      continue;
    }
    ByteVector field[parts];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) field[v] = with_fields ? hn::Set(tag, model.fields[i]) : zero;
    AddLinks<fixed_degree>(model, rows, i, field);
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
    if (HWY_UNLIKELY(any_tied))
      SettleTies(
          random, [&](std::size_t k, std::size_t v) { return acceptance.digit(k, entry[v]); }, accepted,
          tied);
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
std::int64_t SweepByteRows(const ByteLinks& model, std::int8_t* rows, const Thresholds& thresholds,
                           const Words& words, Index begin, Index end) {
  return model.fields == nullptr
             ? SweepByteRows<fixed_degree, false, kind>(model, rows, thresholds, words, begin, end)
             : SweepByteRows<fixed_degree, true, kind>(model, rows, thresholds, words, begin, end);
}

std::int64_t SweepBytes(const ByteLinks& model, std::int8_t* rows, const Thresholds& thresholds,
                        const Words& words, Index begin, Index end) {
  if (thresholds.heat_bath)
    return SweepByteRows<0, heat_bath_pages>(model, rows, thresholds, words, begin, end);
  if (!thresholds.one_page())
    return SweepByteRows<0, metropolis_pages>(model, rows, thresholds, words, begin, end);
  switch (model.degree) {
    case 4:
      return SweepByteRows<4, one_page>(model, rows, thresholds, words, begin, end);
    case 6:
      return SweepByteRows<6, one_page>(model, rows, thresholds, words, begin, end);
    case 8:
      return SweepByteRows<8, one_page>(model, rows, thresholds, words, begin, end);
    default:
      return SweepByteRows<0, one_page>(model, rows, thresholds, words, begin, end);
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

void EnergiesOfBytes(const ByteLinks& model, const std::int8_t* rows,
                     std::array<std::int64_t, lanes>& twice) {
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
        WideField(model, rows, i, field);
        const std::int32_t own_field = model.fields == nullptr ? 0 : model.fields[i];
        for (std::size_t lane = 0; lane < lanes; ++lane)
          twice[lane] += rows[static_cast<std::size_t>(i) * lanes + lane] * (field[lane] + own_field);
        continue;
      }
      const auto h = model.fields == nullptr ? zero : hn::Set(tag, model.fields[i]);
      ByteVector field[parts], own[parts], term[parts];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < parts; ++v) field[v] = h;
      SumLinks(model, rows, i, field);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < parts; ++v) {
        own[v] = hn::Load(tag, rows + static_cast<std::size_t>(i) * lanes + v * byte_lanes);
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

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin::kernels
HWY_AFTER_NAMESPACE();
