// Grey images as PNG files (ISO/IEC 15948; the compression is zlib's).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lehr {

// The file's bytes: width x height pixels of 8 bits, row by row from the top. Throws InvalidInput where the sizes do not fit.
std::string png_of_grey(const std::vector<std::uint8_t>& pixels, std::int64_t width, std::int64_t height);

}  // namespace lehr
