#include "lehr/schedule/table_file.hpp"

#include <cmath>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"

namespace lehr::schedule {
namespace {

constexpr std::uint64_t largest_file = std::uint64_t{16} << 20;

std::string position_column(const CsvTable& table) {
  for (const char* name : {"step", "progress"})
    if (table.has_column(name)) return name;
  return table.columns.front();
}

std::string value_column(const CsvTable& table, const std::string& position, const std::string& name,
                         const std::string& wanted) {
  if (!wanted.empty() && !table.has_column(wanted))
    throw InvalidInput("{}: has no column {}{}", name, quote(wanted), hint(wanted, table.columns));
  if (!wanted.empty()) return wanted;
  for (const std::string& column : table.columns)
    if (column != position) return column;
  throw InvalidInput("{}: needs two columns, a position and a value", name);
}

void check(const TableFile& table, const std::string& name) {
  if (table.positions.empty()) throw InvalidInput("{}: holds no rows", name);
  for (std::size_t i = 0; i < table.positions.size(); ++i) {
    const double position = table.positions[i];
    if (!std::isfinite(table.values[i]))
      throw InvalidInput("{}, row {}: the value is not finite", name, i + 1);
    if (!(position >= 0 && position <= 1e15))
      throw InvalidInput("{}, row {}: position {} is not in [0, 1e15]", name, i + 1, position);
    if (i > 0 && position <= table.positions[i - 1])
      throw InvalidInput("{}, row {}: positions must rise, found {} after {}", name, i + 1, position,
                         table.positions[i - 1]);
  }
  if (!table.in_steps && table.positions.back() > 1)
    throw InvalidInput("{}: progress must lie in [0, 1], found {}", name, table.positions.back());
}

}  // namespace

TableFile read_table_file(const std::filesystem::path& path, const std::string& column) {
  const std::string name = path.string();
  const CsvTable csv = parse_csv(read_file(path, largest_file), name);
  const std::string position = position_column(csv);
  TableFile table;
  table.positions = csv.number_column(position, MissingCells::refuse);
  table.values = csv.number_column(value_column(csv, position, name, column), MissingCells::refuse);
  table.in_steps = position == "step" ||
                   (position != "progress" && !table.positions.empty() && table.positions.back() > 1);
  check(table, name);
  return table;
}

}  // namespace lehr::schedule
