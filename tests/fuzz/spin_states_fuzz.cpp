// The first byte is the number of spins, the rest the file: any bytes give states of that size or a lehr::Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "lehr/core/errors.hpp"
#include "lehr/spin/files/states_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const lehr::spin::Index spins = data[0];
  try {
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
    for (const lehr::spin::Spins& state : lehr::spin::parse_states(bytes, "fuzz", spins)) {
      if (state.size() != static_cast<std::size_t>(spins)) std::abort();
      for (const std::int8_t spin : state)
        if (spin != 1 && spin != -1) std::abort();
    }
  } catch (const lehr::Error&) {
  }
  return 0;
}
