#include "lehr/core/zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "lehr/core/byte_reader.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/inflate.hpp"

namespace lehr {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50,
                        kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr std::size_t kEndSize = 22, kEnd64LocatorSize = 20, kLocalHeaderSize = 30, kCentralHeaderSize = 46;
constexpr std::uint32_t kIn64 = 0xffffffff;  // "the value stands in the zip64 record"
constexpr std::uint16_t kCountIn64 = 0xffff;
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint16_t kEncrypted = 1;

struct Directory {
  std::uint64_t begin = 0, members = 0;
};

std::uint32_t crc_32(std::span<const std::byte> bytes, std::uint32_t start = 0) {
  if (bytes.empty()) return start;  // zlib begins anew where there is no pointer
  return static_cast<std::uint32_t>(
      crc32_z(start, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// The end record is the last thing in the file but for a comment of at most 65,535 bytes, whose length it
// states.
std::uint64_t find_end(std::span<const std::byte> bytes, std::string_view file) {
  constexpr std::size_t kLongestComment = 65535, kCommentLengthAt = 20;
  for (std::size_t comment = 0; comment <= kLongestComment && comment + kEndSize <= bytes.size(); ++comment) {
    const std::size_t at = bytes.size() - comment - kEndSize;
    if (ByteReader(bytes, file, at).little_endian<std::uint32_t>("") == kEnd &&
        ByteReader(bytes, file, at + kCommentLengthAt).little_endian<std::uint16_t>("") == comment)
      return at;
  }
  throw InvalidInput("{}: not a zip archive, or cut off: it has no end record", file);
}

std::optional<Directory> find_directory64(std::span<const std::byte> bytes, std::uint64_t end,
                                          std::string_view file) {
  if (end < kEnd64LocatorSize) return std::nullopt;
  ByteReader locator(bytes, file, end - kEnd64LocatorSize);
  if (locator.little_endian<std::uint32_t>("") != kEnd64Locator) return std::nullopt;
  locator.take(4, "the zip64 locator");
  ByteReader record(bytes, file, locator.little_endian<std::uint64_t>("the zip64 locator"));
  constexpr const char* kWhat = "the zip64 end record";
  if (record.little_endian<std::uint32_t>(kWhat) != kEnd64)
    throw InvalidInput("{}: byte {}: expected {}", file, record.at() - 4, kWhat);
  record.take(28, kWhat);  // sizes, versions, disks, entries on this disk
  Directory directory;
  directory.members = record.little_endian<std::uint64_t>(kWhat);
  record.take(8, kWhat);  // the directory's size
  directory.begin = record.little_endian<std::uint64_t>(kWhat);
  return directory;
}

Directory find_directory(std::span<const std::byte> bytes, std::string_view file) {
  constexpr const char* kWhat = "the end record";
  const std::uint64_t end = find_end(bytes, file);
  ByteReader reader(bytes, file, end + 8);
  const auto here = reader.little_endian<std::uint16_t>(kWhat),
             all = reader.little_endian<std::uint16_t>(kWhat);
  reader.take(4, kWhat);  // the directory's size
  const auto begin = reader.little_endian<std::uint32_t>(kWhat);
  if (all == kCountIn64 || begin == kIn64)
    if (const std::optional<Directory> directory = find_directory64(bytes, end, file)) return *directory;
  if (here != all) throw InvalidInput("{}: zip archives in several parts are not supported", file);
  return {begin, all};
}

// Replaces the fields that are marked so by those of the zip64 extra field (tag 1), in their fixed order.
void read_zip64_fields(ZipMember& member, std::span<const std::byte> extra, const std::string& where) {
  ByteReader reader(extra, where);
  while (reader.remaining() >= 4) {
    const auto tag = reader.little_endian<std::uint16_t>("an extra field");
    const auto length = reader.little_endian<std::uint16_t>("an extra field");
    const std::span<const std::byte> content = reader.take(length, "an extra field");
    if (tag != 1) continue;
    ByteReader fields(content, where);
    for (std::uint64_t* const field : {&member.size, &member.packed_size, &member.header})
      if (*field == kIn64) *field = fields.little_endian<std::uint64_t>("the zip64 extra field");
  }
}

ZipMember read_central_header(ByteReader& reader, std::string_view file) {
  constexpr const char* kWhat = "the central directory";
  if (reader.little_endian<std::uint32_t>(kWhat) != kCentralHeader)
    throw InvalidInput("{}: byte {}: expected an entry of the central directory", file, reader.at() - 4);
  ZipMember member;
  reader.take(4, kWhat);  // versions
  const auto flags = reader.little_endian<std::uint16_t>(kWhat);
  member.method = reader.little_endian<std::uint16_t>(kWhat);
  reader.take(4, kWhat);  // time and date
  member.checksum = reader.little_endian<std::uint32_t>(kWhat);
  member.packed_size = reader.little_endian<std::uint32_t>(kWhat);
  member.size = reader.little_endian<std::uint32_t>(kWhat);
  const auto name_length = reader.little_endian<std::uint16_t>(kWhat);
  const auto extra_length = reader.little_endian<std::uint16_t>(kWhat);
  const auto comment_length = reader.little_endian<std::uint16_t>(kWhat);
  reader.take(8, kWhat);  // disk, attributes
  member.header = reader.little_endian<std::uint32_t>(kWhat);
  member.name = reader.text(name_length, "a member's name");
  const std::string where = fmt::format("{}: member {}", file, quote(member.name));
  read_zip64_fields(member, reader.take(extra_length, kWhat), where);
  reader.take(comment_length, kWhat);
  if ((flags & kEncrypted) != 0) throw InvalidInput("{}: is encrypted", where);
  if (member.method != kStored && member.method != kDeflated)
    throw InvalidInput("{}: compression method {} (known: 0 stored, 8 deflated)", where, member.method);
  return member;
}

}  // namespace

ZipArchive::ZipArchive(std::span<const std::byte> bytes, std::string_view name) : bytes_(bytes), name_(name) {
  const Directory directory = find_directory(bytes_, name_);
  ByteReader reader(bytes_, name_, directory.begin);
  if (directory.members > reader.remaining() / kCentralHeaderSize)
    throw InvalidInput("{}: {} members are declared, the file has room for {}", name_, directory.members,
                       reader.remaining() / kCentralHeaderSize);
  for (std::uint64_t i = 0; i < directory.members; ++i)
    members_.push_back(read_central_header(reader, name_));
}

std::span<const std::byte> ZipArchive::packed(const ZipMember& member) const {
  constexpr const char* kWhat = "a local header";
  ByteReader reader(bytes_, name_, member.header);
  if (reader.little_endian<std::uint32_t>(kWhat) != kLocalHeader)
    throw InvalidInput("{}: member {}: no local header at byte {}", name_, quote(member.name), member.header);
  reader.take(22, kWhat);  // what the central directory says too
  const auto name_length = reader.little_endian<std::uint16_t>(kWhat);
  const auto extra_length = reader.little_endian<std::uint16_t>(kWhat);
  if (reader.text(name_length, kWhat) != member.name)
    throw InvalidInput("{}: member {}: the local header at byte {} has another name", name_,
                       quote(member.name), member.header);
  reader.take(extra_length, kWhat);
  return reader.take(member.packed_size, "a member's data");
}

std::vector<std::byte> ZipArchive::read(const ZipMember& member, std::uint64_t max_bytes) const {
  constexpr std::uint64_t kBestRatio = 1032;  // deflate's
  const std::string where = fmt::format("{}: member {}", name_, quote(member.name));
  if (member.size > max_bytes)
    throw InvalidInput("{}: unpacks to {} bytes, more than the limit of {}", where, member.size, max_bytes);
  const std::span<const std::byte> data = packed(member);
  std::vector<std::byte> content;
  if (member.method == kStored) {
    if (data.size() != member.size)
      throw InvalidInput("{}: stored in {} bytes, {} are declared", where, data.size(), member.size);
    content.assign(data.begin(), data.end());
  } else {
    if (member.size > kBestRatio * (data.size() + 1))
      throw InvalidInput("{}: {} compressed bytes cannot unpack to the declared {}", where, data.size(),
                         member.size);
    content = inflate_raw(data, member.size, where);
  }
  if (crc_32(content) != member.checksum) throw InvalidInput("{}: the checksum (CRC-32) is wrong", where);
  return content;
}

namespace {

class LittleEndian {
 public:
  template <class... Values>
  void add(Values... values) {
    (text_.append(reinterpret_cast<const char*>(&values), sizeof(Values)), ...);
  }
  void add_text(std::string_view text) { text_ += text; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// The fields that a local header and a central one share, from "version needed" to the lengths.
void add_shared_fields(LittleEndian& header, const ZipMember& member) {
  constexpr std::uint16_t kVersion = 20, kUtf8Names = 1 << 11, kMidnight = 0, kFirstOf1980 = 0x21;
  header.add(kVersion, kUtf8Names, member.method, kMidnight, kFirstOf1980, member.checksum,
             static_cast<std::uint32_t>(member.packed_size), static_cast<std::uint32_t>(member.size),
             static_cast<std::uint16_t>(member.name.size()), std::uint16_t{0});
}

ZipMember stored_member(const ZipContent& content, std::uint64_t header, const std::string& file) {
  ZipMember member{content.name, header, 0, 0, 0, kStored};
  for (const std::span<const std::byte> part : content.parts) {
    member.size += part.size();
    member.checksum = crc_32(part, member.checksum);
  }
  member.packed_size = member.size;
  if (member.name.size() > std::numeric_limits<std::uint16_t>::max())
    throw InvalidInput("{}: member {}: the name is too long", file, quote(member.name));
  if (header + member.size + member.name.size() + kLocalHeaderSize >= kIn64)
    throw InvalidInput("{}: member {}: the archive would exceed 4 GiB", file, quote(member.name));
  return member;
}

}  // namespace

void write_stored_zip(const std::filesystem::path& path, std::span<const ZipContent> members) {
  if (members.size() >= kCountIn64)
    throw InvalidInput("{}: {} members, at most 65,534 are possible", path.native(), members.size());
  AtomicFile file(path);
  LittleEndian directory;
  std::uint64_t at = 0;
  for (const ZipContent& content : members) {
    const ZipMember member = stored_member(content, at, path.native());
    LittleEndian local;
    local.add(kLocalHeader);
    add_shared_fields(local, member);
    local.add_text(member.name);
    file.append(local.text());
    for (const std::span<const std::byte> part : content.parts) file.append(part);
    at += local.text().size() + member.size;

    directory.add(kCentralHeader, std::uint16_t{20});
    add_shared_fields(directory, member);
    constexpr std::uint16_t kNoComment = 0, kFirstDisk = 0, kBinary = 0;
    constexpr std::uint32_t kNoAttributes = 0;
    directory.add(kNoComment, kFirstDisk, kBinary, kNoAttributes, static_cast<std::uint32_t>(member.header));
    directory.add_text(member.name);
  }
  if (at + directory.text().size() >= kIn64)
    throw InvalidInput("{}: the archive would exceed 4 GiB", path.native());
  file.append(directory.text());
  LittleEndian end;
  const auto count = static_cast<std::uint16_t>(members.size());
  end.add(kEnd, std::uint16_t{0}, std::uint16_t{0}, count, count,
          static_cast<std::uint32_t>(directory.text().size()), static_cast<std::uint32_t>(at),
          std::uint16_t{0});
  file.append(end.text());
  file.commit();
}

}  // namespace lehr
