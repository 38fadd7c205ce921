// Part of lane_kernels.cpp: which steps are accepted, by byte arithmetic for integers and by a tolerance for numbers.

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::kernels {
namespace HWY_NAMESPACE {

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

// Steps whose random byte equals the first digit of their threshold are decided by the next digits, with a fresh byte each: of part v
// those with a byte below digit(k, v) are accepted, those that equal it stay tied. Ties after the last digit are not accepted.
template <class Digit>
HWY_INLINE void SettleTies(LaneRandom& random, const Digit& digit, ByteMask (&accepted)[parts],
                           ByteMask (&tied)[parts]) {
  bool any_tied = true;
  for (std::size_t k = 1; k < 4 && any_tied; ++k) {
    any_tied = false;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < parts; ++v) {
      const auto threshold = digit(k, v);
      const auto byte = random.bytes(v);
      accepted[v] = hn::Or(accepted[v], hn::And(tied[v], hn::Lt(byte, threshold)));
      tied[v] = hn::And(tied[v], hn::Eq(byte, threshold));
      any_tied |= !hn::AllFalse(Bytes(), tied[v]);
    }
  }
}

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

// The largest step d = -s f that is still taken: a flip costs 2 beta d and is accepted when d <= tolerance.
// Metropolis: -ln u / (2 beta); heat bath: ln((1 - u) / u) / (2 beta), u uniform with 31 bits.
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

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin::kernels
HWY_AFTER_NAMESPACE();
