// NumPy's array files: .npy (format versions 1.0, 2.0, 3.0) and .npz (a zip archive of .npy members, stored
// or deflated). See numpy.lib.format.
//
// Read are bool, integers of 1 to 8 bytes and floats of 2, 4 and 8 bytes, of either byte order, in C or
// Fortran order; the result is always little-endian in C order. Structured, complex and pickled arrays are
// refused. Every error is an InvalidInput that names the file (and member), and memory stays bounded by the
// file's size and `NpzOptions::max_bytes`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/files.hpp"
#include "lehr/core/tensor.hpp"
#include "lehr/core/zip.hpp"

namespace lehr {

struct NpyOptions {
  bool v2_is_bf16 = false;  // NumPy has no bfloat16; ml_dtypes stores it as two void bytes ('|V2')
};

// Parses an .npy file's bytes; `name` (the file's) is for messages.
Tensor parse_npy(std::span<const std::byte> bytes, std::string_view name, const NpyOptions& options = {});
Tensor read_npy(const std::filesystem::path& path, const NpyOptions& options = {});

// The bytes before the data of an .npy file, a multiple of 64 of them. BF16 is written as '|V2'; InvalidInput
// for F8.
std::string npy_header(ElementType type, const Shape& shape);
void write_npy(const std::filesystem::path& path, const TensorView& array);

struct NpzOptions {
  NpyOptions npy{};
  std::uint64_t max_bytes = std::uint64_t{1} << 34;  // unpacked bytes of one array
};

// The arrays of an .npz file, read one at a time.
class Npz {
 public:
  explicit Npz(const std::filesystem::path& path, const NpzOptions& options = {});
  // Arrays in somebody else's memory.
  Npz(std::span<const std::byte> bytes, std::string_view name, const NpzOptions& options = {});

  // The arrays' names (without ".npy"), in the order of the archive.
  const std::vector<std::string>& names() const { return names_; }

  // Unpacks one array; InvalidInput with the nearest name when there is no such array.
  Tensor read(std::string_view array) const;

 private:
  Npz(MappedFile file, const std::string& name, const NpzOptions& options);
  void collect_names();

  std::optional<MappedFile> file_;
  std::string name_;
  NpzOptions options_;
  ZipArchive archive_;
  std::vector<std::string> names_;  // of the archive's members
};

// Writes stored members "<name>.npy", readable by numpy.load. At most 4 GiB.
void write_npz(const std::filesystem::path& path,
               const std::map<std::string, TensorView, std::less<>>& arrays);

}  // namespace lehr
