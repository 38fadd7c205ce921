#include "lehr/report/png.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// Read back by the format's own rules: signature, sizes, checksums, pixels.
TEST(Png, HoldsItsPixels) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 5 * 3; ++i) pixels.push_back(static_cast<std::uint8_t>(17 * i));
  const std::string file = png_of_grey(pixels, 5, 3);
  EXPECT_EQ(file.substr(0, 8), std::string("\x89PNG\r\n\x1a\n", 8));
  std::string packed;
  for (std::size_t at = 8; at < file.size();) {
    const std::uint32_t length = number_at(file, at);
    const std::string type = file.substr(at + 4, 4), body = file.substr(at + 4, length + 4);
    EXPECT_EQ(number_at(file, at + 8 + length),
              crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
    if (type == "IHDR") {
      EXPECT_EQ(number_at(file, at + 8), 5u);
      EXPECT_EQ(number_at(file, at + 12), 3u);
    }
    if (type == "IDAT") packed = body.substr(4);
    at += length + 12;
  }
  std::vector<std::uint8_t> rows(3 * 6);
  uLongf size = rows.size();
  ASSERT_EQ(uncompress(rows.data(), &size, reinterpret_cast<const Bytef*>(packed.data()), packed.size()),
            Z_OK);
  for (std::size_t y = 0; y < 3; ++y) {
    EXPECT_EQ(rows[6 * y], 0);
    for (std::size_t x = 0; x < 5; ++x) EXPECT_EQ(rows[6 * y + 1 + x], pixels[5 * y + x]);
  }
  EXPECT_THROW(png_of_grey(pixels, 4, 3), InvalidInput);
}

}  // namespace
}  // namespace lehr
