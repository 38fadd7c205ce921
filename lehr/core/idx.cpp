#include "lehr/core/idx.hpp"

#include <algorithm>
#include <cstdint>

#include "lehr/core/byte_reader.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/inflate.hpp"

namespace lehr {
namespace {

constexpr std::uint64_t max_unpacked = std::uint64_t{1} << 32;

ElementType idx_type(int code, std::string_view name) {
  switch (code) {
    case 0x08:
      return ElementType::u8;
    case 0x09:
      return ElementType::i8;
    case 0x0B:
      return ElementType::i16;
    case 0x0C:
      return ElementType::i32;
    case 0x0D:
      return ElementType::f32;
    case 0x0E:
      return ElementType::f64;
    default:
      throw InvalidInput(
          "{}: byte 2: 0x{:02x} is no element type of an IDX file (allowed: 0x08, 0x09, 0x0b, 0x0c, 0x0d, "
          "0x0e)",
          name, code);
  }
}

std::int64_t big_endian_extent(ByteReader& reader) {
  std::int64_t extent = 0;
  for (const std::byte byte : reader.take(4, "an extent"))
    extent = extent * 256 + std::to_integer<std::int64_t>(byte);
  return extent;
}

}  // namespace

Tensor parse_idx(std::span<const std::byte> bytes, std::string_view name) {
  ByteReader reader(bytes, name);
  const std::span<const std::byte> magic = reader.take(4, "an IDX header");
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0})
    throw InvalidInput("{}: not an IDX file: it starts with bytes 0x{:02x} 0x{:02x}, expected 0x00 0x00",
                       name, std::to_integer<int>(magic[0]), std::to_integer<int>(magic[1]));
  Tensor tensor;
  tensor.type = idx_type(std::to_integer<int>(magic[2]), name);
  for (int axis = 0; axis < std::to_integer<int>(magic[3]); ++axis)
    tensor.shape.push_back(big_endian_extent(reader));
  const auto size = byte_count(tensor.type, tensor.shape);
  if (!size || *size != reader.remaining())
    throw InvalidInput("{}: the shape {} does not fit the {} bytes of elements", name,
                       to_string(tensor.shape), reader.remaining());
  const std::span<const std::byte> elements = reader.take(*size, "elements");
  tensor.bytes.assign(elements.begin(), elements.end());
  const std::size_t width = size_of(tensor.type);
  for (std::size_t at = 0; width > 1 && at < tensor.bytes.size(); at += width)
    std::reverse(tensor.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 tensor.bytes.begin() + static_cast<std::ptrdiff_t>(at + width));
  return tensor;
}

Tensor read_idx(const std::filesystem::path& path) {
  const MappedFile file(path);
  if (!is_gzip(file.text())) return parse_idx(file.bytes(), path.string());
  const std::string unpacked = gunzip(file.text(), max_unpacked, path.string());
  return parse_idx(std::as_bytes(std::span(unpacked)), path.string());
}

}  // namespace lehr
