#include "lehr/report/cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>

#include "lehr/report/paint.hpp"
#include "lehr/report/unicode.hpp"

namespace lehr::report {

namespace {

struct NumberFormat {
  std::string specification;
  bool integral = false;  // a presentation of whole numbers ("d", "x")
};

// [[fill]align][sign]['#']['0'][width]['.' precision][type], as far as it suits numbers; nullopt for anything
// else.
std::optional<NumberFormat> parse_format(std::string_view format) {
  std::string_view rest = format;
  const auto skip_any = [&](std::string_view set, std::size_t limit) {
    std::size_t count = 0;
    while (count < limit && !rest.empty() && set.find(rest.front()) != set.npos)
      rest.remove_prefix(1), ++count;
    return count;
  };
  skip_any("<>^", 1);
  skip_any("+- ", 1);
  skip_any("#", 1);
  skip_any("0123456789", 2);
  const bool has_precision = skip_any(".", 1) == 1;
  if (has_precision && skip_any("0123456789", 2) == 0) return std::nullopt;
  const bool integral =
      !has_precision && !rest.empty() && std::string_view("dxXbo").find(rest.front()) != rest.npos;
  skip_any(integral ? "dxXbo" : "eEfFgGaA", 1);
  if (!rest.empty()) return std::nullopt;
  return NumberFormat{fmt::format("{{:{}}}", format), integral};
}

bool starts_like_a_number(std::string_view text) {
  for (const std::string_view prefix : {"≤", "≥", "≈", "±", "−", "<", ">", "~", "+", "-"})
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
      break;
    }
  while (text.starts_with(' ')) text.remove_prefix(1);
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0;
}

bool looks_numeric(std::string_view text) {
  return text.empty() || text == "-" || text == "–" || text == "—" || text == "nan" || text == "inf" ||
         text == "-inf" || starts_like_a_number(text);
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool is_verdict_column(std::string_view name) { return lower_case(name) == "verdict"; }

std::size_t column_count(const Table& table) {
  std::size_t count = table.columns.size();
  for (const auto& row : table.rows) count = std::max(count, row.size());
  return count;
}

}  // namespace

std::string number_text(double value, std::string_view format) {
  // Counts are told in full: 1000000, not 1e+06.
  if (format.empty() && std::abs(value) < 1e12 && value == std::floor(value))
    return fmt::format("{}", static_cast<std::int64_t>(value));
  const auto parsed = parse_format(format.empty() ? ".6g" : format);
  if (!parsed) return fmt::format("{:.6g}", value);
  const bool whole = std::abs(value) < 9e15 && value == std::floor(value);
  if (!parsed->integral) return fmt::format(fmt::runtime(parsed->specification), value);
  return whole ? fmt::format(fmt::runtime(parsed->specification), static_cast<std::int64_t>(value))
               : fmt::format("{:.6g}", value);
}

std::string cell_text(const Json& cell, std::string_view format) {
  if (cell.is_string()) return clean_line(cell.get_ref<const std::string&>());
  if (cell.is_boolean()) return cell.get<bool>() ? "yes" : "no";
  if (cell.is_number_integer() && (format.empty() || format.back() == 'g')) return cell.dump();
  if (cell.is_number()) return number_text(cell.get<double>(), format);
  if (cell.is_null()) return "";
  return clean_line(cell.dump(-1, ' ', false, Json::error_handler_t::replace));
}

TextTable text_table(const Table& table, std::size_t row_limit) {
  TextTable text{clean_line(table.title), std::vector<TextColumn>(column_count(table)), {}};
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    text.columns[c] = {clean_line(table.columns[c]), false, is_verdict_column(table.columns[c])};
  const std::size_t rows = std::min(row_limit, table.rows.size());
  for (std::size_t r = 0; r < rows; ++r) {
    auto& cells = text.rows.emplace_back(text.columns.size());
    for (std::size_t c = 0; c < table.rows[r].size(); ++c)
      cells[c] = cell_text(table.rows[r][c], c < table.formats.size() ? table.formats[c] : "");
  }
  for (std::size_t c = 0; c < text.columns.size(); ++c) {
    const auto cell_is = [&](auto predicate) {
      return [&, predicate](const std::vector<std::string>& row) { return predicate(row[c]); };
    };
    text.columns[c].numeric = !text.rows.empty() &&
                              std::all_of(text.rows.begin(), text.rows.end(), cell_is(looks_numeric)) &&
                              std::any_of(text.rows.begin(), text.rows.end(), cell_is(starts_like_a_number));
  }
  return text;
}

Verdict verdict_of(std::string_view cell) {
  const std::string word = lower_case(cell.substr(0, 5));
  return word == "holds" ? Verdict::holds : word == "fails" ? Verdict::fails : Verdict::none;
}

std::string with_mark(const std::string& cell, bool unicode) {
  switch (verdict_of(cell)) {
    case Verdict::holds:
      return (unicode ? "✓ " : "+ ") + cell;
    case Verdict::fails:
      return (unicode ? "✗ " : "x ") + cell;
    case Verdict::none:
      break;
  }
  return cell;
}

std::string_view verdict_color(std::string_view cell) {
  const Verdict verdict = verdict_of(cell);
  return verdict == Verdict::holds ? green : verdict == Verdict::fails ? bold_red : "";
}

ClaimCount count_claims(const std::vector<Table>& tables) {
  ClaimCount count;
  for (const Table& table : tables)
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      if (is_verdict_column(table.columns[c]))
        for (const auto& row : table.rows) {
          const Verdict verdict =
              c < row.size() && row[c].is_string() ? verdict_of(row[c].get<std::string>()) : Verdict::none;
          count.holds += verdict == Verdict::holds;
          count.fails += verdict == Verdict::fails;
        }
  return count;
}

}  // namespace lehr::report
