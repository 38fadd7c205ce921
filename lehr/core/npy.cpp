#include "lehr/core/npy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "lehr/core/byte_reader.hpp"
#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct TypeCode {
  std::string_view code;  // without the byte order
  ElementType type;
};
constexpr std::array<TypeCode, 13> kTypeCodes = {{{"b1", ElementType::boolean},
                                                  {"u1", ElementType::u8},
                                                  {"i1", ElementType::i8},
                                                  {"u2", ElementType::u16},
                                                  {"i2", ElementType::i16},
                                                  {"u4", ElementType::u32},
                                                  {"i4", ElementType::i32},
                                                  {"u8", ElementType::u64},
                                                  {"i8", ElementType::i64},
                                                  {"f2", ElementType::f16},
                                                  {"f4", ElementType::f32},
                                                  {"f8", ElementType::f64},
                                                  {"V2", ElementType::bf16}}};

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

// Reads the header, a Python dictionary literal: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  Header parse() {
    Header header;
    std::vector<std::string> seen;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      if (std::find(seen.begin(), seen.end(), key) != seen.end())
        refuse(fmt::format("{} appears twice", quote(key)));
      seen.push_back(key);
      expect(':');
      if (key == "descr")
        header.descr = descr();
      else if (key == "fortran_order")
        header.fortran_order = truth();
      else if (key == "shape")
        header.shape = tuple();
      else
        refuse(fmt::format("unknown key {} (known: descr, fortran_order, shape)", quote(key)));
      if (!accept(',') && peek() != '}') refuse("expected ',' or '}'");
    }
    if (seen.size() != 3) refuse("expected the keys descr, fortran_order and shape");
    if (peek() != '\0') refuse("text follows the dictionary");
    return header;
  }

 private:
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) refuse(fmt::format("expected '{}'", c));
  }
  std::string string() {
    const char mark = peek();
    if (mark != '\'' && mark != '"') refuse("expected a string");
    const std::size_t begin = ++at_, end = text_.find(mark, begin);
    if (end == std::string_view::npos) refuse("a string is not closed");
    at_ = end + 1;
    return std::string(text_.substr(begin, end - begin));
  }
  std::string descr() {
    if (peek() == '[') refuse("structured arrays are not supported");
    return string();
  }
  bool truth() {
    peek();
    for (const auto& [word, value] :
         {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}})
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    refuse("expected True or False");
  }
  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(extent());
      if (!accept(',') && peek() != ')') refuse("expected ',' or ')'");
    }
    return shape;
  }
  std::int64_t extent() {
    peek();
    std::int64_t value = 0;
    const char* const end = text_.data() + text_.size();
    const auto [next, error] = std::from_chars(text_.data() + at_, end, value);
    if (error != std::errc{} || value < 0) refuse("expected an array extent below 2^63");
    at_ = static_cast<std::size_t>(next - text_.data());
    return value;
  }
  [[noreturn]] void refuse(std::string_view reason) const {
    throw InvalidInput("{}: character {} of the npy header: {}", file_, at_, reason);
  }

  std::string_view text_, file_;
  std::size_t at_ = 0;
};

struct StoredElement {
  ElementType type;
  bool big_endian;
};

StoredElement stored_element(const std::string& descr, std::string_view file, const NpyOptions& options) {
  if (descr == "|O" || descr == "O")
    throw InvalidInput("{}: the array holds pickled Python objects, only numbers are read", file);
  if (descr.size() > 2 && std::string_view("<>|=").find(descr[0]) != std::string_view::npos) {
    const auto* const found = std::find_if(kTypeCodes.begin(), kTypeCodes.end(), [&](const TypeCode& known) {
      return descr.substr(1) == known.code;
    });
    if (found != kTypeCodes.end()) {
      if (found->type == ElementType::bf16 && !options.v2_is_bf16)
        throw InvalidInput(
            "{}: the type '|V2' has no meaning of its own; the option v2_is_bf16 reads it as bfloat16", file);
      return {found->type, descr[0] == '>'};
    }
  }
  throw InvalidInput("{}: unknown array type {} (known: b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8)",
                     file, quote(descr));
}

Header read_header(ByteReader& reader, std::string_view file) {
  if (reader.text(kMagic.size(), "the npy magic string") != kMagic)
    throw InvalidInput("{}: not an npy file: it does not start with \\x93NUMPY", file);
  const auto major = reader.little_endian<std::uint8_t>("the npy version");
  const auto minor = reader.little_endian<std::uint8_t>("the npy version");
  if (major < 1 || major > 3 || minor != 0)
    throw InvalidInput("{}: npy version {}.{} (known: 1.0, 2.0, 3.0)", file, major, minor);
  const std::uint32_t length = major == 1 ? reader.little_endian<std::uint16_t>("the npy header's length")
                                          : reader.little_endian<std::uint32_t>("the npy header's length");
  return HeaderParser(reader.text(length, "the npy header"), file).parse();
}

// Copies elements of a Fortran-ordered array into C order.
std::vector<std::byte> to_c_order(std::span<const std::byte> data, const Shape& shape, std::size_t element) {
  std::vector<std::byte> result(data.size());
  std::vector<std::size_t> index(shape.size(), 0), stride(shape.size(), element);
  for (std::size_t axis = 1; axis < shape.size(); ++axis)
    stride[axis] = stride[axis - 1] * static_cast<std::size_t>(shape[axis - 1]);
  std::size_t from = 0;
  for (std::size_t to = 0; to < result.size(); to += element) {
    std::memcpy(result.data() + to, data.data() + from, element);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      from += stride[axis];
      if (++index[axis] < static_cast<std::size_t>(shape[axis])) break;
      from -= stride[axis] * index[axis];
      index[axis] = 0;
    }
  }
  return result;
}

