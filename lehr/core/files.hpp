// Whole files: read with a limit, mapped read-only, written so that a crash never leaves half a file.
//
// An atomic write goes to a temporary file in the same folder, is flushed to the disk (fsync), takes the
// target's name (rename), and the folder is flushed too. A symbolic link is followed; a device or a pipe is
// written directly. Every error is an IoError that starts with the path and ends with the operating system's
// reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lehr {

// The content of the file (or pipe); IoError when it holds more than `max_bytes`.
std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes = std::uint64_t{1} << 30);

// Replaces the file's content by `bytes`: after a crash it holds either the old content or the new one.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// A file under construction, for content that is produced in pieces: `append` any number of times, then
// `commit`. Destroyed without `commit` it leaves no trace.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void append(std::string_view bytes);
  void append(std::span<const std::byte> bytes);
  void commit();

 private:
  std::filesystem::path target_, temporary_;  // temporary_ is empty for a device or a pipe
  int descriptor_ = -1;
};

// A file mapped read-only into memory; what cannot be mapped (a pipe) is read, up to 1 GiB. The file must not
// shrink while it is mapped.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  void unmap();

  std::span<const std::byte> bytes_;
  std::vector<std::byte> owned_;  // the content of what could not be mapped
};

}  // namespace lehr
