#include "lehr/report/png.hpp"

#include <zlib.h>

#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

// Length, type, data, checksum of type and data.
std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(checksum));
}

}  // namespace

std::string png_of_grey(const std::vector<std::uint8_t>& pixels, std::int64_t width, std::int64_t height) {
  if (width < 1 || height < 1 || width > 30000 || height > 30000 ||
      static_cast<std::int64_t>(pixels.size()) != width * height)
    throw InvalidInput("image: {} pixels for {} x {}", pixels.size(), width, height);
  std::string rows;
  for (std::int64_t y = 0; y < height; ++y) {
    rows += '\0';  // no filter
    rows.append(reinterpret_cast<const char*>(pixels.data()) + y * width, static_cast<std::size_t>(width));
  }
  uLongf size = compressBound(rows.size());
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
                rows.size(), 9) != Z_OK)
    throw InvalidInput("image: {} x {} pixels cannot be compressed", width, height);
  packed.resize(size);
  const std::string header = big_endian(static_cast<std::uint32_t>(width)) +
                             big_endian(static_cast<std::uint32_t>(height)) + std::string("\x08\0\0\0\0", 5);
  return std::string("\x89PNG\r\n\x1a\n", 8) + chunk("IHDR", header) + chunk("IDAT", packed) +
         chunk("IEND", "");
}

}  // namespace lehr
