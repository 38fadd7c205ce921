#include "lehr/tour/tsplib_matrix.hpp"

#include <algorithm>

namespace lehr::tour {

namespace {

// Row i of the file holds the columns [from(i), to(i)); columns of one triangle are rows of the other.
struct TableFormat {
  const char* name;
  enum class Part { full, upper, lower } part;
  bool diagonal;

  std::int64_t from(std::int64_t i) const { return part == Part::upper ? i + (diagonal ? 0 : 1) : 0; }
  std::int64_t to(std::int64_t i, std::int64_t n) const {
    return part == Part::lower ? i + (diagonal ? 1 : 0) : n;
  }
  std::int64_t entries(std::int64_t n) const {
    return part == Part::full ? n * n : diagonal ? n * (n + 1) / 2 : n * (n - 1) / 2;
  }
};

using Part = TableFormat::Part;
constexpr TableFormat table_formats[] = {
    {"FULL_MATRIX", Part::full, true},     {"UPPER_ROW", Part::upper, false},
    {"LOWER_ROW", Part::lower, false},     {"UPPER_DIAG_ROW", Part::upper, true},
    {"LOWER_DIAG_ROW", Part::lower, true}, {"UPPER_COL", Part::lower, false},
    {"LOWER_COL", Part::upper, false},     {"UPPER_DIAG_COL", Part::lower, true},
    {"LOWER_DIAG_COL", Part::upper, true}};

const TableFormat& find_format(const TsplibText& text, const TsplibText::Entry* entry) {
  std::vector<std::string> names;
  for (const TableFormat& format : table_formats) names.emplace_back(format.name);
  if (!entry)
    throw InvalidInput("{}: EDGE_WEIGHT_FORMAT is missing; allowed are {}", text.file,
                       fmt::join(names, ", "));
  const std::string wanted = upper_case(entry->value.substr(0, entry->value.find_first_of(" \t")));
  for (const TableFormat& format : table_formats)
    if (wanted == format.name) return format;
  text.refuse_at(entry->line, "EDGE_WEIGHT_FORMAT {} is not supported; allowed are {}", quote(wanted),
                 fmt::join(names, ", "));
}

}  // namespace

std::vector<double> read_matrix(const TsplibText& text, const TsplibText::Section& section,
                                const TsplibText::Entry* entry, std::int64_t n, bool asymmetric) {
  const TableFormat& format = find_format(text, entry);
  if (asymmetric && format.part != Part::full)
    text.refuse_at(entry->line, "TYPE ATSP needs EDGE_WEIGHT_FORMAT FULL_MATRIX, found {}", format.name);
  std::int64_t found = 0;
  for (LineWords words = text.lines(section); words.any_word();) ++found;
  if (found != format.entries(n))
    text.refuse_at(section.line, "EDGE_WEIGHT_SECTION has {} entries, {} of {} cities has {}", found,
                   format.name, n, format.entries(n));
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> table(size * size, 0.0);
  LineWords words = text.lines(section);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = format.from(i); j < format.to(i, n); ++j) {
      const double d = words.finite(*words.any_word(), "a distance");
      if (i == j) continue;
      if (d < 0)
        words.refuse("the distance from city {} to city {} is {}; allowed are numbers of at least 0", i + 1,
                     j + 1, d);
      table[static_cast<std::size_t>(i) * size + static_cast<std::size_t>(j)] = d;
      if (format.part != Part::full)
        table[static_cast<std::size_t>(j) * size + static_cast<std::size_t>(i)] = d;
    }
  return table;
}

}  // namespace lehr::tour
