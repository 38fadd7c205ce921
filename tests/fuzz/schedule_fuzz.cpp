// Any text is parsed or refused with an Error. A schedule that was parsed prints text that parses to the same
// text, and its values are finite or refused with an Error.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lehr/schedule/control.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_schedule(std::string_view text) {
  const lehr::Schedule schedule = lehr::Schedule::parse(text, "no-such-folder");
  const std::string printed = schedule.text();
  if (printed.size() <= 64 * 1024)
    require(lehr::Schedule::parse(printed, "no-such-folder").text() == printed);
  for (const double value : schedule.sample(7)) require(std::isfinite(value));
}

void check_control(std::string_view text) {
  const std::string printed = lehr::Control::parse(text, "no-such-folder").text();
  if (printed.size() <= 64 * 1024) require(lehr::Control::parse(printed, "no-such-folder").text() == printed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto check : {check_schedule, check_control}) {
    try {
      check(text);
    } catch (const lehr::Error&) {
    }
  }
  return 0;
}
