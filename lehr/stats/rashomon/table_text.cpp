#include "lehr/stats/rashomon/table_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The first line with content that is no comment, and where the text after it begins.
std::pair<std::string_view, std::size_t> first_line(std::string_view text) {
  std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = without_blanks(text.substr(at, end - at));
    if (!line.empty() && line.front() != '#') return {line, std::min(end + 1, text.size())};
    at = end + 1;
  }
  return {{}, text.size()};
}

char separator_of(std::string_view line) {
  std::array<std::size_t, 3> counts{};
  constexpr std::string_view separators = ",;\t";
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (const auto which = separators.find(c); !quoted && which != std::string_view::npos) ++counts[which];
  }
  const auto most = std::ranges::max_element(counts);
  return *most > 0 ? separators[static_cast<std::size_t>(most - counts.begin())] : ' ';
}

// The text with runs of blanks as tabs.
std::string with_tabs(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    bool gap = false;
    for (const char c : without_blanks(text.substr(at, end - at))) {
      if (c == ' ') {
        gap = true;
        continue;
      }
      if (std::exchange(gap, false)) out += '\t';
      out += c;
    }
    out += '\n';
    at = end + 1;
  }
  return out;
}

// scikit-learn's own files begin with "records,features,names of the classes"; then come so many lines of features + 1 cells,
// perhaps after a line of names.
bool is_scikit_learn_header(std::string_view line, std::string_view rest) {
  std::int64_t records = 0, features = 0;
  const char* const end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, records);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ',') return false;
  const auto second = std::from_chars(first.ptr + 1, end, features);
  if (second.ec != std::errc{} || (second.ptr != end && *second.ptr != ',')) return false;
  if (std::ranges::count(first_line(rest).first, ',') != features) return false;
  std::int64_t lines = 0;
  while (!rest.empty()) {
    const auto [next, after] = first_line(rest);
    lines += !next.empty();
    rest.remove_prefix(after);
  }
  return lines == records || lines == records + 1;
}

// pandas names columns without names 0, 1, 2, ...
bool names_count_up(const std::vector<std::string>& first_row) {
  std::int64_t expected = -1;
  for (const std::string& cell : first_row) {
    const auto number = cell_number(cell);
    if (!number) continue;
    if (expected < 0 && *number != 0 && *number != 1) return false;
    if (expected >= 0 && *number != static_cast<double>(expected)) return false;
    expected = static_cast<std::int64_t>(*number) + 1;
  }
  return expected > 2;
}

// Whether the first row holds data: a number where names do not count up, or only cells that occur again below.
bool first_row_is_data(const std::vector<std::vector<std::string>>& cells) {
  std::vector<std::string> first_row;
  for (const auto& column : cells) first_row.push_back(column.front());
  const bool has_number =
      std::ranges::any_of(first_row, [](const auto& c) { return cell_number(c).has_value(); });
  if (has_number) return !names_count_up(first_row);
  return std::ranges::all_of(cells, [](const auto& column) {
    return std::find(column.begin() + 1, column.end(), column.front()) != column.end();
  });
}

void name_numbered_columns(TextTable& table) {
  for (std::size_t k = 1; k <= table.cells.size(); ++k) table.names.push_back("x" + std::to_string(k));
}

void take_names(TextTable& table) {
  std::set<std::string> seen;
  for (auto& column : table.cells) {
    std::string name = column.front().empty() ? "unnamed" : column.front();
    if (seen.contains(name)) {
      int copy = 2;
      while (seen.contains(name + "_" + std::to_string(copy))) ++copy;
      table.notes.push_back(fmt::format("A second column {} is called {}_{}.", quote(name), name, copy));
      name += "_" + std::to_string(copy);
    }
    seen.insert(name);
    table.names.push_back(std::move(name));
    column.erase(column.begin());
  }
}

}  // namespace

bool is_missing(std::string_view cell) {
  static constexpr std::array<std::string_view, 9> words = {"",    "?",   "NA",   "N/A", "#N/A",
                                                            "NaN", "nan", "NULL", "null"};
  return std::ranges::find(words, cell) != words.end();
}

std::optional<double> cell_number(std::string_view cell, bool decimal_comma) {
  std::string with_point;
  if (decimal_comma && std::ranges::count(cell, ',') == 1 && cell.find('.') == std::string_view::npos) {
    with_point = cell;
    std::ranges::replace(with_point, ',', '.');
    cell = with_point;
  }
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

TextTable parse_table_text(std::string_view text, std::string_view name) {
  TextTable table;
  const auto [line, after] = first_line(text);
  if (line.empty()) throw InvalidInput("{}: the file has no records", name);
  const char separator = separator_of(line);
  table.decimal_comma = separator != ',';
  if (is_scikit_learn_header(line, text.substr(after))) text = text.substr(after);
  const CsvOptions options{.separator = separator == ' ' ? '\t' : separator, .header = false};
  const CsvTable csv =
      separator == ' ' ? parse_csv(with_tabs(text), name, options) : parse_csv(text, name, options);
  if (csv.rows < 2) throw InvalidInput("{}: expected a header and records, found {} line", name, csv.rows);
  for (const std::string& column : csv.columns) {
    auto& cells = table.cells.emplace_back(csv.text_column(column));
    for (std::string& cell : cells) cell = without_blanks(cell);
  }
  if (first_row_is_data(table.cells)) {
    name_numbered_columns(table);
    table.notes.push_back(
        fmt::format("The file has no names of columns: they are called x1 to x{}.", table.cells.size()));
  } else {
    take_names(table);
  }
  return table;
}

}  // namespace lehr::stats
