// Heatmaps from files.
//
// Text, as the public heatmaps are: the number of cities N, then N rows of N numbers; zeros are not kept.
// An .npz archive holds a sparse matrix as SciPy saves it: arrays `indptr`, `indices`, `data` and `shape`
// of a CSR matrix (with `format` "csr" where it is there).
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "lehr/tour/heatmap/heatmap.hpp"

namespace lehr::tour {

// Reads either form, chosen by the extension (.npz or anything else); the heatmap must have `count` rows.
// Throws InvalidInput, with the file's name and row, for another size, negative entries or NaN, and text
// that is no number; IoError where it cannot be read.
Heatmap read_heatmap(const std::filesystem::path& path, City count);

Heatmap parse_heatmap_text(std::string_view text, City count, std::string_view name);
Heatmap parse_heatmap_npz(std::span<const std::byte> bytes, City count, std::string_view name);

}  // namespace lehr::tour
