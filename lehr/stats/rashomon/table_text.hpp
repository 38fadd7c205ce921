// The cells of a table's text, whatever its dialect: see labelled_table.hpp for what is understood.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::stats {

struct TextTable {
  std::vector<std::string> names;               // of the columns, all different
  std::vector<std::vector<std::string>> cells;  // column by column, without blanks around
  std::vector<std::string> notes;               // what was assumed
  bool decimal_comma = false;                   // "3,14" may be a number

  std::size_t records() const { return cells.empty() ? 0 : cells.front().size(); }
};

// Throws InvalidInput with the file's name and the line for text that is no table.
TextTable parse_table_text(std::string_view text, std::string_view name);

bool is_missing(std::string_view cell);
// The cell as a finite number.
std::optional<double> cell_number(std::string_view cell, bool decimal_comma = false);

}  // namespace lehr::stats
