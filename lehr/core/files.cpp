#include "lehr/core/files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

namespace fs = std::filesystem;

std::string reason(int code) { return std::generic_category().message(code); }

// An open file, closed at the end of its scope.
struct Descriptor {
  explicit Descriptor(int number) : number(number) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

int open_for_reading(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw IoError(path.native(), fmt::format("cannot be read: {}", reason(errno)));
  return descriptor;
}

struct stat status_of(const Descriptor& file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file.number, &status) != 0)
    throw IoError(path.native(), fmt::format("cannot be read: {}", reason(errno)));
  if (S_ISDIR(status.st_mode)) throw IoError(path.native(), "is a folder, a file is needed");
  return status;
}

std::string read_all(const Descriptor& file, const fs::path& path, std::uint64_t size_hint,
                     std::uint64_t max_bytes) {
  constexpr std::uint64_t kChunk = 1 << 16;
  const auto refuse_large = [&] {
    throw IoError(path.native(), fmt::format("is larger than the limit of {} bytes", max_bytes));
  };
  if (size_hint > max_bytes) refuse_large();
  std::string content(size_hint + 1, '\0');  // one byte more than expected, to see the end
  std::size_t filled = 0;
  while (true) {
    const ssize_t count = ::read(file.number, content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw IoError(path.native(), fmt::format("cannot be read: {}", reason(errno)));
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
    if (filled > max_bytes) refuse_large();
    if (filled == content.size()) content.resize(std::max(2 * filled, filled + kChunk));
  }
  content.resize(filled);
  return content;
}

// The file that a write to `path` changes: a symbolic link leads to its target.
fs::path write_target(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_symlink(path, failure)) return path;
  const fs::path target = fs::weakly_canonical(path, failure);
  return failure ? path : target;
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void flush_folder(const fs::path& folder) {
  const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.number < 0 || (::fsync(file.number) != 0 && errno != EINVAL))
    throw IoError(folder.native(), fmt::format("cannot be flushed: {}", reason(errno)));
}

}  // namespace

std::string read_file(const fs::path& path, std::uint64_t max_bytes) {
  const Descriptor file(open_for_reading(path));
  const struct stat status = status_of(file, path);
  return read_all(file, path, S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0,
                  max_bytes);
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.append(bytes);
  file.commit();
}

AtomicFile::AtomicFile(const fs::path& path) : target_(write_target(path)) {
  struct stat status {};
  const bool exists = ::stat(target_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) throw IoError(target_.native(), "is a folder, a file is needed");
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    constexpr int kAttempts = 1000;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      temporary_ =
          folder_of(target_) / fmt::format(".{}.{}-{}.tmp", target_.filename().native(), ::getpid(), attempt);
      descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ >= 0 || errno != EEXIST) break;
    }
  }
  if (descriptor_ < 0) throw IoError(target_.native(), fmt::format("cannot be written: {}", reason(errno)));
  if (exists && !temporary_.empty()) ::fchmod(descriptor_, status.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw IoError(target_.native(), fmt::format("cannot be written: {}", reason(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void AtomicFile::append(std::span<const std::byte> bytes) {
  append(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void AtomicFile::commit() {
  const bool in_place = temporary_.empty();
  if (!in_place && ::fsync(descriptor_) != 0)
    throw IoError(target_.native(), fmt::format("cannot be flushed: {}", reason(errno)));
  if (::close(std::exchange(descriptor_, -1)) != 0 ||
      (!in_place && ::rename(temporary_.c_str(), target_.c_str()) != 0)) {
    const int failure = errno;
    if (!in_place) ::unlink(temporary_.c_str());
    throw IoError(target_.native(), fmt::format("cannot be written: {}", reason(failure)));
  }
  if (!in_place) flush_folder(folder_of(target_));
}

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file(open_for_reading(path));
  const struct stat status = status_of(file, path);
  // Files of /proc and the like are regular and say that they are empty.
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    const std::string content = read_all(file, path, 0, std::uint64_t{1} << 30);
    const auto* begin = reinterpret_cast<const std::byte*>(content.data());
    owned_.assign(begin, begin + content.size());
    bytes_ = owned_;
    return;
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (data == MAP_FAILED) throw IoError(path.native(), fmt::format("cannot be mapped: {}", reason(errno)));
  bytes_ = {static_cast<const std::byte*>(data), size};
}

MappedFile::~MappedFile() { unmap(); }

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), owned_(std::move(other.owned_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    unmap();
    bytes_ = std::exchange(other.bytes_, {});
    owned_ = std::move(other.owned_);
  }
  return *this;
}

void MappedFile::unmap() {
  if (!bytes_.empty() && bytes_.data() != owned_.data())
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace lehr
