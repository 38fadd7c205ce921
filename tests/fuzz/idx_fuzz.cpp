// Any bytes give an array whose elements are all there, or a lehr::Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "lehr/core/errors.hpp"
#include "lehr/core/idx.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const lehr::Tensor array = lehr::parse_idx(std::as_bytes(std::span(data, size)), "fuzz");
    if (lehr::byte_count(array.type, array.shape) != array.bytes.size()) std::abort();
    array.to_doubles();
  } catch (const lehr::Error&) {
  }
  return 0;
}
