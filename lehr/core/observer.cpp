#include "lehr/core/observer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <limits>
#include <memory>
#include <utility>

#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

using Clock = std::chrono::steady_clock;

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

// `label [#####-----]  42 %`
std::string bar(const std::string& label, double share) {
  constexpr std::size_t width = 24;
  const auto filled = static_cast<std::size_t>(share * width);
  return fmt::format("{} [{}{}] {:3.0f} %", label, std::string(filled, '#'), std::string(width - filled, '-'),
                     100 * share);
}

std::string bar_line(const std::string& label, const Moment& now, const Row& row, double seconds) {
  std::string line = bar(label, now.progress);
  line += now.steps > 0 ? fmt::format("  step {}/{}", now.step + 1, now.steps)
                        : fmt::format("  step {}", now.step + 1);
  std::size_t shown = 0;
  for (const auto& [name, value] : row.entries())
    if (name != "step" && ++shown <= 2) line += fmt::format("  {} {:.4g}", name, value);
  if (now.progress > 0.001) line += "  " + duration_text(seconds * (1 / now.progress - 1)) + " left";
  return line;
}

std::atomic<bool> interrupted{false};

extern "C" void on_signal(int signal) {
  if (interrupted.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

Observer progress_bar(std::string label) {
  if (isatty(STDERR_FILENO) == 0)
    return {[](const Moment&, const Row&) { return std::numeric_limits<std::int64_t>::max() - 1; }, {}};
  struct Display {
    Clock::time_point start = Clock::now(), drawn;
    std::int64_t first_step = -1, stride = 1;
  };
  auto display = std::make_shared<Display>();
  const auto draw = [label = std::move(label), display](const Moment& now, const Row& row) {
    const auto time = Clock::now();
    const double since = std::chrono::duration<double>(time - display->drawn).count();
    const std::int64_t stride = display->stride;
    if (since < 0.05) {
      display->stride = std::min<std::int64_t>(stride * 2, 1 << 20);
    } else {
      if (since > 0.2) display->stride = std::max<std::int64_t>(1, stride / 2);
      display->drawn = time;
      const double seconds = std::chrono::duration<double>(time - display->start).count();
      fmt::print(stderr, "\r{}\x1b[K", bar_line(label, now, row, seconds));
      std::fflush(stderr);
    }
    return now.step + display->stride;
  };
  return {draw, [] { fmt::print(stderr, "\r\x1b[K"); }};
}

LoadProgress loading_bar(std::string label) {
  if (isatty(STDERR_FILENO) == 0) return {};
  constexpr double moment = 0.2;  // seconds
  struct Display {
    Clock::time_point start, drawn;
    bool shown = false;
  };
  return [label = std::move(label), display = std::make_shared<Display>()](
             std::string_view file, std::uint64_t done, std::uint64_t total) {
    const auto time = Clock::now();
    const auto since = [&](Clock::time_point then) {
      return std::chrono::duration<double>(time - then).count();
    };
    if (done == 0) *display = {time, time, false};
    if (done < total && since(display->start) > moment && since(display->drawn) > 0.1) {
      const double share = static_cast<double>(done) / static_cast<double>(total);
      fmt::print(stderr, "\r{}  reading {}\x1b[K", bar(label, share), file);
      std::fflush(stderr);
      display->drawn = time, display->shown = true;
    } else if (done == total && std::exchange(display->shown, false)) {
      fmt::print(stderr, "\r\x1b[K");
    }
  };
}

Observer trace(std::function<void(const Moment&, const Row&)> write, std::int64_t every) {
  if (every < 1) throw InvalidInput("trace: every must be at least 1, found {}", every);
  const auto see = [write = std::move(write), every](const Moment& now, const Row& row) {
    if ((now.step + 1) % every == 0) write(now, row);
    return now.step + every - (now.step + 1) % every;
  };
  return {see, {}};
}

Observer early_stop(std::string metric, std::int64_t patience, double min_change) {
  struct Best {
    double value = std::numeric_limits<double>::infinity();
    std::int64_t rows_since = 0;
  };
  auto best = std::make_shared<Best>();
  const auto see = [metric = std::move(metric), patience, min_change, best](const Moment& now,
                                                                            const Row& row) {
    const auto value = row.find(metric);
    if (!value) return now.step + 1;
    if (*value < best->value - min_change) {
      *best = {*value, 0};
    } else if (++best->rows_since >= patience) {
      return Observer::stop_run;
    }
    return now.step + 1;
  };
  return {see, {}};
}

const std::atomic<bool>* interruption_flag() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  return &interrupted;
}

}  // namespace lehr
