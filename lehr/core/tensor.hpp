// Typed blocks of numbers as the tensor files (safetensors, npy, npz) hold them: an element type, a shape,
// and the elements' little-endian bytes in row-major (C) order.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lehr/core/errors.hpp"

namespace lehr {

enum class ElementType {
  boolean,
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  u64,
  i64,
  f8_e4m3,
  f8_e5m2,
  f16,
  bf16,
  f32,
  f64
};

// The type's name in safetensors files ("F64", "BF16", "BOOL"), and the type of a name.
const char* name(ElementType type);
std::optional<ElementType> element_type_named(std::string_view name);
// All names, for hints in messages.
const std::vector<std::string>& element_type_names();

// Bytes of one element.
std::size_t size_of(ElementType type);

template <class T>
constexpr ElementType element_type_of() {
  if constexpr (std::is_same_v<T, double>)
    return ElementType::f64;
  else if constexpr (std::is_same_v<T, float>)
    return ElementType::f32;
  else if constexpr (std::is_same_v<T, bool>)
    return ElementType::boolean;
  else {
    static_assert(std::is_integral_v<T>, "elements are numbers or bool");
    constexpr bool is_signed = std::is_signed_v<T>;
    if constexpr (sizeof(T) == 8)
      return is_signed ? ElementType::i64 : ElementType::u64;
    else if constexpr (sizeof(T) == 4)
      return is_signed ? ElementType::i32 : ElementType::u32;
    else if constexpr (sizeof(T) == 2)
      return is_signed ? ElementType::i16 : ElementType::u16;
    else
      return is_signed ? ElementType::i8 : ElementType::u8;
  }
}

// Extent of each axis; empty for a scalar.
using Shape = std::vector<std::int64_t>;

// Bytes of a tensor of this type and shape; nothing when an extent is negative or the product exceeds 2^63
// - 1.
std::optional<std::uint64_t> byte_count(ElementType type, const Shape& shape);

// "[3,4]"
std::string to_string(const Shape& shape);

// A tensor in somebody else's memory. `bytes` need not be aligned.
struct TensorView {
  ElementType type = ElementType::f64;
  Shape shape;
  std::span<const std::byte> bytes;

  std::size_t size() const { return bytes.size() / size_of(type); }

  // All elements as doubles or floats, in row-major order, rounded to nearest where the type is wider.
  std::vector<double> to_doubles() const;
  std::vector<float> to_floats() const;

  // All elements in their own type; InvalidInput when the tensor holds another type than T.
  template <class T>
  std::vector<T> elements() const {
    if (type != element_type_of<T>())
      throw InvalidInput("expected a tensor of type {}, found {}", name(element_type_of<T>()), name(type));
    std::vector<T> result(size());
    if (!bytes.empty()) std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  }
};

// The tensor of `values` (row-major), where they are.
template <class T>
TensorView tensor_view(std::span<const T> values, Shape shape) {
  return {element_type_of<T>(), std::move(shape), std::as_bytes(values)};
}

// A tensor with its own memory.
struct Tensor {
  ElementType type = ElementType::f64;
  Shape shape;
  std::vector<std::byte> bytes;

  TensorView view() const { return {type, shape, bytes}; }
  std::vector<double> to_doubles() const { return view().to_doubles(); }
};

// The same elements as `values` (row-major), in their own type.
template <class T>
Tensor tensor_of(std::span<const T> values, Shape shape) {
  const std::span<const std::byte> bytes = std::as_bytes(values);
  return {element_type_of<T>(), std::move(shape), {bytes.begin(), bytes.end()}};
}

// Converts `from` into `to`, which has one place for each element.
void decode(const TensorView& from, std::span<double> to);
void decode(const TensorView& from, std::span<float> to);

// Writes the values as elements of type F64, F32, F16 or BF16, rounded once to nearest even; `to` has
// values.size() * size_of(type) bytes. InvalidInput for other types.
void encode(std::span<const double> values, ElementType type, std::span<std::byte> to);

// A tensor of shape [n, d] as a batch of points: a d x n matrix with a point per column; shape [n] gives 1 x
// n. InvalidInput for other ranks.
Eigen::MatrixXd points_of(const TensorView& tensor);

// A batch of points (d x n, a point per column) as a tensor of shape [n, d].
Tensor tensor_of_points(const Eigen::Ref<const Eigen::MatrixXd>& points);

}  // namespace lehr
