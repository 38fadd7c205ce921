// Any bytes give a table or a lehr::Error; a table that is written reads back equal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const lehr::CsvTable table = lehr::parse_csv(text, "fuzz");
    std::vector<lehr::CsvColumn> columns;
    for (const std::string& name : table.columns) columns.push_back({name, table.text_column(name)});
    const std::string written = lehr::csv_text(columns);
    const lehr::CsvTable again = lehr::parse_csv(written, "written", {.separator = ','});
    if (again.columns != table.columns || again.rows != table.rows) std::abort();
    for (const std::string& name : table.columns)
      if (again.text_column(name) != table.text_column(name)) std::abort();
    for (const std::string& name : table.columns) table.number_column(name);
  } catch (const lehr::Error&) {
  }
  return 0;
}
