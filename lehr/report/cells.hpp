// A table as text: cells formatted by their column's format, and what the reader's eye needs to know about
// each column.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/report.hpp"

namespace lehr::report {

// How a claim ended, as told by a column named "verdict" whose cells start with "holds" or "fails".
enum class Verdict { none, holds, fails };

struct TextColumn {
  std::string name;
  bool numeric = false;     // every cell is a number, starts like one, or is empty: aligned to the right
  bool is_verdict = false;  // named "verdict", in any letter case
};

// A table whose rows all have one cell per column; texts are clean lines (unicode.hpp).
struct TextTable {
  std::string title;
  std::vector<TextColumn> columns;
  std::vector<std::vector<std::string>> rows;
};

// The first `row_limit` rows of `table` as text. Short rows are filled with empty cells; columns without a
// name get "".
TextTable text_table(const Table& table, std::size_t row_limit);

// `value` by a fmt specification without braces (".4g", "+.3e", "8.2f"); "" means ".6g", and so does a
// specification that is not one for numbers. Widths and precisions of more than two digits are not accepted.
std::string number_text(double value, std::string_view format);

// A cell as text: numbers by `format` (whole numbers in full when it is ""), strings clean, true and false as
// yes and no.
std::string cell_text(const Json& cell, std::string_view format);

Verdict verdict_of(std::string_view cell);
// "holds" -> "✓ holds" (in ASCII "+ holds"), "fails" -> "✗ fails"; and its colour (paint.hpp).
std::string with_mark(const std::string& cell, bool unicode);
std::string_view verdict_color(std::string_view cell);

// How many cells of the tables' verdict columns hold and how many fail.
struct ClaimCount {
  int holds = 0, fails = 0;
};
ClaimCount count_claims(const std::vector<Table>& tables);

}  // namespace lehr::report
