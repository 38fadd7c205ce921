// How reports reach the terminal and the disk.
#pragma once

#include <filesystem>

#include "apps/lehr/arguments.hpp"
#include "lehr/core/report.hpp"

namespace lehr::command {

// Prints a report as one JSON object on the standard output: `report.json`, or the whole report where that is
// null.
void print_json(const Report& report);

// Prints a report for people, in colour and at the terminal's width when the standard output is a terminal.
void print_report(const Report& report);

// Writes report.html, report.json, figures and artifacts below `folder`; says where they are unless JSON was
// asked for. `what` (the command) and the time stand on the page.
void write_and_tell(const Report& report, const std::filesystem::path& folder, const SharedFlags& shared,
                    const std::string& what);

}  // namespace lehr::command
