// Claims: whatever the text, evaluating it ends in a verdict or in an InvalidInput.
#include <cstddef>
#include <cstdint>
#include <string>

#include "lehr/core/errors.hpp"
#include "lehr/study/claims.hpp"

namespace {

lehr::study::Results sample() {
  lehr::study::Results results;
  for (const char* arm : {"a", "b"}) {
    lehr::study::ArmResults& added = results.arms.emplace_back();
    added.name = arm;
    added.metric_names = {"x", "y"};
    added.metrics["x"] = {{1, 2, 3}, {0.5, 0.25, -1}};
    added.metrics["y"] = {{2}, {1e300}};
  }
  return results;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lehr::study::Results results = sample();
  try {
    lehr::study::evaluate_claim({"fuzz", std::string(reinterpret_cast<const char*>(data), size)}, results);
  } catch (const lehr::InvalidInput&) {
  }
  return 0;
}
