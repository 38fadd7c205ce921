#include "lehr/tour/point_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lehr/core/csv.hpp"
#include "lehr/tour/line_words.hpp"

namespace lehr::tour {

namespace {

bool reads_as_number(std::string_view cell) {
  cell = trimmed(cell);
  if (cell.starts_with('+')) cell.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return !cell.empty() && end == cell.data() + cell.size();
}

// A first line with at least two numbers is no header.
bool has_header(std::string_view text) {
  LineWords lines(text, "");
  while (lines.next_line()) {
    std::string_view line = lines.line();
    if (line.empty() || line.starts_with('#')) continue;
    int numbers = 0;
    while (true) {
      const std::size_t end = line.find_first_of(",;\t");
      if (reads_as_number(line.substr(0, end))) ++numbers;
      if (end == std::string_view::npos) return numbers < 2;
      line.remove_prefix(end + 1);
    }
  }
  return true;
}

// The columns' places by their purpose.
struct Roles {
  std::vector<std::size_t> coordinates;
  std::optional<std::size_t> name;
};

bool is_one_of(std::string_view name, std::initializer_list<const char*> known) {
  const std::string upper = upper_case(trimmed(name));
  return std::ranges::any_of(known, [&](const char* one) { return upper == one; });
}

// 1, 2, 3, ... or 0, 1, 2, ...
bool counts_rows(const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (trimmed(cells[i]) != std::to_string(i) && trimmed(cells[i]) != std::to_string(i + 1)) return false;
  return true;
}

Roles roles_of(const CsvTable& table, bool header, const std::string& file) {
  Roles roles;
  std::vector<std::size_t> numbers, texts;
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    const std::string& name = table.columns[j];
    const bool is_name = header && is_one_of(name, {"NAME", "CITY", "LABEL", "ID"});
    const std::vector<std::string> cells = table.text_column(name);
    const bool numeric = !is_name && (cells.empty() || reads_as_number(cells.front()));
    if (is_name && !roles.name) roles.name = j;
    if (!is_name) (numeric ? numbers : texts).push_back(j);
  }
  if (!roles.name && texts.size() == 1) roles.name = texts.front();
  const auto named = [&](std::initializer_list<const char*> names) -> std::optional<std::size_t> {
    for (const std::size_t j : numbers)
      if (header && is_one_of(table.columns[j], names)) return j;
    return std::nullopt;
  };
  const auto x = named({"X", "LON", "LONGITUDE"}), y = named({"Y", "LAT", "LATITUDE"}), z = named({"Z"});
  if (x && y) {
    roles.coordinates = {*x, *y};
    if (z) roles.coordinates.push_back(*z);
    return roles;
  }
  if (numbers.size() == 3 && !roles.name && counts_rows(table.text_column(table.columns[numbers.front()]))) {
    roles.name = numbers.front();
    numbers.erase(numbers.begin());
  }
  if (numbers.size() != 2 && numbers.size() != 3)
    throw InvalidInput(
        "{}: {} columns of numbers; cities need x, y or x, y, z (name them in a header where there are more)",
        file, numbers.size());
  roles.coordinates = numbers;
  return roles;
}

Problem of_coordinates(std::vector<double> coordinates, std::size_t dimension, const std::string& file,
                       Metric metric) {
  Problem problem;
  try {
    problem.instance = with_positions(std::move(coordinates), static_cast<int>(dimension), metric);
  } catch (const InvalidInput& error) {
    throw InvalidInput("{}: {}", file, error.what());
  }
  return problem;
}

}  // namespace

Problem parse_point_csv(std::string_view text, const std::string& file, Metric metric) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const bool header = has_header(text);
  const CsvTable table = parse_csv(text, file, {.header = header});
  const Roles roles = roles_of(table, header, file);
  std::vector<std::vector<double>> columns;
  for (const std::size_t j : roles.coordinates)
    columns.push_back(table.number_column(table.columns[j], MissingCells::refuse));
  std::vector<double> coordinates;
  for (std::size_t i = 0; i < table.rows; ++i)
    for (const std::vector<double>& column : columns) coordinates.push_back(column[i]);
  Problem problem = of_coordinates(std::move(coordinates), columns.size(), file, metric);
  if (roles.name) problem.labels = table.text_column(table.columns[*roles.name]);
  return problem;
}

Problem problem_of_array(const Tensor& array, const std::string& file, Metric metric) {
  if (array.shape.size() != 2 || (array.shape[1] != 2 && array.shape[1] != 3))
    throw InvalidInput("{}: the array has shape {}; cities need n x 2 or n x 3", file,
                       to_string(array.shape));
  return of_coordinates(array.to_doubles(), static_cast<std::size_t>(array.shape[1]), file, metric);
}

}  // namespace lehr::tour
