#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "lehr/report/cells.hpp"
#include "lehr/report/claim_list.hpp"
#include "lehr/report/paint.hpp"
#include "lehr/report/terminal.hpp"
#include "lehr/report/unicode.hpp"

namespace lehr::report {

namespace {

constexpr int column_gap = 2;
constexpr int narrowest_text = 14;  // text columns are not wrapped more narrowly than this

std::string_view color_of(const TextColumn& column, const std::string& cell) {
  return column.is_verdict ? verdict_color(cell) : "";
}

int total_width(const std::vector<int>& widths) {
  return std::accumulate(widths.begin(), widths.end(), 0) +
         column_gap * (static_cast<int>(widths.size()) - 1);
}

// Lays out one table: chooses the columns' widths, wraps text, and continues below with what is too wide for
// a line.
class TableWriter {
 public:
  TableWriter(TextTable table, const TerminalStyle& style) : table_(std::move(table)), style_(style) {}

  std::string lines() {
    const std::vector<int> widths = fitted_widths();
    std::string text;
    for (const std::vector<std::size_t>& block : blocks(widths)) {
      if (!text.empty()) text += '\n';
      write_block(block, widths, text);
    }
    return text;
  }

 private:
  std::vector<int> fitted_widths() const {
    std::vector<int> widths;
    for (std::size_t c = 0; c < table_.columns.size(); ++c) widths.push_back(natural_width(c));
    while (total_width(widths) > style_.width) {
      int* widest = nullptr;
      for (std::size_t c = 0; c < widths.size(); ++c)
        if (!table_.columns[c].numeric && widths[c] > narrowest_text &&
            (widest == nullptr || widths[c] > *widest))
          widest = &widths[c];
      if (widest == nullptr) break;
      --*widest;
    }
    for (int& width : widths) width = std::min(width, style_.width);
    return widths;
  }

  int natural_width(std::size_t column) const {
    int width = std::max(1, display_width(table_.columns[column].name));
    for (const auto& row : table_.rows) width = std::max(width, display_width(marked(row[column], column)));
    return width;
  }

  std::string marked(const std::string& cell, std::size_t column) const {
    return table_.columns[column].is_verdict ? with_mark(cell, style_.unicode) : cell;
  }

  // The columns of each block that fits the width; every block but the first repeats the first column.
  std::vector<std::vector<std::size_t>> blocks(const std::vector<int>& widths) const {
    std::vector<std::vector<std::size_t>> result;
    int used = 0;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      if (result.empty() || used + column_gap + widths[c] > style_.width) {
        result.emplace_back();
        used = -column_gap;
        if (c > 0 && widths[0] + column_gap + widths[c] <= style_.width) {
          result.back().push_back(0);
          used = widths[0];
        }
      }
      result.back().push_back(c);
      used += column_gap + widths[c];
    }
    return result;
  }

  void write_block(const std::vector<std::size_t>& columns, const std::vector<int>& widths,
                   std::string& text) const {
    std::vector<std::vector<std::string>> header, cells;
    std::string rule;
    for (const std::size_t c : columns) {
      header.push_back(wrap(table_.columns[c].name, widths[c]));
      for (int i = 0; i < widths[c]; ++i) rule += style_.unicode ? "─" : "-";
      if (c != columns.back()) rule += std::string(column_gap, ' ');
    }
    write_row(columns, widths, header, true, text);
    text += paint(rule, dim, style_.color) + '\n';
    for (const auto& row : table_.rows) {
      cells.clear();
      for (const std::size_t c : columns) cells.push_back(cell_lines(row[c], c, widths[c]));
      write_row(columns, widths, cells, false, text);
    }
  }

  std::vector<std::string> cell_lines(const std::string& cell, std::size_t column, int width) const {
    if (table_.columns[column].numeric) return {shorten(cell, width, style_.unicode)};
    auto lines = wrap(marked(cell, column), width);
    constexpr std::size_t most_lines = 6;
    if (lines.size() > most_lines) {
      lines.resize(most_lines);
      lines.back() =
          shorten(lines.back() + std::string(static_cast<std::size_t>(width), ' '), width, style_.unicode);
    }
    return lines;
  }

  void write_row(const std::vector<std::size_t>& columns, const std::vector<int>& widths,
                 const std::vector<std::vector<std::string>>& cells, bool is_header,
                 std::string& text) const {
    std::size_t height = 1;
    for (const auto& lines : cells) height = std::max(height, lines.size());
    for (std::size_t l = 0; l < height; ++l) {
      std::string line;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::size_t c = columns[i];
        const std::size_t first = is_header ? height - cells[i].size() : 0;
        const std::string piece = l >= first && l - first < cells[i].size() ? cells[i][l - first] : "";
        const std::string space(static_cast<std::size_t>(widths[c] - display_width(piece)), ' ');
        const std::string painted = paint(piece, is_header ? bold : cell_color(cells[i], c), style_.color);
        if (i > 0) line += std::string(column_gap, ' ');
        line += table_.columns[c].numeric ? space + painted : painted + space;
      }
      while (line.ends_with(' ')) line.pop_back();
      text += line + '\n';
    }
  }

  // All lines of a wrapped verdict have the colour that its first line tells.
  std::string_view cell_color(const std::vector<std::string>& lines, std::size_t column) const {
    const std::string& first = lines.front();
    const std::size_t space = first.find(' ');
    return space == first.npos ? "" : color_of(table_.columns[column], first.substr(space + 1));
  }

  TextTable table_;
  const TerminalStyle& style_;
};

TextTable in_ascii(TextTable table) {
  table.title = to_ascii(table.title);
  for (TextColumn& column : table.columns) column.name = to_ascii(column.name);
  for (auto& row : table.rows)
    for (std::string& cell : row) cell = to_ascii(cell);
  return table;
}

}  // namespace

std::string render_table(const Table& table, const TerminalStyle& given) {
  TerminalStyle style = given;
  style.width = std::max(40, style.width);
  const auto limit = static_cast<std::size_t>(std::max(1, style.row_limit));
  TextTable shown = text_table(table, limit);
  if (!style.unicode) shown = in_ascii(std::move(shown));
  std::string text;
  for (const std::string& line : wrap(shown.title, style.width))
    if (!line.empty()) text += paint(line, bold, style.color) + '\n';
  if (shown.columns.empty()) return text;
  text += holds_claims(shown) ? claim_lines(shown, style) : TableWriter(std::move(shown), style).lines();
  if (table.rows.size() > limit)
    text += paint(fmt::format("{} {} more rows", style.unicode ? "…" : "...", table.rows.size() - limit), dim,
                  style.color) +
            '\n';
  return text;
}

}  // namespace lehr::report
