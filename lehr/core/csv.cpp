#include "lehr/core/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/inflate.hpp"
#include "lehr/core/number_text.hpp"

namespace lehr {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kLongestRecord = 1 << 20;
constexpr std::uint64_t kLargestText = std::uint64_t{1} << 39;
constexpr std::uint64_t kLargestUnpacked = std::uint64_t{1} << 32;

std::size_t line_at(std::string_view text, std::size_t offset) {
  return 1 + static_cast<std::size_t>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct Parsed {
  double value = 0;
  std::errc error{};
};

Parsed parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  Parsed parsed;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed.value);
  parsed.error =
      error == std::errc{} && end != text.data() + text.size() ? std::errc::invalid_argument : error;
  return parsed;
}

bool is_number(std::string_view text) { return parse_number(trimmed(text)).error == std::errc{}; }
bool is_index(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

// One pass over the table's text that fills its columns and cells.
class CsvParser {
 public:
  static CsvTable parse(std::string text, std::string_view name, const CsvOptions& options) {
    CsvTable table;
    table.name_ = name;
    table.text_ = std::move(text);
    CsvParser(table, options).read();
    return table;
  }

 private:
  CsvParser(CsvTable& table, const CsvOptions& options)
      : table_(table), text_(table.text_), options_(options), separator_(options.separator) {}

  void read();
  void skip_to_header();
  void detect_separator();
  void read_header();
  void name_columns(const std::vector<std::string>& names);
  bool skip_blank_lines();
  std::size_t read_record();
  CsvTable::Cell read_cell();
  CsvTable::Cell read_quoted_cell();
  CsvTable::Cell make_cell(std::size_t begin, std::size_t end, bool has_doubled_quotes) const;

  bool at_line_end() const {
    return at_ == text_.size() || text_[at_] == '\n' ||
           (text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n'));
  }
  void skip_line_end() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size()) ++at_;
  }
  template <class... Args>
  [[noreturn]] void refuse(std::size_t offset, fmt::format_string<Args...> format, Args&&... args) const {
    throw InvalidInput("{}:{}: {}", table_.name_, line_at(text_, offset),
                       fmt::format(format, std::forward<Args>(args)...));
  }

  CsvTable& table_;
  std::string_view text_;
  const CsvOptions& options_;
  char separator_;
  std::size_t at_ = 0;
  std::size_t record_ = 0;  // where the current record starts
};

void CsvParser::read() {
  if (text_.size() > kLargestText) throw InvalidInput("{}: larger than {} bytes", table_.name_, kLargestText);
  if (const auto nul = text_.find('\0'); nul != std::string_view::npos)
    refuse(nul, "a NUL byte at byte {}: not a text file in UTF-8", nul);
  skip_to_header();
  if (separator_ == '\0') detect_separator();
  if (options_.header) read_header();
  while (skip_blank_lines()) {
    const std::size_t count = read_record();
    if (table_.columns.empty()) {
      for (std::size_t i = 0; i < count; ++i) table_.columns.push_back(std::to_string(i));
    } else if (count != table_.columns.size()) {
      refuse(record_, "expected {} fields as in the {}, found {}", table_.columns.size(),
             options_.header ? "header" : "first row", count);
    }
    ++table_.rows;
  }
}

void CsvParser::skip_to_header() {
  if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  while (skip_blank_lines() && text_[at_] == '#') at_ = std::min(text_.find('\n', at_), text_.size());
  if (at_ == text_.size() && options_.header)
    refuse(at_, "expected a header with the columns' names, the file ends");
}

void CsvParser::detect_separator() {
  std::array<std::size_t, 3> counts{};
  constexpr std::string_view kSeparators = ",;\t";
  bool quoted = false;
  for (std::size_t i = at_; i < text_.size() && (quoted || text_[i] != '\n'); ++i) {
    if (text_[i] == '"')
      quoted = !quoted;
    else if (const auto which = kSeparators.find(text_[i]); !quoted && which != std::string_view::npos)
      ++counts[which];
  }
  separator_ =
      kSeparators[static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin())];
}

void CsvParser::read_header() {
  read_record();
  std::vector<std::string> names;
  for (const CsvTable::Cell& cell : table_.cells_) names.emplace_back(trimmed(table_.text(cell)));
  table_.cells_.clear();
  if (std::all_of(names.begin(), names.end(), is_number) &&
      !std::all_of(names.begin(), names.end(), is_index))
    refuse(record_, "expected a header with the columns' names, found numbers only ({})",
           quote(names.front()));
  name_columns(names);
}

void CsvParser::name_columns(const std::vector<std::string>& names) {
  std::set<std::string_view> seen;
  for (const std::string& name : names)
    if (!seen.insert(name).second) refuse(record_, "column {} appears twice in the header", quote(name));
  table_.columns = names;
}

// Moves to the next line with content; false when there is none.
bool CsvParser::skip_blank_lines() {
  while (at_ < text_.size() && at_line_end()) skip_line_end();
  return at_ < text_.size();
}

// Appends the cells of the record that starts here and goes to the next line; returns how many cells it has.
std::size_t CsvParser::read_record() {
  record_ = at_;
  std::size_t count = 0;
  while (true) {
    table_.cells_.push_back(at_ < text_.size() && text_[at_] == '"' ? read_quoted_cell() : read_cell());
    ++count;
    if (at_line_end()) break;
    ++at_;  // the separator
  }
  if (at_ - record_ > kLongestRecord) refuse(record_, "the line is longer than {} bytes", kLongestRecord);
  skip_line_end();
  return count;
}

