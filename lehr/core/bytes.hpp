// Bytes as text: whether they are UTF-8, and base64 (RFC 4648, section 4) for those that are not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lehr {

// Whether `bytes` is well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes);

// The length in bytes of the well-formed UTF-8 sequence that `bytes` starts with, or 0 when it starts with
// none.
std::size_t utf8_length(std::string_view bytes);

std::string to_base64(std::string_view bytes);

// The inverse of to_base64; nullopt for anything but canonical base64 with padding.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace lehr
