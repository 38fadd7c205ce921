// Any bytes give an array or a lehr::Error; an array that is written reads back equal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/core/npy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const lehr::Tensor array = lehr::parse_npy(bytes, "fuzz", {.v2_is_bf16 = true});
    std::string written = lehr::npy_header(array.type, array.shape);
    written.append(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
    const lehr::Tensor again =
        lehr::parse_npy(std::as_bytes(std::span(written)), "written", {.v2_is_bf16 = true});
    if (again.type != array.type || again.shape != array.shape || again.bytes != array.bytes) std::abort();
    array.to_doubles();
  } catch (const lehr::Error&) {
  }
  return 0;
}
