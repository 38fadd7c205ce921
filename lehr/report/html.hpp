// A report as one HTML page that needs nothing else: style, script and figures are inline, nothing is
// fetched.
//
// All text of the report is escaped; the page's content security policy forbids everything but what is
// inline. Without JavaScript everything can be read; with it tables sort, code can be copied, figures tell
// coordinates and zoom.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/report.hpp"

namespace lehr::report {

// What the page shows besides the report itself.
struct Page {
  std::string what;                  // what produced it, e.g. the command line
  std::string when;                  // as it is to be read
  std::vector<std::string> figures;  // an SVG of draw_figures per figure, "" where there is none
  std::vector<std::string>
      artifact_paths;     // where each artifact lies, relative to the page or absolute; "" if nowhere
  std::string json_path;  // of the report as JSON; "" if there is none
  std::vector<std::string> hints;  // what else the reader should know, shown with the notes
};

std::string render_html(const Report& report, const Page& page);

}  // namespace lehr::report
