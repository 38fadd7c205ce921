// Claims on a terminal: one below the other, each with what was expected and what was measured.
#pragma once

#include <string>

#include "lehr/report/cells.hpp"
#include "lehr/report/terminal.hpp"

namespace lehr::report {

// Whether the table's rows are claims: it has the columns claim, verdict and expected.
bool holds_claims(const TextTable& table);

// Its rows as lines: mark, verdict and claim, and below them the other columns by name. Rows of one study (column
// `study`) stand below its name.
std::string claim_lines(const TextTable& table, const TerminalStyle& style);

}  // namespace lehr::report
