// Studies: whatever the text, reading it ends in a study or in an InvalidInput.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lehr/core/errors.hpp"
#include "lehr/study/references.hpp"
#include "lehr/study/study.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto study = lehr::study::parse_study({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
    lehr::study::check_references(study);
    lehr::study::stages(study);
    lehr::study::definition(study);
  } catch (const lehr::InvalidInput&) {
  }
  return 0;
}
