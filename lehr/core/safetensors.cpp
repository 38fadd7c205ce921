#include "lehr/core/safetensors.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "lehr/core/byte_reader.hpp"
#include "lehr/core/bytes.hpp"
#include "lehr/core/json.hpp"

namespace lehr {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLongestHeader = 100'000'000;
constexpr std::size_t kLengthBytes = 8;
constexpr const char* kMetadataKey = "__metadata__";
constexpr const char* kIndexFile = "model.safetensors.index.json";

struct Range {
  std::uint64_t begin = 0, end = 0;
};

struct Entry {
  std::string name, type;
  std::vector<std::uint64_t> shape, offsets;
  bool has_type = false, has_shape = false, has_offsets = false;
};

// Reads the header from the JSON parser's events, without building JSON values of hostile size.
// Levels: 1 the header, 2 a tensor or the metadata, 3 a tensor's shape or offsets.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view file) : file_(file) {}

  std::vector<Entry> entries;
  Metadata metadata;

  bool start_object(std::size_t) {
    if (level_ == 0 || (level_ == 1 && !in_metadata_)) return enter();
    if (level_ == 1 && !metadata_seen_) {
      metadata_seen_ = true;
      return enter();
    }
    refuse("an object is out of place");
  }
  bool end_object() {
    if (level_ == 2 && !in_metadata_) check_complete();
    in_metadata_ = in_metadata_ && level_ != 2;
    return leave();
  }
  bool start_array(std::size_t) {
    std::vector<std::uint64_t>* const list = numbers();
    if (level_ != 2 || list == nullptr) refuse("an array is out of place");
    return enter();
  }
  bool end_array() { return leave(); }

  bool key(std::string& name) {
    if (level_ == 1) {
      in_metadata_ = name == kMetadataKey;
      if (in_metadata_ && metadata_seen_) refuse("__metadata__ appears twice");
      if (!in_metadata_) entries.emplace_back().name = std::move(name);
      return true;
    }
    key_ = std::move(name);
    if (!in_metadata_) mark_seen();
    return true;
  }
  bool string(std::string& value) {
    if (level_ == 2 && in_metadata_) {
      if (!metadata.emplace(key_, std::move(value)).second)
        refuse(fmt::format("metadata key {} appears twice", quote(key_)));
      return true;
    }
    if (level_ != 2 || key_ != "dtype") refuse("a string is out of place");
    entries.back().type = std::move(value);
    return true;
  }
  bool number_unsigned(std::uint64_t value) {
    std::vector<std::uint64_t>* const list = numbers();
    if (level_ != 3 || list == nullptr) refuse("a number is out of place");
    list->push_back(value);
    return true;
  }
  bool number_integer(std::int64_t value) { refuse(fmt::format("the number {} is negative", value)); }
  bool number_float(double, const std::string&) { refuse("a number is not a whole number below 2^64"); }
  bool null() { refuse("null is out of place"); }
  bool boolean(bool) { refuse("a boolean is out of place"); }
  bool binary(nlohmann::json::binary_t&) { refuse("bytes are out of place"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    throw InvalidInput("{}: byte {}: the header is not valid JSON", file_, kLengthBytes + position - 1);
  }

 private:
  // Where the current key's numbers go; nothing when it takes none.
  std::vector<std::uint64_t>* numbers() {
    if (in_metadata_ || entries.empty()) return nullptr;
    if (key_ == "shape") return &entries.back().shape;
    if (key_ == "data_offsets") return &entries.back().offsets;
    return nullptr;
  }
  void mark_seen() {
    Entry& entry = entries.back();
    bool* const seen = key_ == "dtype"          ? &entry.has_type
                       : key_ == "shape"        ? &entry.has_shape
                       : key_ == "data_offsets" ? &entry.has_offsets
                                                : nullptr;
    if (seen == nullptr)
      refuse(fmt::format("unknown key {} (known: dtype, shape, data_offsets)", quote(key_)));
    if (std::exchange(*seen, true)) refuse(fmt::format("{} appears twice", key_));
  }
  void check_complete() const {
    const Entry& entry = entries.back();
    if (!entry.has_type || !entry.has_shape || !entry.has_offsets || entry.offsets.size() != 2)
      refuse("expected dtype, shape and two data_offsets");
  }
  [[noreturn]] void refuse(std::string_view reason) const {
    if (level_ == 0 || in_metadata_ || entries.empty()) throw InvalidInput("{}: header: {}", file_, reason);
    throw InvalidInput("{}: tensor {}: {}", file_, quote(entries.back().name), reason);
  }
  bool enter() {
    ++level_;
    return true;
  }
  bool leave() {
    --level_;
    return true;
  }

  std::string_view file_;
  int level_ = 0;
  bool in_metadata_ = false, metadata_seen_ = false;
  std::string key_;
};

// The view of one entry, and its place in the buffer.
std::pair<TensorView, Range> view_of(const Entry& entry, std::span<const std::byte> buffer,
                                     std::string_view file) {
  const auto refuse = [&](const std::string& reason) {
    throw InvalidInput("{}: tensor {}: {}", file, quote(entry.name), reason);
  };
  const std::optional<ElementType> type = element_type_named(entry.type);
  if (!type)
    refuse(fmt::format("unknown dtype {}{}", quote(entry.type), hint(entry.type, element_type_names())));
  TensorView view{*type, {}, {}};
  for (const std::uint64_t extent : entry.shape) view.shape.push_back(static_cast<std::int64_t>(extent));
  const std::optional<std::uint64_t> size = byte_count(*type, view.shape);
  if (!size) refuse("the shape has more elements than a file can hold");
  const Range range{entry.offsets[0], entry.offsets[1]};
  if (range.begin > range.end)
    refuse(fmt::format("data_offsets {} to {} run backwards", range.begin, range.end));
  if (range.end > buffer.size())
    refuse(fmt::format("data_offsets {} to {} leave the buffer of {} bytes", range.begin, range.end,
                       buffer.size()));
  if (range.end - range.begin != *size)
    refuse(fmt::format("{} of shape {} needs {} bytes, data_offsets {} to {} give {}", name(*type),
                       to_string(view.shape), *size, range.begin, range.end, range.end - range.begin));
  view.bytes = buffer.subspan(range.begin, *size);
  return {std::move(view), range};
}

// Every byte of the buffer must belong to exactly one tensor.
void check_tiling(std::vector<std::pair<Range, const std::string*>> places, std::size_t buffer_size,
                  std::string_view file) {
  std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.begin, a.first.end) < std::pair(b.first.begin, b.first.end);
  });
  std::uint64_t covered = 0;
  for (const auto& [range, name] : places) {
    if (range.begin != covered)
      throw InvalidInput("{}: tensor {}: starts at byte {} of the buffer instead of {}: it {}", file,
                         quote(*name), range.begin, covered,
                         range.begin < covered ? "overlaps another" : "leaves a gap");
    covered = range.end;
  }
  if (covered != buffer_size)
    throw InvalidInput("{}: the tensors end at byte {} of a buffer of {} bytes", file, covered, buffer_size);
}

