// Tables in CSV files (RFC 4180): a header with the columns' names, then one record a line.
//
// Read are: comma, semicolon or tab as separator (the one that the header uses most), quoted cells with
// doubled quotes and line breaks, LF and CRLF, a UTF-8 byte order mark, gzip-compressed files. Lines that
// start with '#' before the header and blank lines are skipped. Spaces around the header's names and around
// numbers do not count. Every error is an InvalidInput that starts with the file's name and the line. Cost:
// one pass, 8 bytes a cell.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lehr {

struct CsvOptions {
  char separator = '\0';  // '\0': detected
  bool header = true;     // false: the columns are named "0", "1", ...
};

// What an empty cell or `NA` in a column of numbers means.
enum class MissingCells { nan, refuse };

class CsvTable {
 public:
  std::vector<std::string> columns;  // names, all different
  std::size_t rows = 0;

  bool has_column(std::string_view name) const;

  // The column as doubles, in the notation of the C locale ("1e-3", "nan", "-inf").
  std::vector<double> number_column(std::string_view name, MissingCells missing = MissingCells::nan) const;

  // The column as it stands in the file, without quotes.
  std::vector<std::string> text_column(std::string_view name) const;

 private:
  friend class CsvParser;
  // A cell's place in the text; inside the quotes where it has them.
  struct Cell {
    std::uint64_t begin : 40;
    std::uint64_t length : 23;
    std::uint64_t has_doubled_quotes : 1;
  };

  std::size_t index_of(std::string_view name) const;
  const Cell& cell(std::size_t row, std::size_t column) const {
    return cells_[row * columns.size() + column];
  }
  std::string_view raw(const Cell& cell) const { return {text_.data() + cell.begin, cell.length}; }
  std::string text(const Cell& cell) const;
  double number(const Cell& cell, std::size_t column, MissingCells missing) const;

  std::string name_, text_;
  std::vector<Cell> cells_;  // row by row
};

// Parses a table; `name` (the file's) is for messages.
CsvTable parse_csv(std::string_view text, std::string_view name, const CsvOptions& options = {});
CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

struct CsvColumn {
  std::string name;
  std::variant<std::vector<double>, std::vector<std::string>> cells;
};

// The table with commas and LF; doubles in the shortest form that reads back to the same bits, texts quoted
// where they must be. All columns have the same length.
std::string csv_text(std::span<const CsvColumn> columns);
void write_csv(const std::filesystem::path& path, std::span<const CsvColumn> columns);

}  // namespace lehr
