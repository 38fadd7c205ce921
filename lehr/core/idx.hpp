// IDX files, the format of MNIST and Fashion-MNIST: two zero bytes, an element type, the number of axes,
// their extents as big-endian 32-bit integers, and the elements big-endian in row-major order. Plain or
// gzip-compressed. Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits".
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

#include "lehr/core/tensor.hpp"

namespace lehr {

// Parses an IDX file's bytes; `name` (the file's) is for messages. InvalidInput for anything malformed,
// IoError for a file that cannot be read; memory stays bounded by the file's size (packed: by 4 GiB).
Tensor parse_idx(std::span<const std::byte> bytes, std::string_view name);
Tensor read_idx(const std::filesystem::path& path);

}  // namespace lehr
