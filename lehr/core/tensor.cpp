#include "lehr/core/tensor.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

namespace lehr {
namespace {

static_assert(std::endian::native == std::endian::little,
              "tensor files are little-endian, and so must be the machine");

struct TypeRow {
  ElementType type;
  const char* name;
  std::size_t size;
};
constexpr std::array<TypeRow, 15> kTypes = {{{ElementType::boolean, "BOOL", 1},
                                             {ElementType::u8, "U8", 1},
                                             {ElementType::i8, "I8", 1},
                                             {ElementType::u16, "U16", 2},
                                             {ElementType::i16, "I16", 2},
                                             {ElementType::u32, "U32", 4},
                                             {ElementType::i32, "I32", 4},
                                             {ElementType::u64, "U64", 8},
                                             {ElementType::i64, "I64", 8},
                                             {ElementType::f8_e4m3, "F8_E4M3", 1},
                                             {ElementType::f8_e5m2, "F8_E5M2", 1},
                                             {ElementType::f16, "F16", 2},
                                             {ElementType::bf16, "BF16", 2},
                                             {ElementType::f32, "F32", 4},
                                             {ElementType::f64, "F64", 8}}};

const TypeRow& row_of(ElementType type) { return kTypes[static_cast<std::size_t>(type)]; }

float from_half(std::uint16_t bits) {
  return Eigen::half_impl::half_to_float(Eigen::half_impl::raw_uint16_to_half(bits));
}
float from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
// E5M2 is the upper byte of a half.
float from_e5m2(std::uint8_t bits) { return from_half(static_cast<std::uint16_t>(bits << 8)); }
// E4M3: bias 7, no infinities, NaN = all ones below the sign (Micikevicius et al., "FP8 formats for deep
// learning", 2022).
float from_e4m3(std::uint8_t bits) {
  const int exponent = (bits >> 3) & 15, mantissa = bits & 7;
  if ((bits & 0x7f) == 0x7f) return std::numeric_limits<float>::quiet_NaN();
  const float size = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9)
                                   : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
  return (bits & 0x80) != 0 ? -size : size;
}

template <class Stored, class To, class Meaning>
void decode_each(std::span<const std::byte> bytes, std::span<To> to, Meaning meaning) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    to[i] = static_cast<To>(meaning(stored));
  }
}

template <class To>
void decode_all(const TensorView& from, std::span<To> to) {
  assert(to.size() == from.size());
  constexpr auto same = [](auto value) { return value; };
  switch (from.type) {
    case ElementType::boolean:
      return decode_each<std::uint8_t>(from.bytes, to, [](auto b) { return b != 0; });
    case ElementType::u8:
      return decode_each<std::uint8_t>(from.bytes, to, same);
    case ElementType::i8:
      return decode_each<std::int8_t>(from.bytes, to, same);
    case ElementType::u16:
      return decode_each<std::uint16_t>(from.bytes, to, same);
    case ElementType::i16:
      return decode_each<std::int16_t>(from.bytes, to, same);
    case ElementType::u32:
      return decode_each<std::uint32_t>(from.bytes, to, same);
    case ElementType::i32:
      return decode_each<std::int32_t>(from.bytes, to, same);
    case ElementType::u64:
      return decode_each<std::uint64_t>(from.bytes, to, same);
    case ElementType::i64:
      return decode_each<std::int64_t>(from.bytes, to, same);
    case ElementType::f8_e4m3:
      return decode_each<std::uint8_t>(from.bytes, to, from_e4m3);
    case ElementType::f8_e5m2:
      return decode_each<std::uint8_t>(from.bytes, to, from_e5m2);
    case ElementType::f16:
      return decode_each<std::uint16_t>(from.bytes, to, from_half);
    case ElementType::bf16:
      return decode_each<std::uint16_t>(from.bytes, to, from_bfloat16);
    case ElementType::f32:
      return decode_each<float>(from.bytes, to, same);
    case ElementType::f64:
      return decode_each<double>(from.bytes, to, same);
  }
}