CsvTable::Cell CsvParser::read_cell() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n') ++at_;
  const bool separated = at_ < text_.size() && text_[at_] == separator_;
  if (at_ > begin && !separated && text_[at_ - 1] == '\r') --at_;
  return make_cell(begin, at_, false);
}

CsvTable::Cell CsvParser::read_quoted_cell() {
  const std::size_t begin = ++at_;
  bool has_doubled_quotes = false;
  while (true) {
    const std::size_t closing = text_.find('"', at_);
    if (closing == std::string_view::npos) refuse(begin - 1, "the quote that opens here is never closed");
    at_ = closing + 1;
    if (at_ == text_.size() || text_[at_] != '"') break;
    has_doubled_quotes = true;
    ++at_;
  }
  const CsvTable::Cell cell = make_cell(begin, at_ - 1, has_doubled_quotes);
  if (!at_line_end() && text_[at_] != separator_)
    refuse(at_, "expected a separator after a quoted cell, found {}", quote(text_.substr(at_, 1)));
  return cell;
}

CsvTable::Cell CsvParser::make_cell(std::size_t begin, std::size_t end, bool has_doubled_quotes) const {
  if (end - begin > kLongestRecord)
    refuse(begin, "the line is longer than {} bytes (or a quote is not closed)", kLongestRecord);
  CsvTable::Cell cell{};
  cell.begin = begin & ((std::uint64_t{1} << 40) - 1);
  cell.length = (end - begin) & ((std::uint64_t{1} << 23) - 1);
  cell.has_doubled_quotes = has_doubled_quotes ? 1 : 0;
  return cell;
}

bool CsvTable::has_column(std::string_view name) const {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

std::size_t CsvTable::index_of(std::string_view name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end())
    throw InvalidInput("{}: no column {}{}", name_, quote(name), hint(name, columns));
  return static_cast<std::size_t>(found - columns.begin());
}

std::string CsvTable::text(const Cell& cell) const {
  const std::string_view raw_text = raw(cell);
  if (cell.has_doubled_quotes == 0) return std::string(raw_text);
  std::string result;
  for (std::size_t i = 0; i < raw_text.size(); ++i) {
    result += raw_text[i];
    if (raw_text[i] == '"') ++i;
  }
  return result;
}

double CsvTable::number(const Cell& cell, std::size_t column, MissingCells missing) const {
  const std::string_view content = trimmed(raw(cell));
  const bool is_missing = content.empty() || content == "NA";
  if (is_missing && missing == MissingCells::nan) return std::numeric_limits<double>::quiet_NaN();
  const Parsed parsed = parse_number(content);
  if (parsed.error == std::errc{}) return parsed.value;
  throw InvalidInput("{}:{}: column {}: expected a number{}, found {}", name_, line_at(text_, cell.begin),
                     quote(columns[column]),
                     parsed.error == std::errc::result_out_of_range ? " in the range of doubles" : "",
                     content.empty() ? "an empty cell" : quote(content));
}

std::vector<double> CsvTable::number_column(std::string_view name, MissingCells missing) const {
  const std::size_t column = index_of(name);
  std::vector<double> values(rows);
  for (std::size_t row = 0; row < rows; ++row) values[row] = number(cell(row, column), column, missing);
  return values;
}

std::vector<std::string> CsvTable::text_column(std::string_view name) const {
  const std::size_t column = index_of(name);
  std::vector<std::string> values(rows);
  for (std::size_t row = 0; row < rows; ++row) values[row] = text(cell(row, column));
  return values;
}

CsvTable parse_csv(std::string_view text, std::string_view name, const CsvOptions& options) {
  return CsvParser::parse(std::string(text), name, options);
}

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  const MappedFile file(path);
  if (is_gzip(file.text()))
    return CsvParser::parse(gunzip(file.text(), kLargestUnpacked, path.native()), path.native(), options);
  return parse_csv(file.text(), path.native(), options);
}

namespace {

void append_text(std::string& line, std::string_view text) {
  const bool needs_quotes = text.empty() || text.find_first_of(",;\t\"\r\n#") != std::string_view::npos ||
                            text != trimmed(text) || text.starts_with(kByteOrderMark);
  if (!needs_quotes) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

std::size_t length_of(const CsvColumn& column) {
  return std::visit([](const auto& cells) { return cells.size(); }, column.cells);
}

}  // namespace

std::string csv_text(std::span<const CsvColumn> columns) {
  std::string text;
  for (const CsvColumn& column : columns) {
    if (length_of(column) != length_of(columns.front()))
      throw InvalidInput("csv: column {} has {} rows, column {} has {}", quote(column.name),
                         length_of(column), quote(columns.front().name), length_of(columns.front()));
    if (&column != columns.data()) text += ',';
    append_text(text, column.name);
  }
  text += '\n';
  const std::size_t rows = columns.empty() ? 0 : length_of(columns.front());
  for (std::size_t row = 0; row < rows; ++row) {
    for (const CsvColumn& column : columns) {
      if (&column != columns.data()) text += ',';
      if (const auto* numbers = std::get_if<std::vector<double>>(&column.cells))
        append_number(text, (*numbers)[row]);
      else
        append_text(text, std::get<std::vector<std::string>>(column.cells)[row]);
    }
    text += '\n';
  }
  return text;
}

void write_csv(const std::filesystem::path& path, std::span<const CsvColumn> columns) {
  write_file_atomically(path, csv_text(columns));
}

}  // namespace lehr
