#include "lehr/spin/memory/memory_kernels.hpp"

#include <algorithm>
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/spin/memory/memory_kernels.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::memory::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Ints = hn::CappedTag<std::int32_t, 16>;
using Doubles = hn::CappedTag<double, kernel_lanes>;

// The lanes of 64-bit word `word` from bit `from` on as a mask.
template <class D>
hn::Mask<D> mask_of(D d, std::uint64_t word, std::size_t from) {
  const std::uint64_t shifted = word >> from;
  return hn::LoadMaskBits(d, reinterpret_cast<const std::uint8_t*>(&shifted));
}

std::int64_t sum_of(hn::Vec<Ints> values) {
  std::array<std::int32_t, 16> lane{};
  hn::StoreU(values, Ints(), lane.data());
  std::int64_t sum = 0;
  for (const std::int32_t value : lane) sum += value;
  return sum;
}

std::int64_t SumWhereSet(const std::uint64_t* bits, const std::int32_t* weights, std::size_t count,
                         std::size_t words_per_block) {
  const Ints d;
  const std::size_t lanes = hn::Lanes(d), words = count / 64;
  std::int64_t sum = 0;
  for (std::size_t block = 0; block < words; block += words_per_block) {
    auto partial = hn::Zero(d);
    for (std::size_t word = block; word < std::min(words, block + words_per_block); ++word)
      for (std::size_t at = 0; at < 64; at += lanes)
        partial = hn::Add(
            partial, hn::IfThenElseZero(mask_of(d, bits[word], at), hn::LoadU(d, weights + word * 64 + at)));
    sum += sum_of(partial);
  }
  for (std::size_t mu = words * 64; mu < count; ++mu)
    if ((bits[mu / 64] >> (mu % 64)) & 1U) sum += weights[mu];
  return sum;
}

// The tables' entries at given counts.
struct Tables {
  const std::int32_t *odd_entries, *even_entries;
  hn::Vec<Ints> odd(hn::Vec<Ints> count) const { return hn::GatherIndex(Ints(), odd_entries, count); }
  hn::Vec<Ints> even(hn::Vec<Ints> count) const { return hn::GatherIndex(Ints(), even_entries, count); }
};

// The same at order 4, M = N - 2d: odd = -M (M^2 - 3N + 8) / 3, even = M^2 - N + 2. The product is a multiple of 3, so
// a product with the inverse of 3 modulo 2^32 divides it.
struct Quartic {
  std::int32_t size;
  hn::Vec<Ints> magnetisation(hn::Vec<Ints> count) const {
    return hn::Sub(hn::Set(Ints(), size), hn::Add(count, count));
  }
  hn::Vec<Ints> odd(hn::Vec<Ints> count) const {
    const auto m = magnetisation(count);
    const auto product = hn::Mul(m, hn::Sub(hn::Set(Ints(), 3 * size - 8), hn::Mul(m, m)));
    return hn::Mul(product, hn::Set(Ints(), static_cast<std::int32_t>(0xAAAAAAABU)));
  }
  hn::Vec<Ints> even(hn::Vec<Ints> count) const {
    const auto m = magnetisation(count);
    return hn::Sub(hn::Mul(m, m), hn::Set(Ints(), size - 2));
  }
};

template <class Functions>
TableSums ShiftBy(const Functions& functions, const CountShift& shift, std::size_t words_per_block) {
  const Ints d;
  const std::size_t lanes = hn::Lanes(d), words = shift.counts.size() / 64;
  const auto up = hn::Set(d, shift.step), down = hn::Set(d, -shift.step);
  TableSums sums;
  for (std::size_t block = 0; block < words; block += words_per_block) {
    auto odd_sum = hn::Zero(d), even_sum = hn::Zero(d);
    for (std::size_t word = block; word < std::min(words, block + words_per_block); ++word)
      for (std::size_t at = 0; at < 64; at += lanes) {
        const std::size_t mu = word * 64 + at;
        const auto change = hn::IfThenElse(mask_of(d, shift.bits[word], at), up, down);
        const auto moved = hn::Add(hn::LoadU(d, shift.counts.data() + mu), change);
        hn::StoreU(moved, d, shift.counts.data() + mu);
        const auto weight = functions.odd(moved);
        hn::StoreU(weight, d, shift.weights.data() + mu);
        odd_sum = hn::Add(odd_sum, weight);
        even_sum = hn::Add(even_sum, functions.even(moved));
      }
    sums.odd += sum_of(odd_sum);
    sums.even += sum_of(even_sum);
  }
  for (std::size_t mu = words * 64; mu < shift.counts.size(); ++mu) {
    shift.counts[mu] += ((shift.bits[mu / 64] >> (mu % 64)) & 1U) != 0 ? shift.step : -shift.step;
    const auto count = static_cast<std::size_t>(shift.counts[mu]);
    shift.weights[mu] = shift.odd[count];
    sums.odd += shift.odd[count];
    sums.even += shift.even[count];
  }
  return sums;
}

