// A report as files: report.html (one self-contained page), report.json, figures/*.svg and artifacts/*.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lehr/core/report.hpp"

namespace lehr::report {

// What the page's header says about the run; the caller knows the clock and the command.
struct Origin {
  std::string what;  // e.g. the command line
  std::string when;  // e.g. "2024-03-01 12:30"
};

struct WrittenReport {
  std::filesystem::path page, json;
  std::vector<std::filesystem::path> figures;    // of those that could be drawn
  std::vector<std::filesystem::path> artifacts;  // one per artifact: written here, or where it already was
  std::vector<std::string> hints;                // why figures are missing, each reason once
};

// Writes into `folder`, which is made when it is missing; files of the same names are replaced, each
// atomically. Figures that cannot be drawn cost a hint. Throws IoError when a file cannot be written.
WrittenReport write_report(const Report& report, const std::filesystem::path& folder,
                           const Origin& origin = {});

}  // namespace lehr::report
