// The readers of training logs: any bytes give a log or a lehr::Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lehr/core/errors.hpp"
#include "lehr/schedule/laws/training_log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  using namespace lehr::laws;
  for (const auto parse : {parse_csv_log, parse_json_lines_log, parse_trainer_state}) try {
      parse(text, "fuzz", {});
    } catch (const lehr::Error&) {
    }
  return 0;
}
