#include "lehr/core/number_text.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

namespace lehr {

void append_number(std::string& text, double value) {
  if (std::isnan(value)) {
    text += "nan";
    return;
  }
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  assert(error == std::errc{});
  text.append(digits.data(), end);
}

}  // namespace lehr
