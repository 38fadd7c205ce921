#include "lehr/core/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

constexpr int kRawDeflate = -MAX_WBITS;
constexpr int kGzip = MAX_WBITS + 16;

// A zlib stream that unpacks `packed`.
class Inflater {
 public:
  Inflater(std::string_view packed, int format, std::string_view name) : packed_(packed), name_(name) {
    if (inflateInit2(&stream_, format) != Z_OK) throw InvalidInput("{}: zlib cannot start", name_);
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Unpacks up to `size` bytes to `to`; returns how many, fewer only at the stream's end.
  std::size_t unpack(void* to, std::size_t size) {
    std::size_t done = 0;
    while (done < size && !ended_) {
      stream_.next_out = static_cast<Bytef*>(to) + done;
      stream_.avail_out = at_most_uint(size - done);
      const uInt room = stream_.avail_out;
      step();
      done += room - stream_.avail_out;
    }
    return done;
  }
  bool ended() const { return ended_; }

  // Starts the next member of a gzip file, if there is one.
  bool next_member() {
    if (packed_.empty()) return false;
    inflateReset(&stream_);
    ended_ = false;
    return true;
  }

 private:
  static uInt at_most_uint(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
  }

  void step() {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed_.data()));
    stream_.avail_in = at_most_uint(packed_.size());
    const uInt given = stream_.avail_in;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    packed_.remove_prefix(given - stream_.avail_in);
    if (code == Z_STREAM_END)
      ended_ = true;
    else if (code == Z_BUF_ERROR)
      throw InvalidInput("{}: the compressed data end too early", name_);
    else if (code != Z_OK)
      throw InvalidInput("{}: the compressed data are damaged ({})", name_,
                         stream_.msg != nullptr ? stream_.msg : "zlib error");
  }

  z_stream stream_{};
  std::string_view packed_, name_;
  bool ended_ = false;
};

}  // namespace

std::vector<std::byte> inflate_raw(std::span<const std::byte> packed, std::uint64_t size,
                                   std::string_view name) {
  Inflater inflater({reinterpret_cast<const char*>(packed.data()), packed.size()}, kRawDeflate, name);
  std::vector<std::byte> unpacked(size);
  const std::size_t count = inflater.unpack(unpacked.data(), unpacked.size());
  if (count < size) throw InvalidInput("{}: unpacks to {} bytes, {} are declared", name, count, size);
  std::byte beyond;
  if (!inflater.ended() && inflater.unpack(&beyond, 1) > 0)
    throw InvalidInput("{}: unpacks to more than the {} bytes that are declared", name, size);
  return unpacked;
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string gunzip(std::string_view packed, std::uint64_t max_bytes, std::string_view name) {
  constexpr std::size_t kChunk = 1 << 20;
  Inflater inflater(packed, kGzip, name);
  std::string unpacked;
  do {
    while (!inflater.ended()) {
      const std::size_t before = unpacked.size();
      unpacked.resize(before + kChunk);
      unpacked.resize(before + inflater.unpack(unpacked.data() + before, kChunk));
      if (unpacked.size() > max_bytes)
        throw InvalidInput("{}: unpacks to more than the limit of {} bytes", name, max_bytes);
    }
  } while (inflater.next_member());
  return unpacked;
}

}  // namespace lehr
