// Colour for the terminal as ANSI SGR sequences, or nothing where colour is not wanted.
#pragma once

#include <string>
#include <string_view>

namespace lehr::report {

inline constexpr std::string_view bold = "1", dim = "2", green = "32", red = "31", yellow = "33",
                                  bold_red = "1;31";

inline std::string paint(std::string_view text, std::string_view sgr, bool color) {
  if (!color || text.empty() || sgr.empty()) return std::string(text);
  std::string painted = "\x1b[";
  painted.append(sgr).append("m").append(text).append("\x1b[0m");
  return painted;
}

}  // namespace lehr::report
