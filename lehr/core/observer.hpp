// Observers see rows of measurements while `drive` runs a method: progress bar, trace writer, early stop,
// live view.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"

namespace lehr {

// `see` receives the row measured after step `now.step` and returns the step after which it wants to see the
// next one (now.step + 1 for every row), or `Observer::stop_run` to end the run. `end` is called once,
// however the run ended.
struct Observer {
  static constexpr std::int64_t stop_run = -1;
  std::function<std::int64_t(const Moment& now, const Row& row)> see;
  std::function<void()> end;
};

// Where and how often `drive` saves the state; an empty path saves nothing. With `resume`, an existing file
// at `path` is where the run goes on. The file is written atomically, also when the run is interrupted.
struct Checkpoints {
  std::filesystem::path path;
  double every_seconds = 30;
  std::int64_t every_steps = 0;  // 0: by time only
  bool resume = true;
  // What decides the run's course, as a JSON object: a checkpoint of other options is refused. Empty: not compared.
  std::string options = {};
};

// Told how far the reading of a file has come, in bytes.
using LoadProgress = std::function<void(std::string_view file, std::uint64_t done, std::uint64_t total)>;

struct Observers {
  std::vector<Observer> list;
  Checkpoints checkpoints;
  const std::atomic<bool>* interrupted = nullptr;  // set by Ctrl-C: the run ends after the step in progress
};

// Draws `label [#####-----] 42 %  step 420/1000  loss 3.21  00:12 left` on the standard error stream at most
// ten times a second; does nothing when that is not a terminal.
Observer progress_bar(std::string label);

// The same for what is read before a run: `label [####------] 42 %  FILE`, gone when done == total. Only files that
// take longer than a moment show at all.
LoadProgress loading_bar(std::string label);

// Calls `write` with every `every`-th row.
Observer trace(std::function<void(const Moment&, const Row&)> write, std::int64_t every = 1);

// Ends the run when `metric` has not fallen by more than `min_change` for `patience` rows.
Observer early_stop(std::string metric, std::int64_t patience, double min_change = 0);

// Installs a SIGINT/SIGTERM handler that sets the returned flag; a second signal ends the process at once.
const std::atomic<bool>* interruption_flag();

}  // namespace lehr
