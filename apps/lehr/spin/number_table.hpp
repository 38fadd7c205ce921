// Tables of numbers that the memories' tasks read: patterns, examples, labels.
#pragma once

#include <filesystem>

#include "lehr/core/tensor.hpp"

namespace lehr::command {

// The numbers of an .npy, IDX (a name with "idx" or "ubyte") or CSV file (gzip or plain, with or without a header), one
// row an example: shape [rows, columns]; axes after the first are joined. Throws InvalidInput or IoError that starts
// with the path.
Tensor read_number_table(const std::filesystem::path& path);

}  // namespace lehr::command
