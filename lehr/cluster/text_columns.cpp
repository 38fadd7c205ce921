#include "lehr/cluster/text_columns.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"

namespace lehr::cluster {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

struct TextLines {
  std::string_view first, second;
};

// The first two lines with content that are no comments.
TextLines first_lines(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty() && found.size() < 2) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = without_blanks(text.substr(0, end));
    if (!line.empty() && (line.front() != '#' || !found.empty())) found.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  found.resize(2);
  return {found[0], found[1]};
}

std::vector<std::string_view> cells_of(std::string_view line, char separator) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t end = std::min(line.find(separator), line.size());
    cells.push_back(line.substr(0, end));
    if (end == line.size()) return cells;
    line.remove_prefix(end + 1);
  }
}

// The names in scikit-learn's first line "rows,columns,class,class,...": then every record has columns + 1 cells, the class
// last. None are named where the last column is no class.
std::optional<std::vector<std::string>> class_names(const TextLines& lines) {
  const auto head = cells_of(lines.first, ','), record = cells_of(lines.second, ',');
  if (head.size() < 3 || record.size() < 2) return std::nullopt;
  const auto rows = number_in(head[0]), columns = number_in(head[1]);
  if (!rows || !columns || *rows < 1 || *columns != static_cast<double>(record.size() - 1))
    return std::nullopt;
  std::vector<std::string> names;
  for (std::size_t i = 2; i < head.size(); ++i) {
    if (number_in(head[i])) return std::nullopt;
    if (const std::string_view name = without_blanks(head[i]); !name.empty()) names.emplace_back(name);
  }
  return names;
}

// What separates the cells of a line: commas may stand inside cells where there are semicolons or tabs.
char separator_of(std::string_view line) {
  for (const char separator : {';', '\t', ','})
    if (line.find(separator) != std::string_view::npos) return separator;
  return ' ';
}

// Numbers such as 3,5 between semicolons: then a comma is a decimal point.
bool has_decimal_commas(const TextLines& lines) {
  return separator_of(lines.second) == ';' && lines.second.find(',') != std::string_view::npos &&
         lines.second.find('.') == std::string_view::npos;
}

// R's tables name the columns but not the first, which holds the rows' names.
bool lacks_first_name(const TextLines& lines) {
  const char separator = separator_of(lines.second);
  return separator == separator_of(lines.first) && separator != ' ' &&
         cells_of(lines.first, separator).size() + 1 == cells_of(lines.second, separator).size();
}

// Blanks between words, and no other separator.
bool separated_by_blanks(const TextLines& lines) {
  return lines.first.find_first_of(",;") == std::string_view::npos &&
         lines.second.find_first_of(",;") == std::string_view::npos &&
         lines.first.find_first_of(" \t") != std::string_view::npos;
}

// Runs of blanks become one tab, so that columns padded with blanks read as a table; lines keep their numbers.
std::string with_tabs(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  bool quoted = false, blank = false, content = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == ' ' || c == '\t' || c == '\r')) {
      blank = true;
      continue;
    }
    if (c == '\n') {
      blank = content = false;
    } else {
      if (blank && content) result += '\t';
      blank = false, content = true;
    }
    result += c;
  }
  return result;
}

// The text as core's parser reads it: separated by one character, with decimal points and a name for every column.
std::string in_standard_form(std::string text) {
  if (separated_by_blanks(first_lines(text))) text = with_tabs(text);
  const TextLines lines = first_lines(text);
  if (has_decimal_commas(lines)) std::ranges::replace(text, ',', '.');
  if (!lines.second.empty() && lacks_first_name(lines))
    text.insert(static_cast<std::size_t>(lines.first.data() - text.data()), 1, separator_of(lines.first));
  return text;
}

// A column with its first cell, which may be its name.
struct RawColumn {
  std::string first;
  bool first_is_number = false, numbers_below = false;
  FileColumn column;  // all cells, the first included
};