// A float that rounds to any narrower format as `value` itself does: rounded towards zero, and with an odd
// last bit where that lost something (Boldo and Melquiond, "When double rounding is odd", 2005).
float round_to_odd(double value) {
  const auto nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || !std::isfinite(nearest)) return nearest;
  auto bits = std::bit_cast<std::uint32_t>(nearest);
  if (std::abs(static_cast<double>(nearest)) > std::abs(value)) --bits;
  return std::bit_cast<float>(bits | 1U);
}

std::uint16_t half_bits(double value) { return Eigen::half_impl::float_to_half_rtne(round_to_odd(value)).x; }

std::uint16_t bfloat16_bits(double value) {
  const auto bits = std::bit_cast<std::uint32_t>(round_to_odd(value));
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

template <class Stored, class Bits>
void encode_each(std::span<const double> values, std::span<std::byte> to, Bits bits) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Stored stored = bits(values[i]);
    std::memcpy(to.data() + i * sizeof(Stored), &stored, sizeof(Stored));
  }
}

}  // namespace

const char* name(ElementType type) { return row_of(type).name; }
std::size_t size_of(ElementType type) { return row_of(type).size; }

std::optional<ElementType> element_type_named(std::string_view name) {
  for (const TypeRow& row : kTypes)
    if (name == row.name) return row.type;
  return std::nullopt;
}

const std::vector<std::string>& element_type_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const TypeRow& row : kTypes) list.emplace_back(row.name);
    return list;
  }();
  return names;
}

std::optional<std::uint64_t> byte_count(ElementType type, const Shape& shape) {
  auto count = static_cast<std::int64_t>(size_of(type));
  for (const std::int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) return std::nullopt;
  return static_cast<std::uint64_t>(count);
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

std::vector<double> TensorView::to_doubles() const {
  std::vector<double> result(size());
  decode(*this, result);
  return result;
}

std::vector<float> TensorView::to_floats() const {
  std::vector<float> result(size());
  decode(*this, result);
  return result;
}

void decode(const TensorView& from, std::span<double> to) { decode_all(from, to); }
void decode(const TensorView& from, std::span<float> to) { decode_all(from, to); }

void encode(std::span<const double> values, ElementType type, std::span<std::byte> to) {
  assert(to.size() == values.size() * size_of(type));
  switch (type) {
    case ElementType::f64:
      return encode_each<double>(values, to, [](double value) { return value; });
    case ElementType::f32:
      return encode_each<float>(values, to, [](double value) { return static_cast<float>(value); });
    case ElementType::f16:
      return encode_each<std::uint16_t>(values, to, half_bits);
    case ElementType::bf16:
      return encode_each<std::uint16_t>(values, to, bfloat16_bits);
    default:
      throw InvalidInput("values can be stored as F64, F32, F16 or BF16, not as {}", name(type));
  }
}

Eigen::MatrixXd points_of(const TensorView& tensor) {
  if (tensor.shape.empty() || tensor.shape.size() > 2)
    throw InvalidInput("expected an array of points, of shape [n, d] or [n], found shape {}",
                       to_string(tensor.shape));
  const std::int64_t dimension = tensor.shape.size() == 2 ? tensor.shape[1] : 1;
  Eigen::MatrixXd points(dimension, tensor.shape[0]);
  decode(tensor, std::span<double>(points.data(), static_cast<std::size_t>(points.size())));
  return points;
}

Tensor tensor_of_points(const Eigen::Ref<const Eigen::MatrixXd>& points) {
  const Eigen::MatrixXd contiguous = points;
  return tensor_of(std::span<const double>(contiguous.data(), static_cast<std::size_t>(contiguous.size())),
                   {contiguous.cols(), contiguous.rows()});
}

}  // namespace lehr
