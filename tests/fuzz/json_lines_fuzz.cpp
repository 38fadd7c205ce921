// Any bytes give JSON objects or a lehr::Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lehr/core/errors.hpp"
#include "lehr/core/json_lines.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    lehr::parse_json_lines(text, "fuzz");
  } catch (const lehr::Error&) {
  }
  return 0;
}
