// Deflate streams (RFC 1951) and gzip files (RFC 1952), unpacked by zlib into bounded memory.
// A stream that is damaged, cut off or larger than allowed is an InvalidInput that starts with `name`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lehr {

// Unpacks a raw deflate stream that must give exactly `size` bytes.
std::vector<std::byte> inflate_raw(std::span<const std::byte> packed, std::uint64_t size,
                                   std::string_view name);

// True when the bytes start as a gzip file does.
bool is_gzip(std::string_view bytes);

// Unpacks a gzip file (of one or several members) of at most `max_bytes` unpacked bytes.
std::string gunzip(std::string_view packed, std::uint64_t max_bytes, std::string_view name);

}  // namespace lehr
