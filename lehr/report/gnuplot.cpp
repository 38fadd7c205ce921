#include "lehr/report/gnuplot.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/report/gnuplot_script.hpp"
#include "lehr/report/svg.hpp"

namespace lehr::report {

namespace {

constexpr const char* missing_hint = "figures need gnuplot: apt install gnuplot-nox";

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using TemporaryFile = std::unique_ptr<std::FILE, CloseFile>;  // has no name, vanishes when closed

std::string content_of(std::FILE* file) {
  std::rewind(file);
  std::string content;
  std::array<char, 1 << 16> block;
  while (const std::size_t count = std::fread(block.data(), 1, block.size(), file))
    content.append(block.data(), count);
  return content;
}

// What became of a child process.
struct Outcome {
  int error = 0;  // why it could not start (errno), or 0
  bool timed_out = false;
  bool succeeded = false;
};

Outcome wait_for(pid_t child, std::chrono::seconds time_limit) {
  const auto deadline = std::chrono::steady_clock::now() + time_limit;
  Outcome outcome;
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR) return outcome;
    if (std::chrono::steady_clock::now() > deadline) {
      outcome.timed_out = true;
      kill(child, SIGKILL);
      while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
      }
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  outcome.succeeded = !outcome.timed_out && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return outcome;
}

// Runs gnuplot with the given standard streams, no settings of the user's and a neutral locale.
Outcome run_gnuplot(std::FILE* input, std::FILE* output, std::FILE* errors, std::chrono::seconds time_limit) {
  std::string program = "gnuplot", defaults = "-d", locale = "LC_ALL=C";
  const char* search_path = std::getenv("PATH");
  std::string path = fmt::format("PATH={}", search_path == nullptr ? "" : search_path);
  std::array<char*, 3> arguments{program.data(), defaults.data(), nullptr};
  std::array<char*, 3> environment{path.data(), locale.data(), nullptr};
  posix_spawn_file_actions_t streams;
  posix_spawn_file_actions_init(&streams);
  posix_spawn_file_actions_adddup2(&streams, fileno(input), 0);
  posix_spawn_file_actions_adddup2(&streams, fileno(output), 1);
  posix_spawn_file_actions_adddup2(&streams, fileno(errors), 2);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, program.c_str(), &streams, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&streams);
  if (error != 0) return {error, false, false};
  return wait_for(child, time_limit);
}

// The line of gnuplot's complaint that says what is wrong: the last that is neither empty nor a marker.
std::string complaint(const std::string& errors) {
  std::string last;
  std::size_t start = 0;
  while (start < errors.size()) {
    const std::size_t end = std::min(errors.find('\n', start), errors.size());
    const std::string line = errors.substr(start, end - start);
    if (line.find_first_not_of(" \t^") != line.npos) last = line;
    start = end + 1;
  }
  return last.empty() ? "no reason given" : quote(last, 160);
}

struct Drawing {
  std::string svg;
  std::string hint;
};

Drawing draw(const Figure& figure, std::chrono::seconds time_limit) {
  const auto failed = [&](const std::string& why) {
    return Drawing{"", fmt::format("figure {} could not be drawn: {}", quote(figure.name), why)};
  };
  const TemporaryFile input(std::tmpfile()), output(std::tmpfile()), errors(std::tmpfile());
  if (!input || !output || !errors) return failed(fmt::format("no temporary file: {}", std::strerror(errno)));
  const GnuplotScript script = gnuplot_script(figure);
  if (std::fwrite(script.text.data(), 1, script.text.size(), input.get()) != script.text.size() ||
      std::fflush(input.get()) != 0)
    return failed(fmt::format("temporary file: {}", std::strerror(errno)));
  std::rewind(input.get());
  const Outcome outcome = run_gnuplot(input.get(), output.get(), errors.get(), time_limit);
  if (outcome.error == ENOENT) return {"", missing_hint};
  if (outcome.error != 0) return failed(fmt::format("gnuplot: {}", std::strerror(outcome.error)));
  if (outcome.timed_out) return failed(fmt::format("gnuplot took longer than {} s", time_limit.count()));
  const auto svg = tidy_svg(content_of(output.get()), figure.title, script);
  if (!outcome.succeeded || !svg) return failed("gnuplot: " + complaint(content_of(errors.get())));
  return {*svg, ""};
}

}  // namespace

DrawnFigures draw_figures(const std::vector<Figure>& figures, std::chrono::seconds time_limit) {
  const auto drawings = parallel_map(static_cast<std::int64_t>(figures.size()), [&](std::int64_t i) {
    return draw(figures[static_cast<std::size_t>(i)], time_limit);
  });
  DrawnFigures drawn;
  for (const Drawing& drawing : drawings) {
    drawn.svgs.push_back(drawing.svg);
    const bool known = std::find(drawn.hints.begin(), drawn.hints.end(), drawing.hint) != drawn.hints.end();
    if (!drawing.hint.empty() && !known) drawn.hints.push_back(drawing.hint);
  }
  return drawn;
}

}  // namespace lehr::report
