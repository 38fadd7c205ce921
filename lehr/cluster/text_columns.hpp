// The columns of a text file, before anything is decided about them: numbers, gaps, or texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::cluster {

struct FileColumn {
  std::string name;
  std::vector<double> numbers;     // NaN: missing, or a text; empty where no cell is a number
  std::vector<std::string> texts;  // the cells as they stand, where one of them is a text

  bool is_text() const { return numbers.empty() && !texts.empty(); }
  std::size_t rows() const { return is_text() ? texts.size() : numbers.size(); }
};

struct FileColumns {
  std::vector<FileColumn> columns;
  std::string label;                // the column that the file itself says is the class; may be empty
  std::vector<std::string> groups;  // names of its classes 0, 1, ...
};

// Whether the cell is a mark for a missing value: empty, NA, N/A, ?, nan, null, none in any case.
bool is_missing(std::string_view cell);
// The number that the cell holds, blanks around it left out.
std::optional<double> number_in(std::string_view cell);
std::string_view without_blanks(std::string_view text);

// Separators, header and classes as point_table.hpp says. Columns without a name are c1, c2, ...; a name that comes
// again gets ".2", ".3". Throws InvalidInput "file:line: reason" for records of unequal length.
FileColumns read_text_columns(std::string text, const std::string& name);

}  // namespace lehr::cluster
