// The outer form of the files of TSPLIB (Reinelt 1995, "TSPLIB 95", section 1): entries "KEY : VALUE" and data sections, in any
// order, up to EOF or the end of the file. What stands in them is read by tsplib_file and tour_file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lehr/tour/line_words.hpp"

namespace lehr::tour {

struct TsplibText {
  struct Entry {
    std::string key;  // in capitals
    std::string_view value;
    std::int64_t line = 0;
  };
  struct Section {
    std::string name;       // in capitals, without a colon
    std::string_view text;  // the lines after the heading
    std::int64_t line = 0;  // of the heading
  };

  std::string file;  // for messages
  std::vector<Entry> entries;
  std::vector<Section> sections;

  const Entry* entry(std::string_view key) const;
  const Section* section(std::string_view name) const;
  LineWords lines(const Section& section) const { return {section.text, file, section.line + 1}; }

  template <class... Args>
  [[noreturn]] void refuse_at(std::int64_t line, fmt::format_string<Args...> format, Args&&... args) const {
    throw InvalidInput("{}:{}: {}", file, line, fmt::format(format, std::forward<Args>(args)...));
  }
};

// Splits a file's text, which must outlive the result. Throws InvalidInput for a line that is neither an entry nor a heading nor of a
// section, and for what is given twice (COMMENT may be).
TsplibText split_tsplib(std::string_view text, std::string file);

// DIMENSION as a number of cities in [1, most_cities]; throws InvalidInput where it is missing.
inline constexpr std::int64_t most_cities = 100'000'000;
std::int64_t dimension_of(const TsplibText& text);

}  // namespace lehr::tour
