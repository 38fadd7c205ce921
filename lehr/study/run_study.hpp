// Runs a study's cells (arm x seed) and keeps everything in the run folder:
//
//   OUT/SLUG/store.sqlite          cells, metrics, traces, trials, artifacts, reports
//   OUT/SLUG/ARM/SEED/             checkpoints and artifact files of the cell
//
// Arms run in the order of their references ("@arm/artifact", "@search"); cells that do not depend on each
// other run in parallel, also in several processes on one folder. The results depend on the study alone: not
// on the number of jobs, nor on where a run was stopped and resumed.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lehr/core/task.hpp"
#include "lehr/study/study.hpp"

namespace lehr::study {

// What happened, for progress lines. Called by one thread at a time.
struct Progress {
  enum class Event {
    started,
    cell_started,
    cell_advanced,
    cell_done,
    cell_failed,
    trial_done,
    waiting,
    finished
  };
  Event event = Event::started;
  std::string arm = {};      // of the cell; "@search" for trials
  std::uint64_t seed = 0;    // of the cell; the trial's number for trials
  double share = 0;          // cell_advanced: progress of the cell in [0, 1]
  std::int64_t done = 0;     // cells done or failed so far, by whomever; trials for trial_done
  std::int64_t total = 0;    // cells in all; trials for trial_done
  std::string message = {};  // cell_failed: why; trial_done: best objective so far
};

struct RunSettings {
  std::filesystem::path out = "runs";  // the run folder is out / study.slug
  bool resume = false;   // go on with the run in the folder (or join the processes at work on it)
  bool restart = false;  // throw an unfinished run in the folder away; a finished one is always replaced
  int jobs = 1;          // cells at a time, 0: as many as there are threads
  bool traces = true;    // keep traces of the measured rows in the store
  const std::atomic<bool>* interrupted = nullptr;  // interruption_flag(): stop cleanly, everything is saved
  std::function<void(const Progress&)> progress = {};
};

struct Failure {
  std::string arm;
  std::uint64_t seed = 0;
  std::string message;
};

struct RunOutcome {
  std::filesystem::path folder;
  std::filesystem::path store;
  std::int64_t cells = 0, done = 0, failed = 0;
  bool interrupted = false;
  std::vector<Failure> failures = {};  // cells that ended in a NumericalFailure or need one that did
};

// Throws InvalidInput (study, options, references, a study that changed since the run began) and IoError.
RunOutcome run_study(const Study& study, const Tasks& tasks, const RunSettings& settings);

// The store file of a run folder.
std::filesystem::path store_file(const std::filesystem::path& run_folder);

}  // namespace lehr::study
