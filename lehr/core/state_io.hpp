// A state as a safetensors file: every field that a method's `fields` visits becomes one tensor, the moment a
// few more. Written atomically (temporary file, fsync, rename), so that a crash leaves the previous
// checkpoint whole.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lehr/core/budget.hpp"
#include "lehr/core/errors.hpp"

namespace lehr {

// Named arrays of bytes with a type and a shape: what a checkpoint holds.
struct StateTensor {
  std::string type;  // safetensors names: "F64", "F32", "I64", "U64", "U8", "I8", "I32", "BOOL"
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
};
using StateTensors = std::map<std::string, StateTensor, std::less<>>;

void save_state(const std::filesystem::path& path, const StateTensors& tensors);
StateTensors load_state(const std::filesystem::path& path);

namespace state_types {
template <class T>
constexpr const char* name() {
  if constexpr (std::is_same_v<T, double>)
    return "F64";
  else if constexpr (std::is_same_v<T, float>)
    return "F32";
  else if constexpr (std::is_same_v<T, bool>)
    return "BOOL";
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
    return sizeof(T) == 8 ? "I64" : sizeof(T) == 4 ? "I32" : sizeof(T) == 2 ? "I16" : "I8";
  else {
    static_assert(std::is_integral_v<T>,
                  "a state's fields are numbers, vectors of numbers, matrices or strings");
    return sizeof(T) == 8 ? "U64" : sizeof(T) == 4 ? "U32" : sizeof(T) == 2 ? "U16" : "U8";
  }
}
StateTensor pack(const char* type, std::vector<std::int64_t> shape, const void* data, std::size_t bytes);
const StateTensor& take(const StateTensors& tensors, std::string_view field, const char* type);
void unpack(const StateTensor& tensor, std::string_view field, void* data, std::size_t bytes);
}  // namespace state_types

// The visitor that collects fields.
class StateWriter {
 public:
  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(std::string_view field, const T& value) {
    tensors[std::string(field)] = state_types::pack(state_types::name<T>(), {}, &value, sizeof(T));
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(std::string_view field, const std::vector<T>& values) {
    tensors[std::string(field)] =
        state_types::pack(state_types::name<T>(), {static_cast<std::int64_t>(values.size())}, values.data(),
                          values.size() * sizeof(T));
  }
  void operator()(std::string_view field, const std::string& text) {
    tensors[std::string(field)] =
        state_types::pack("U8", {static_cast<std::int64_t>(text.size())}, text.data(), text.size());
  }
  template <class T, int R, int C>
  void operator()(std::string_view field,
                  const Eigen::Matrix<T, R, C>& m) {  // column-major: shape {cols, rows}
    tensors[std::string(field)] = state_types::pack(state_types::name<T>(), {m.cols(), m.rows()}, m.data(),
                                                    static_cast<std::size_t>(m.size()) * sizeof(T));
  }
  StateTensors tensors;
};

// The visitor that restores fields; throws InvalidInput for a missing field, another type or another size.
class StateReader {
 public:
  explicit StateReader(const StateTensors& tensors) : tensors_(tensors) {}
  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(std::string_view field, T& value) const {
    state_types::unpack(state_types::take(tensors_, field, state_types::name<T>()), field, &value, sizeof(T));
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(std::string_view field, std::vector<T>& values) const {
    const StateTensor& tensor = state_types::take(tensors_, field, state_types::name<T>());
    values.resize(tensor.bytes.size() / sizeof(T));
    state_types::unpack(tensor, field, values.data(), values.size() * sizeof(T));
  }
  void operator()(std::string_view field, std::string& text) const {
    const StateTensor& tensor = state_types::take(tensors_, field, "U8");
    text.assign(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  template <class T, int R, int C>
  void operator()(std::string_view field, Eigen::Matrix<T, R, C>& m) const {
    const StateTensor& tensor = state_types::take(tensors_, field, state_types::name<T>());
    const bool fits = tensor.shape.size() == 2 && (R == Eigen::Dynamic || tensor.shape[1] == R) &&
                      (C == Eigen::Dynamic || tensor.shape[0] == C);
    if (!fits)
      throw InvalidInput("checkpoint field '{}': shape [{}] is not that of a {}", field,
                         fmt::join(tensor.shape, ", "), C == 1 ? "vector" : "matrix of this size");
    m.resize(tensor.shape[1], tensor.shape[0]);
    state_types::unpack(tensor, field, m.data(), static_cast<std::size_t>(m.size()) * sizeof(T));
  }

 private:
  const StateTensors& tensors_;
};

}  // namespace lehr
