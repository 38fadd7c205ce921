// Any bytes give tensors inside those bytes or a lehr::Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "lehr/core/errors.hpp"
#include "lehr/core/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    for (const auto& [name, view] : lehr::parse_safetensors(bytes, "fuzz").tensors)
      if (view.to_doubles().size() * lehr::size_of(view.type) != view.bytes.size()) std::abort();
  } catch (const lehr::Error&) {
  }
  return 0;
}
