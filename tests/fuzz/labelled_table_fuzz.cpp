// Any bytes give a table of finite features with labels in range, or a lehr::Error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lehr/core/errors.hpp"
#include "lehr/stats/rashomon/labelled_table.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool numeric : {false, true}) {
    try {
      const lehr::stats::LabelledTable table =
          lehr::stats::parse_labelled_table(text, "fuzz", {.numeric_target = numeric});
      if (!table.values.allFinite() || table.records() < 10) std::abort();
      for (const int label : table.labels)
        if (label < 0 || label >= static_cast<int>(table.classes.size())) std::abort();
      if (numeric && !table.response.allFinite()) std::abort();
    } catch (const lehr::Error&) {
    }
  }
  return 0;
}