void reverse_elements(std::vector<std::byte>& bytes, std::size_t element) {
  for (auto at = bytes.begin(); at != bytes.end(); at += static_cast<std::ptrdiff_t>(element))
    std::reverse(at, at + static_cast<std::ptrdiff_t>(element));
}

std::string descr_of(ElementType type) {
  const auto* const found = std::find_if(kTypeCodes.begin(), kTypeCodes.end(),
                                         [&](const TypeCode& known) { return known.type == type; });
  if (found == kTypeCodes.end()) throw InvalidInput("npy: the format has no type for {}", name(type));
  const bool has_byte_order = size_of(type) > 1 && type != ElementType::bf16;
  return (has_byte_order ? "<" : "|") + std::string(found->code);
}

void check_size(const TensorView& array, std::string_view file) {
  if (byte_count(array.type, array.shape) != array.bytes.size())
    throw InvalidInput("{}: shape {} does not fit {} bytes", file, to_string(array.shape),
                       array.bytes.size());
}

constexpr std::string_view kSuffix = ".npy";

}  // namespace

Tensor parse_npy(std::span<const std::byte> bytes, std::string_view file, const NpyOptions& options) {
  ByteReader reader(bytes, file);
  Header header = read_header(reader, file);
  const StoredElement stored = stored_element(header.descr, file, options);
  const std::optional<std::uint64_t> size = byte_count(stored.type, header.shape);
  if (!size || *size != reader.remaining())
    throw InvalidInput("{}: shape {} of {} needs {} bytes, {} follow the header", file,
                       to_string(header.shape), quote(header.descr),
                       size ? std::to_string(*size) : "more than 2^63", reader.remaining());
  const std::span<const std::byte> data = reader.take(*size, "data");
  Tensor tensor{stored.type, std::move(header.shape), {}};
  if (header.fortran_order && tensor.shape.size() > 1)
    tensor.bytes = to_c_order(data, tensor.shape, size_of(stored.type));
  else
    tensor.bytes.assign(data.begin(), data.end());
  if (stored.big_endian) reverse_elements(tensor.bytes, size_of(stored.type));
  return tensor;
}

Tensor read_npy(const std::filesystem::path& path, const NpyOptions& options) {
  const MappedFile file(path);
  return parse_npy(file.bytes(), path.native(), options);
}

std::string npy_header(ElementType type, const Shape& shape) {
  constexpr std::size_t kAlignment = 64, kLongestVersion1 = 65535;
  std::string extents;
  for (const std::int64_t extent : shape) extents += fmt::format("{}, ", extent);
  std::string dictionary =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr_of(type), extents);
  const bool is_version_1 = dictionary.size() + kAlignment <= kLongestVersion1;
  const std::size_t start = kMagic.size() + 2 + (is_version_1 ? 2 : 4);
  dictionary.append((kAlignment - (start + dictionary.size() + 1) % kAlignment) % kAlignment, ' ');
  dictionary += '\n';
  std::string header(kMagic);
  header += is_version_1 ? std::string_view("\1\0", 2) : std::string_view("\2\0", 2);
  const auto length = static_cast<std::uint32_t>(dictionary.size());
  header.append(reinterpret_cast<const char*>(&length), is_version_1 ? 2 : 4);
  return header + dictionary;
}

void write_npy(const std::filesystem::path& path, const TensorView& array) {
  check_size(array, path.native());
  AtomicFile file(path);
  file.append(npy_header(array.type, array.shape));
  file.append(array.bytes);
  file.commit();
}

Npz::Npz(const std::filesystem::path& path, const NpzOptions& options)
    : Npz(MappedFile(path), path.native(), options) {}

Npz::Npz(MappedFile file, const std::string& name, const NpzOptions& options)
    : file_(std::move(file)), name_(name), options_(options), archive_(file_->bytes(), name_) {
  collect_names();
}

Npz::Npz(std::span<const std::byte> bytes, std::string_view name, const NpzOptions& options)
    : name_(name), options_(options), archive_(bytes, name_) {
  collect_names();
}

void Npz::collect_names() {
  for (const ZipMember& member : archive_.members()) {
    const bool is_array = member.name.ends_with(kSuffix);
    names_.push_back(is_array ? member.name.substr(0, member.name.size() - kSuffix.size()) : member.name);
  }
  std::vector<std::string> sorted = names_;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
    throw InvalidInput("{}: the array {} appears twice", name_, quote(*twice));
}

Tensor Npz::read(std::string_view array) const {
  const auto found = std::find(names_.begin(), names_.end(), array);
  if (found == names_.end())
    throw InvalidInput("{}: no array {}{}", name_, quote(array), hint(array, names_));
  const ZipMember& member = archive_.members()[static_cast<std::size_t>(found - names_.begin())];
  return parse_npy(archive_.read(member, options_.max_bytes),
                   fmt::format("{}: array {}", name_, quote(array)), options_.npy);
}

void write_npz(const std::filesystem::path& path,
               const std::map<std::string, TensorView, std::less<>>& arrays) {
  std::vector<std::string> headers;
  headers.reserve(arrays.size());
  std::vector<ZipContent> members;
  for (const auto& [name, array] : arrays) {
    check_size(array, fmt::format("{}: array {}", path.native(), quote(name)));
    headers.push_back(npy_header(array.type, array.shape));
    members.push_back({name + std::string(kSuffix), {std::as_bytes(std::span(headers.back())), array.bytes}});
  }
  write_stored_zip(path, members);
}

}  // namespace lehr