std::string json_string(const std::string& text, std::string_view file) {
  if (!is_utf8(text)) throw InvalidInput("{}: the name {} is not UTF-8", file, quote(text));
  return Json(text).dump();
}

std::string header_text(const std::vector<TensorHeader>& tensors, const Metadata& metadata,
                        std::string_view file) {
  std::string text = fmt::format("{{\"{}\":{{", kMetadataKey);
  for (const auto& [key, value] : metadata) {
    if (text.back() != '{') text += ',';
    text += fmt::format("{}:{}", json_string(key, file), json_string(value, file));
  }
  text += '}';
  std::uint64_t at = 0;
  for (const TensorHeader& tensor : tensors) {
    const std::uint64_t size = *byte_count(tensor.type, tensor.shape);
    text += fmt::format(R"(,{}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})",
                        json_string(tensor.name, file), name(tensor.type), to_string(tensor.shape), at,
                        at + size);
    at += size;
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kLongestHeader)
    throw InvalidInput("{}: the header has {} bytes, at most {} are allowed", file, text.size(),
                       kLongestHeader);
  return text;
}

}  // namespace

SafetensorsContent parse_safetensors(std::span<const std::byte> bytes, std::string_view file) {
  ByteReader reader(bytes, file);
  const auto length = reader.little_endian<std::uint64_t>("the header's length");
  if (length > kLongestHeader || length > reader.remaining())
    throw InvalidInput("{}: byte 0: the header's length is {}, {} bytes follow and at most {} are allowed",
                       file, length, reader.remaining(), kLongestHeader);
  const std::string_view text = reader.text(length, "the header");
  if (!text.starts_with('{'))
    throw InvalidInput("{}: byte {}: the header must start with '{{'", file, kLengthBytes);
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    throw InvalidInput("{}: byte {}: a NUL byte in the header", file, kLengthBytes + nul);
  HeaderReader header(file);
  nlohmann::json::sax_parse(text.begin(), text.end(), &header);

  SafetensorsContent content;
  content.metadata = std::move(header.metadata);
  const std::span<const std::byte> buffer = bytes.subspan(reader.at());
  std::vector<std::pair<Range, const std::string*>> places;
  for (Entry& entry : header.entries) {
    auto [view, range] = view_of(entry, buffer, file);
    const auto [placed, is_new] = content.tensors.emplace(std::move(entry.name), std::move(view));
    if (!is_new) throw InvalidInput("{}: tensor {} appears twice", file, quote(placed->first));
    places.emplace_back(range, &placed->first);
  }
  check_tiling(std::move(places), buffer.size(), file);
  return content;
}

Safetensors::Safetensors(const fs::path& path) : name_(path.native()) {
  std::error_code failure;
  if (fs::is_directory(path, failure))
    open_folder(path);
  else if (path.extension() == ".json")
    open_index(path);
  else
    open_file(path);
}

