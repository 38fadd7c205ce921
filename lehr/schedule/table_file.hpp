// The CSV files behind `table("lr.csv")`: a column of positions and a column of values.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lehr::schedule {

struct TableFile {
  std::vector<double> positions;  // rising; shares of the run in [0, 1], or whole steps from 0
  std::vector<double> values;     // as many, finite
  bool in_steps = false;
};

// Reads a CSV file with a header. Positions are the column `step` or `progress`, else the first column, which
// then counts steps when its last entry is above 1. Values are the column `column`; empty: the first other
// one. Files are limited to 16 MiB. Throws IoError for a file that cannot be read, InvalidInput that names
// the file for contents that cannot be used: no rows, a cell that is no finite number, positions that do not
// rise, a missing column.
TableFile read_table_file(const std::filesystem::path& path, const std::string& column);

}  // namespace lehr::schedule
