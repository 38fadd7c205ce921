// Any bytes give a table of finite numbers or a lehr::Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lehr/cluster/point_table.hpp"
#include "lehr/core/errors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool impute : {false, true}) {
    try {
      const lehr::cluster::PointTable table =
          lehr::cluster::parse_points(text, "fuzz", {.impute_mean = impute});
      const auto rows = static_cast<std::size_t>(table.points.cols());
      if (!table.points.allFinite() || rows == 0) std::abort();
      if (!table.labels.empty() && table.labels.size() != rows) std::abort();
    } catch (const lehr::Error&) {
    }
  }
  return 0;
}
