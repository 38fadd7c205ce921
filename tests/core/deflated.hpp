// Text packed by zlib, for readers of packed files.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

namespace lehr::test {

// window_bits: -MAX_WBITS for a raw stream (zip), 16 + MAX_WBITS for gzip.
inline std::string deflated(std::string_view text, int window_bits) {
  std::string packed(text.size() + 1024, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace lehr::test
