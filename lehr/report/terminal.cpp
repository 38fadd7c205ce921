#include "lehr/report/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lehr/core/bytes.hpp"
#include "lehr/report/braille.hpp"
#include "lehr/report/cells.hpp"
#include "lehr/report/paint.hpp"
#include "lehr/report/unicode.hpp"

namespace lehr::report {

namespace {

constexpr int widest_plot = 100;
constexpr int plot_rows = 12;

std::string repeated(std::string_view glyph, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += glyph;
  return text;
}

std::string title_lines(const Report& report, const TerminalStyle& style) {
  std::string text;
  int width = 0;
  for (const std::string& line : wrap(clean_line(report.title), style.width)) {
    if (line.empty()) continue;
    text += paint(line, bold, style.color) + '\n';
    width = std::max(width, display_width(line));
  }
  return width == 0 ? "" : text + paint(repeated(style.unicode ? "━" : "=", width), dim, style.color) + '\n';
}

// Metrics in as many columns as fit, filled from top to bottom; names on the left, numbers aligned on the
// right.
std::string metric_lines(const Report& report, const TerminalStyle& style) {
  constexpr std::size_t most_metrics = 24;  // more are a table's business
  if (report.metrics.empty() || report.metrics.size() > most_metrics) return "";
  constexpr int gap = 4;
  std::vector<std::pair<std::string, std::string>> entries;
  int name_width = 0, value_width = 0;
  for (const auto& [name, value] : report.metrics) {
    entries.emplace_back(shorten(clean_line(name), style.width - 20, style.unicode), number_text(value, ""));
    name_width = std::max(name_width, display_width(entries.back().first));
    value_width = std::max(value_width, display_width(entries.back().second));
  }
  const int entry_width = name_width + 2 + value_width;
  const auto count = static_cast<int>(entries.size());
  const int fitting = std::max(1, (style.width + gap) / (entry_width + gap));
  const int columns = std::clamp(fitting, 1, std::max(1, (count + 3) / 4));
  const int rows = (count + columns - 1) / columns;
  std::string text;
  for (int r = 0; r < rows; ++r) {
    for (int i = r; i < count; i += rows) {
      const auto& [name, value] = entries[static_cast<std::size_t>(i)];
      if (i >= rows) text += std::string(gap, ' ');
      text += paint(pad_right(name, name_width), dim, style.color) + "  " + pad_left(value, value_width);
    }
    text += '\n';
  }
  return text;
}

std::string claims_line(const Report& report, const TerminalStyle& style) {
  const ClaimCount claims = count_claims(report.tables);
  const int total = claims.holds + claims.fails;
  if (total == 0) return "";
  if (claims.fails > 0)
    return paint(fmt::format("{}{} of {} claims fail", style.unicode ? "✗ " : "x ", claims.fails, total),
                 bold_red, style.color) +
           '\n';
  const std::string sentence = total == 1 ? "the claim holds" : fmt::format("all {} claims hold", total);
  return paint((style.unicode ? "✓ " : "+ ") + sentence, green, style.color) + '\n';
}

// The first figure that a terminal can show.
std::string plot_lines(const Report& report, const TerminalStyle& style) {
  if (!style.unicode || style.width < 60) return "";
  for (const Figure& figure : report.figures) {
    const std::string plot =
        render_braille(figure, std::min(widest_plot, style.width), plot_rows, style.color);
    if (!plot.empty()) return plot;
  }
  return "";
}

std::string file_name_of(const Artifact& artifact) {
  return clean_line(artifact.extension.empty() ? artifact.name : artifact.name + "." + artifact.extension);
}

// What an artifact is, in at most one line: its text where that is short, otherwise its size or place.
std::string summary_of(const Artifact& artifact, bool unicode) {
  const std::string& content = artifact.content;
  if (content.empty()) return clean_line(artifact.path);
  const auto lines = std::count(content.begin(), content.end(), '\n') + (content.ends_with('\n') ? 0 : 1);
  if (!is_utf8(content)) return fmt::format("{} bytes", content.size());
  if (lines == 1 && content.size() <= 300) {
    const std::string line = content.substr(0, content.find('\n'));
    return unicode ? clean_line(line) : to_ascii(line);
  }
  return fmt::format("{} lines", lines);
}

std::string artifact_lines(const Report& report, const TerminalStyle& style) {
  int name_width = 0;
  for (const Artifact& artifact : report.artifacts)
    name_width = std::max(name_width, display_width(file_name_of(artifact)));
  name_width = std::min(name_width, style.width / 3);
  std::string text;
  for (const Artifact& artifact : report.artifacts) {
    bool first = true;
    for (const std::string& line : wrap(summary_of(artifact, style.unicode), style.width - name_width - 2)) {
      const std::string name = first ? shorten(file_name_of(artifact), name_width, style.unicode) : "";
      text += paint(pad_right(name, name_width), dim, style.color) + "  " + line + '\n';
      first = false;
    }
  }
  return text;
}

std::string note_lines(const Report& report, const TerminalStyle& style) {
  std::string text;
  for (const std::string& note : report.notes) {
    bool first = true;
    for (const std::string& line : wrap(clean_line(note), style.width - 2)) {
      text += first ? paint(style.unicode ? "▸" : "*", yellow, style.color) + " " : "  ";
      text += line + '\n';
      first = false;
    }
  }
  return text;
}

// All but the tables, which see to themselves, and the figures, which ASCII does not show.
Report in_ascii(const Report& report) {
  Report ascii;
  ascii.title = to_ascii(report.title);
  for (const auto& [name, value] : report.metrics) ascii.metric(to_ascii(name), value);
  ascii.tables = report.tables;
  for (const Artifact& artifact : report.artifacts) {
    ascii.artifacts.push_back(
        {to_ascii(artifact.name), to_ascii(artifact.extension), artifact.content, to_ascii(artifact.path)});
  }
  for (const std::string& note : report.notes) ascii.notes.push_back(to_ascii(note));
  return ascii;
}

std::string sections_of(const Report& report, const TerminalStyle& style) {
  std::vector<std::string> sections{title_lines(report, style), metric_lines(report, style)};
  for (const Table& table : report.tables) sections.push_back(render_table(table, style));
  sections.push_back(claims_line(report, style));
  sections.push_back(plot_lines(report, style));
  sections.push_back(artifact_lines(report, style));
  sections.push_back(note_lines(report, style));
  std::string text;
  for (const std::string& section : sections)
    if (!section.empty()) text += (text.empty() ? "" : "\n") + section;
  return text;
}

}  // namespace

std::string render_terminal(const Report& report, const TerminalStyle& given) {
  TerminalStyle style = given;
  style.width = std::max(40, style.width);
  return sections_of(style.unicode ? report : in_ascii(report), style);
}

}  // namespace lehr::report
