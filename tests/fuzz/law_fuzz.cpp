// Any text is a law of a variable or refused with an Error. A law that was read prints text that reads back as the same law, and its
// maps to and from the normal law are inverse where they are finite.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lehr/core/errors.hpp"
#include "lehr/sample/law_design.hpp"
#include "lehr/sample/marginal.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_marginal(std::string_view text) {
  const auto law = lehr::sample::Marginal::parse(text, "no-such-folder");
  const std::string printed = law.text();
  if (printed.size() <= 64 * 1024) require(lehr::sample::Marginal::parse(printed, "no-such-folder").text() == printed);
  const double x = law.from_normal(0.3);
  require(!std::isnan(x) && law.cdf(x) >= 0 && law.cdf(x) <= 1);
}

void check_ranges(std::string_view text) {
  lehr::sample::LawTemplate family;
  family.add("x", text, "no-such-folder");
  require(family.at(std::vector<double>(family.ranges().size(), 0.25)).dimension() == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto check : {check_marginal, check_ranges}) {
    try {
      check(text);
    } catch (const lehr::Error&) {
    }
  }
  return 0;
}
