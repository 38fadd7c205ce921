// Zip archives (PKWARE APPNOTE 6.3): members that are stored or deflated, with zip64 sizes; written are
// stored members.
//
// The central directory is what counts, since writers that stream leave zeros in the local headers. A hostile
// archive cannot make memory grow: a member's declared size is checked against what deflate can give (1032 :
// 1) and against the caller's limit before anything is unpacked. Every error is an InvalidInput that names
// the file and member or byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lehr {

struct ZipMember {
  std::string name;
  std::uint64_t header = 0;  // byte at which the local header starts
  std::uint64_t packed_size = 0, size = 0;
  std::uint32_t checksum = 0;  // CRC-32 of the unpacked bytes
  std::uint16_t method = 0;    // 0 stored, 8 deflated
};

// An archive in somebody else's memory.
class ZipArchive {
 public:
  // `name` (the file's) is for messages.
  ZipArchive(std::span<const std::byte> bytes, std::string_view name);

  const std::vector<ZipMember>& members() const { return members_; }

  // The member's bytes, checked against its checksum; InvalidInput when it unpacks to more than `max_bytes`.
  std::vector<std::byte> read(const ZipMember& member, std::uint64_t max_bytes) const;

 private:
  std::span<const std::byte> packed(const ZipMember& member) const;

  std::span<const std::byte> bytes_;
  std::string name_;
  std::vector<ZipMember> members_;
};

// A member to be written: its bytes are the concatenation of the parts.
struct ZipContent {
  std::string name;
  std::vector<std::span<const std::byte>> parts;
};

// Writes an archive of stored members, atomically; InvalidInput when it would need zip64 (4 GiB, 65,535
// members).
void write_stored_zip(const std::filesystem::path& path, std::span<const ZipContent> members);

}  // namespace lehr
