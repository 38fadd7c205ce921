// Any bytes give a JSON value or a lehr::Error; a value that is written reads back equal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lehr/core/errors.hpp"
#include "lehr/core/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const lehr::Json value = lehr::parse_json(text, "fuzz");
    if (lehr::parse_json(value.dump(), "written") != value) std::abort();
    lehr::number_from(value);
  } catch (const lehr::Error&) {
  }
  return 0;
}