void Safetensors::open_folder(const fs::path& folder) {
  std::error_code failure;
  if (fs::exists(folder / kIndexFile, failure)) return open_index(folder / kIndexFile);
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
    if (entry->path().extension() == ".safetensors") found.push_back(entry->path());
  if (failure) throw IoError(name_, fmt::format("cannot be listed: {}", failure.message()));
  if (found.size() != 1)
    throw InvalidInput("{}: expected {} or one .safetensors file, found {} such files", name_, kIndexFile,
                       found.size());
  open_file(found.front());
}

void Safetensors::open_file(const fs::path& path) {
  files_.emplace_back(path);
  content_ = parse_safetensors(files_.back().bytes(), path.native());
}

void Safetensors::open_index(const fs::path& path) {
  const std::string name = path.native();
  const Json index = parse_json(read_file(path, kLongestHeader), name);
  const auto weights = index.is_object() ? index.find("weight_map") : index.end();
  if (!index.is_object() || weights == index.end() || !weights->is_object())
    throw InvalidInput("{}: expected an object \"weight_map\" of tensor names and file names", name);
  std::map<std::string, SafetensorsContent, std::less<>> shards;
  for (const auto& [tensor, shard] : weights->items()) {
    if (!shard.is_string()) throw InvalidInput("{}: tensor {}: expected a file's name", name, quote(tensor));
    const auto& file = shard.get_ref<const std::string&>();
    if (file.empty() || file != fs::path(file).filename().native() || file == "." || file == "..")
      throw InvalidInput("{}: tensor {}: {} is not the name of a file beside the index", name, quote(tensor),
                         quote(file));
    if (!shards.contains(file)) {
      files_.emplace_back(path.parent_path() / file);
      shards[file] = parse_safetensors(files_.back().bytes(), (path.parent_path() / file).native());
      content_.metadata.merge(Metadata(shards[file].metadata));
    }
    const TensorViews& tensors = shards[file].tensors;
    const auto found = tensors.find(tensor);
    if (found == tensors.end())
      throw InvalidInput("{}: tensor {} is not in {}", name, quote(tensor), quote(file));
    content_.tensors.insert(*found);
  }
}

const TensorView& Safetensors::at(std::string_view tensor) const {
  const auto found = content_.tensors.find(tensor);
  if (found != content_.tensors.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, view] : content_.tensors) names.push_back(known);
  throw InvalidInput("{}: no tensor {}{}", name_, quote(tensor), hint(tensor, names));
}

SafetensorsWriter::SafetensorsWriter(const fs::path& path, std::vector<TensorHeader> tensors,
                                     Metadata metadata)
    : name_(path.native()), order_(std::move(tensors)), file_(path) {
  std::sort(order_.begin(), order_.end(), [](const TensorHeader& a, const TensorHeader& b) {
    const std::size_t size_a = size_of(a.type), size_b = size_of(b.type);
    return size_a != size_b ? size_a > size_b : a.name < b.name;
  });
  std::set<std::string_view> names = {kMetadataKey};
  for (const TensorHeader& tensor : order_) {
    const std::optional<std::uint64_t> size = byte_count(tensor.type, tensor.shape);
    if (!size || __builtin_add_overflow(missing_, *size, &missing_))
      throw InvalidInput("{}: tensor {}: shape {} is impossible", name_, quote(tensor.name),
                         to_string(tensor.shape));
    if (!names.insert(tensor.name).second)
      throw InvalidInput("{}: the tensor name {} is taken", name_, quote(tensor.name));
  }
  metadata.emplace("format", "pt");
  const std::string text = header_text(order_, metadata, name_);
  const std::uint64_t length = text.size();
  file_.append(std::as_bytes(std::span(&length, 1)));
  file_.append(text);
}

void SafetensorsWriter::append(std::span<const std::byte> bytes) {
  if (bytes.size() > missing_) throw InvalidInput("{}: more bytes were written than the headers say", name_);
  file_.append(bytes);
  missing_ -= bytes.size();
}

void SafetensorsWriter::commit() {
  if (missing_ != 0) throw InvalidInput("{}: {} bytes of the tensors were not written", name_, missing_);
  file_.commit();
}

void write_safetensors(const fs::path& path, const TensorViews& tensors, const Metadata& metadata) {
  std::vector<TensorHeader> headers;
  for (const auto& [name, view] : tensors) {
    if (byte_count(view.type, view.shape) != view.bytes.size())
      throw InvalidInput("{}: tensor {}: shape {} does not fit {} bytes", path.native(), quote(name),
                         to_string(view.shape), view.bytes.size());
    headers.push_back({name, view.type, view.shape});
  }
  SafetensorsWriter writer(path, std::move(headers), metadata);
  for (const TensorHeader& header : writer.order()) writer.append(tensors.find(header.name)->second.bytes);
  writer.commit();
}

}  // namespace lehr
