#include "apps/lehr/spin/number_table.hpp"

#include <algorithm>
#include <cctype>

#include "lehr/core/csv.hpp"
#include "lehr/core/idx.hpp"
#include "lehr/core/npy.hpp"

namespace lehr::command {
namespace {

// A first line with a letter other than those of "nan", "inf" and exponents names the columns.
bool names_columns(const CsvTable& table) {
  for (const std::string& column : table.columns) {
    const std::string cell = table.text_column(column).front();
    const auto other = [](unsigned char c) {
      return std::isalpha(c) && std::string("eEnNaAiIfF").find(c) == std::string::npos;
    };
    if (std::ranges::any_of(cell, other)) return true;
  }
  return false;
}

Tensor csv_numbers(const std::filesystem::path& path) {
  CsvTable table = read_csv(path, {.header = false});
  if (table.rows > 0 && names_columns(table)) table = read_csv(path);
  std::vector<double> values(table.rows * table.columns.size());
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const std::vector<double> column = table.number_column(table.columns[c], MissingCells::refuse);
    for (std::size_t r = 0; r < table.rows; ++r) values[r * table.columns.size() + c] = column[r];
  }
  return tensor_of<double>(
      values, {static_cast<std::int64_t>(table.rows), static_cast<std::int64_t>(table.columns.size())});
}

}  // namespace

Tensor read_number_table(const std::filesystem::path& path) {
  const std::string file = path.filename().string();
  Tensor table;
  if (path.extension() == ".npy")
    table = read_npy(path);
  else if (file.find("idx") != std::string::npos || file.find("ubyte") != std::string::npos)
    table = read_idx(path);
  else
    table = csv_numbers(path);
  if (table.shape.empty() || table.shape[0] < 1)
    throw InvalidInput("{}: expected a table with at least one row, found shape {}", path.string(),
                       to_string(table.shape));
  std::int64_t columns = 1;
  for (std::size_t axis = 1; axis < table.shape.size(); ++axis) columns *= table.shape[axis];
  table.shape = {table.shape[0], columns};
  return table;
}

}  // namespace lehr::command
