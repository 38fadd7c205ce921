// A report for the terminal: title, metrics, tables, one plot in braille dots, artifacts and notes.
#pragma once

#include <string>

#include "lehr/core/report.hpp"

namespace lehr::report {

// How to write. Whether colour and Unicode suit the terminal is for the caller to know (isatty, NO_COLOR, the
// locale).
struct TerminalStyle {
  int width = 80;       // columns; at least 40 are used
  bool color = false;   // ANSI colours and bold
  bool unicode = true;  // rules, marks and the plot; ASCII only: no plot
  int row_limit = 40;   // of each table; how many rows were left out is said
};

// The report as lines of at most `style.width` columns. Nothing in the report can send escapes to the
// terminal: control characters come out as U+FFFD ("?" in ASCII).
std::string render_terminal(const Report& report, const TerminalStyle& style = {});

// One table of it.
std::string render_table(const Table& table, const TerminalStyle& style = {});

}  // namespace lehr::report