RawColumn read_column(const CsvTable& table, const std::string& index) {
  RawColumn raw;
  std::vector<std::string> cells = table.text_column(index);
  raw.first = cells.front();
  raw.column.numbers.resize(cells.size());
  bool texts_below = false;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::optional<double> number = number_in(cells[i]);
    const bool is_number = number && !std::isnan(*number);
    raw.column.numbers[i] = number.value_or(missing);
    if (i == 0) {
      raw.first_is_number = is_number;
    } else {
      raw.numbers_below = raw.numbers_below || is_number;
      texts_below = texts_below || (!number && !is_missing(cells[i]));
    }
  }
  const bool first_is_text = !raw.first_is_number && !is_missing(raw.first);
  if (texts_below || first_is_text) raw.column.texts = std::move(cells);
  return raw;
}

// Whether the first record names the columns: no cell of it is a number or a missing one above a column of numbers, or
// its cells are the numbers 0, 1, 2, ...
bool has_header(const std::vector<RawColumn>& columns) {
  if (columns.empty() || columns.front().column.numbers.size() < 2) return false;
  bool counted = true, named = false;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    counted = counted && columns[j].first_is_number && columns[j].column.numbers[0] == static_cast<double>(j);
    named = named || (columns[j].numbers_below && !columns[j].first_is_number);
  }
  if (counted) return true;
  return named && std::ranges::none_of(columns, [](const RawColumn& raw) {
           return raw.numbers_below &&
                  (raw.first_is_number || (is_missing(raw.first) && !without_blanks(raw.first).empty()));
         });
}

// The column without its first cell where that is its name; only what is needed of numbers and texts.
FileColumn finished_column(RawColumn raw, bool header) {
  FileColumn column = std::move(raw.column);
  if (header) {
    column.numbers.erase(column.numbers.begin());
    if (!column.texts.empty()) column.texts.erase(column.texts.begin());
  }
  const bool any_text = std::ranges::any_of(
      column.texts, [](const std::string& cell) { return !number_in(cell) && !is_missing(cell); });
  const bool any_number = raw.numbers_below || (!header && raw.first_is_number);
  if (!any_text) column.texts.clear();
  if (any_text && !any_number) column.numbers.clear();
  return column;
}

void name_columns(const std::vector<std::string>& first_cells, bool header,
                  std::vector<FileColumn>& columns) {
  std::map<std::string, int> seen;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    std::string name(header ? without_blanks(first_cells[j]) : std::string_view());
    if (name.empty()) name = fmt::format("c{}", j + 1);
    const int times = ++seen[name];
    columns[j].name = times > 1 ? fmt::format("{}.{}", name, times) : name;
  }
}

}  // namespace

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_missing(std::string_view cell) {
  constexpr std::array<std::string_view, 9> marks = {"",     "na", "n/a",  "#n/a", "nan",
                                                     "-nan", "?",  "null", "none"};
  cell = without_blanks(cell);
  return cell.size() <= 4 && std::ranges::any_of(marks, [&](std::string_view mark) {
           return std::ranges::equal(
               mark, cell, [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
         });
}

std::optional<double> number_in(std::string_view cell) {
  cell = without_blanks(cell);
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

FileColumns read_text_columns(std::string text, const std::string& name) {
  const TextLines lines = first_lines(text);
  const auto classes = class_names(lines);
  if (classes) text[static_cast<std::size_t>(lines.first.data() - text.data())] = '#';
  const CsvTable table = parse_csv(in_standard_form(std::move(text)), name, {.header = false});
  if (table.rows == 0) throw InvalidInput("{}: no rows", name);
  std::vector<RawColumn> raw;
  std::vector<std::string> first_cells;
  for (const std::string& index : table.columns) {
    raw.push_back(read_column(table, index));
    first_cells.push_back(raw.back().first);
  }
  const bool header = has_header(raw);
  FileColumns file;
  for (RawColumn& column : raw) file.columns.push_back(finished_column(std::move(column), header));
  name_columns(first_cells, header, file.columns);
  if (classes && !classes->empty()) file.label = file.columns.back().name, file.groups = *classes;
  return file;
}

}  // namespace lehr::cluster