TableSums ShiftCounts(const CountShift& shift, std::size_t words_per_block) {
  if (shift.order == 4)
    return ShiftBy(Quartic{static_cast<std::int32_t>(shift.odd.size()) - 1}, shift, words_per_block);
  return ShiftBy(Tables{shift.odd.data(), shift.even.data()}, shift, words_per_block);
}

// Eight running sums in as many registers as they take, added up in a fixed tree.
class LaneSums {
 public:
  static constexpr std::size_t parts = kernel_lanes / hn::MaxLanes(Doubles());
  LaneSums() {
    for (auto& part : parts_) part = hn::Zero(Doubles());
  }
  void add(std::size_t part, hn::Vec<Doubles> value) { parts_[part] = hn::Add(parts_[part], value); }
  double total() const {
    std::array<double, kernel_lanes> lane;
    for (std::size_t part = 0; part < parts; ++part)
      hn::StoreU(parts_[part], Doubles(), lane.data() + part * hn::MaxLanes(Doubles()));
    for (std::size_t width = kernel_lanes / 2; width > 0; width /= 2)
      for (std::size_t k = 0; k < width; ++k) lane[k] += lane[k + width];
    return lane[0];
  }

 private:
  hn::Vec<Doubles> parts_[parts];  // NOLINT: std::array of registers draws a warning on attributes
};

double FlipSum(const SymmetricRows& rows, const double* elementary) {
  const Doubles d;
  const auto spin = hn::Set(d, rows.spin);
  LaneSums sums;
  for (std::size_t at = 0; at < rows.stride; at += kernel_lanes)
    for (std::size_t part = 0; part < LaneSums::parts; ++part) {
      const std::size_t mu = at + part * hn::Lanes(d);
      const double* e = elementary + mu;
      const auto y = hn::Mul(spin, hn::LoadU(d, rows.row + mu));
      auto t = hn::Set(d, 1.0);
      for (int k = 1; k < rows.order; ++k, e += rows.stride) t = hn::Sub(hn::LoadU(d, e), hn::Mul(y, t));
      sums.add(part, hn::Mul(y, t));
    }
  return sums.total();
}

void FlipElementary(const SymmetricRows& rows, double* elementary) {
  const Doubles d;
  const auto spin = hn::Set(d, rows.spin);
  for (std::size_t at = 0; at < rows.stride; at += hn::Lanes(d)) {
    double* e = elementary + at;
    const auto y = hn::Mul(spin, hn::LoadU(d, rows.row + at));
    const auto twice = hn::Add(y, y);
    auto t = hn::Set(d, 1.0);
    for (int k = 1; k < rows.order; ++k, e += rows.stride) {
      const auto old = hn::LoadU(d, e);
      hn::StoreU(hn::Sub(old, hn::Mul(twice, t)), d, e);
      t = hn::Sub(old, hn::Mul(y, t));
    }
  }
}

template <class D, class V>
V power(D d, V base, int exponent) {
  V result = hn::Set(d, 1.0);
  for (; exponent > 0; exponent /= 2, base = hn::Mul(base, base))
    if (exponent % 2 == 1) result = hn::Mul(result, base);
  return result;
}

double PowerFlipSum(const SymmetricRows& rows, const double* sums_of_rows) {
  const Doubles d;
  const auto twice = hn::Set(d, 2 * rows.spin);
  LaneSums sums;
  for (std::size_t at = 0; at < rows.stride; at += kernel_lanes)
    for (std::size_t part = 0; part < LaneSums::parts; ++part) {
      const std::size_t mu = at + part * hn::Lanes(d);
      const auto before = hn::LoadU(d, sums_of_rows + mu);
      const auto after = hn::Sub(before, hn::Mul(twice, hn::LoadU(d, rows.row + mu)));
      sums.add(part, hn::Sub(power(d, before, rows.order), power(d, after, rows.order)));
    }
  return sums.total();
}

