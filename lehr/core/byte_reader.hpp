// Reads a binary file's bytes from front to back and never past their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "lehr/core/errors.hpp"

namespace lehr {

class ByteReader {
 public:
  // `name` (the file's) starts every message and must outlive the reader.
  ByteReader(std::span<const std::byte> bytes, std::string_view name, std::uint64_t at = 0)
      : bytes_(bytes), name_(name), at_(at) {}

  std::uint64_t at() const { return at_; }
  std::uint64_t remaining() const { return at_ < bytes_.size() ? bytes_.size() - at_ : 0; }

  // The next `count` bytes, which are the file's `what`; InvalidInput when the file ends before.
  std::span<const std::byte> take(std::uint64_t count, std::string_view what) {
    if (count > remaining())
      throw InvalidInput("{}: byte {}: expected {} bytes of {}, the file ends after {}", name_, at_, count,
                         what, remaining());
    const std::span<const std::byte> taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  std::string_view text(std::uint64_t count, std::string_view what) {
    const std::span<const std::byte> taken = take(count, what);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  template <class T>
  T little_endian(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  std::string_view name_;
  std::uint64_t at_;
};

}  // namespace lehr
