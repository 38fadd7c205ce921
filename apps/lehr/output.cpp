#include "apps/lehr/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "lehr/report/terminal.hpp"
#include "lehr/report/write_report.hpp"

namespace lehr::command {
namespace {

report::TerminalStyle style_of_stdout() {
  report::TerminalStyle style;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  winsize size{};
  if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  const char* no_color = std::getenv("NO_COLOR");
  style.color = terminal && (no_color == nullptr || *no_color == '\0');
  return style;
}

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts)};
}

}  // namespace

void print_json(const Report& report) {
  const Json json = report.json.is_null() ? to_json(report) : report.json;
  fmt::print("{}\n", json.dump(1, ' ', false, Json::error_handler_t::replace));
}

void print_report(const Report& report) {
  fmt::print("{}", report::render_terminal(report, style_of_stdout()));
  std::fflush(stdout);
}

void write_and_tell(const Report& report, const std::filesystem::path& folder, const SharedFlags& shared,
                    const std::string& what) {
  const report::WrittenReport written = report::write_report(report, folder, {what, local_time()});
  if (shared.json) return;
  for (const std::string& hint : written.hints) fmt::print("{}\n", hint);
  fmt::print("Report: {}\n", written.page.string());
}

}  // namespace lehr::command