// Power sums p_1 .. p_{P-1} of y = x m, then Newton's identities k e_k = sum_j (-1)^(j-1) e_{k-j} p_j. `Order` is P
// where it is small, so that the sums stay in registers, or 0.
template <int Order>
void AddFieldOf(int order, std::size_t size, const double* x, const double* m, double* fields) {
  if constexpr (Order > 0) order = Order;
  const Doubles d;
  LaneSums sums[Order > 0 ? Order : max_field_order];  // NOLINT: of registers
  for (std::size_t at = 0; at < size; at += kernel_lanes)
    for (std::size_t part = 0; part < LaneSums::parts; ++part) {
      const std::size_t i = at + part * hn::Lanes(d);
      const auto y = hn::Mul(hn::LoadU(d, x + i), hn::LoadU(d, m + i));
      auto power_of_y = y;
      for (int k = 1; k < order; ++k, power_of_y = hn::Mul(power_of_y, y)) sums[k].add(part, power_of_y);
    }
  double p[max_field_order], e[max_field_order];  // NOLINT: filled below
  e[0] = 1;
  for (int k = 1; k < order; ++k) {
    p[k] = sums[k].total();
    double sum = 0;
    for (int j = 1; j <= k; ++j) sum += j % 2 == 1 ? e[k - j] * p[j] : -(e[k - j] * p[j]);
    e[k] = sum / k;
  }
  for (std::size_t at = 0; at < size; at += hn::Lanes(d)) {
    const auto xs = hn::LoadU(d, x + at);
    const auto y = hn::Mul(xs, hn::LoadU(d, m + at));
    auto t = hn::Set(d, 1.0);  // e_k without this site
    for (int k = 1; k < order; ++k) t = hn::Sub(hn::Set(d, e[k]), hn::Mul(y, t));
    hn::StoreU(hn::Add(hn::LoadU(d, fields + at), hn::Mul(xs, t)), d, fields + at);
  }
}

void AddPatternField(int order, std::size_t size, const double* x, const double* m, double* fields) {
  switch (order) {
    case 2:
      return AddFieldOf<2>(order, size, x, m, fields);
    case 3:
      return AddFieldOf<3>(order, size, x, m, fields);
    case 4:
      return AddFieldOf<4>(order, size, x, m, fields);
    case 6:
      return AddFieldOf<6>(order, size, x, m, fields);
    default:
      return AddFieldOf<0>(order, size, x, m, fields);
  }
}

}  // namespace lehr::spin::memory::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr::spin::memory {

HWY_EXPORT(SumWhereSet);
HWY_EXPORT(ShiftCounts);
HWY_EXPORT(FlipSum);
HWY_EXPORT(FlipElementary);
HWY_EXPORT(PowerFlipSum);
HWY_EXPORT(AddPatternField);

namespace {
// Words of 64 entries whose sums fit into lanes of 32 bits: a lane takes at most 16 entries a word (four lanes are the
// narrowest registers).
std::size_t words_per_block(std::int32_t largest) {
  const std::int64_t words = (std::int64_t{1} << 31) / (16 * std::max<std::int64_t>(1, largest)) - 1;
  return static_cast<std::size_t>(std::max<std::int64_t>(1, words));
}
}  // namespace

std::int64_t sum_where_set(std::span<const std::uint64_t> bits, std::span<const std::int32_t> weights,
                           std::int32_t largest) {
  return HWY_DYNAMIC_DISPATCH(SumWhereSet)(bits.data(), weights.data(), weights.size(),
                                           words_per_block(largest));
}
TableSums shift_counts(const CountShift& shift, std::int32_t largest) {
  return HWY_DYNAMIC_DISPATCH(ShiftCounts)(shift, words_per_block(largest));
}
double flip_sum(const SymmetricRows& rows, const double* elementary) {
  return HWY_DYNAMIC_DISPATCH(FlipSum)(rows, elementary);
}
void flip_elementary(const SymmetricRows& rows, double* elementary) {
  HWY_DYNAMIC_DISPATCH(FlipElementary)(rows, elementary);
}
double power_flip_sum(const SymmetricRows& rows, const double* sums) {
  return HWY_DYNAMIC_DISPATCH(PowerFlipSum)(rows, sums);
}
void add_pattern_field(int order, std::size_t size, const double* x, const double* m, double* fields) {
  HWY_DYNAMIC_DISPATCH(AddPatternField)(order, size, x, m, fields);
}

}  // namespace lehr::spin::memory
#endif
