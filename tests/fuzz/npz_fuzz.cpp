// Any bytes give arrays within the limit or a lehr::Error, member by member.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/core/npy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  constexpr std::uint64_t limit = 1 << 20;
  try {
    const lehr::Npz archive(bytes, "fuzz", {.npy = {.v2_is_bf16 = true}, .max_bytes = limit});
    for (const std::string& name : archive.names()) try {
        if (archive.read(name).bytes.size() > limit) std::abort();
      } catch (const lehr::Error&) {
      }
  } catch (const lehr::Error&) {
  }
  return 0;
}
