// Tensors in safetensors files (https://github.com/huggingface/safetensors): 8 bytes with the header's length
// L (little endian), L bytes of JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ...,
// "__metadata__": {...}}, then one buffer of little-endian, row-major data that the offsets tile without gap
// or overlap.
//
// Reading maps the file and copies nothing. A file is accepted when it passes the checks of the format's
// reference implementation: L <= 100 MB and inside the file, known types, unique names, begin <= end, end -
// begin = elements * element size (without overflow), and ranges that cover the buffer exactly. Anything else
// is an InvalidInput that names the file and the tensor or byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/files.hpp"
#include "lehr/core/tensor.hpp"

namespace lehr {

using Metadata = std::map<std::string, std::string, std::less<>>;
using TensorViews = std::map<std::string, TensorView, std::less<>>;

struct SafetensorsContent {
  TensorViews tensors;  // views into the parsed bytes
  Metadata metadata;
};

// Parses a file's bytes; `name` (the file's) is for messages.
SafetensorsContent parse_safetensors(std::span<const std::byte> bytes, std::string_view name);

// One mapped file, or a model in shards: a folder with `model.safetensors.index.json` (or with a single
// .safetensors file), or the path of such an index. The views live as long as this object, also when it is
// moved.
class Safetensors {
 public:
  explicit Safetensors(const std::filesystem::path& path);

  const TensorViews& tensors() const { return content_.tensors; }
  const Metadata& metadata() const { return content_.metadata; }

  // InvalidInput with the nearest name when there is no such tensor.
  const TensorView& at(std::string_view name) const;

 private:
  void open_file(const std::filesystem::path& path);
  void open_folder(const std::filesystem::path& folder);
  void open_index(const std::filesystem::path& path);

  std::string name_;
  std::vector<MappedFile> files_;
  SafetensorsContent content_;
};

// What the header says of one tensor.
struct TensorHeader {
  std::string name;
  ElementType type = ElementType::f64;
  Shape shape;
};

// Writes a file whose tensors do not fit into memory together: the headers first, then each tensor's bytes,
// in the order of `order()` and in pieces of any size. Tensors go by descending element size and then name,
// behind a header padded with spaces to a multiple of 8, so that every tensor is aligned. Adds the metadata
// "format": "pt" where there is no "format", since readers of the transformers family insist on it. Nothing
// appears under `path` before `commit`.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorHeader> tensors,
                    Metadata metadata = {});

  const std::vector<TensorHeader>& order() const { return order_; }
  void append(std::span<const std::byte> bytes);
  // Errors: InvalidInput when the appended bytes are not as many as the headers say.
  void commit();

 private:
  std::string name_;
  std::vector<TensorHeader> order_;
  std::uint64_t missing_ = 0;  // bytes still to be appended
  AtomicFile file_;
};

// Writes all tensors at once, atomically.
void write_safetensors(const std::filesystem::path& path, const TensorViews& tensors,
                       const Metadata& metadata = {});

}  // namespace lehr
