// What the parts of one run share: the study, the store, the run folder and the news for progress lines.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>

#include "lehr/store/store.hpp"
#include "lehr/study/run_study.hpp"

namespace lehr::study {

struct RunContext {
  const Study& study;
  const Tasks& tasks;
  const RunSettings& settings;
  store::Store& store;
  std::int64_t run = 0;               // the run's number in the store
  std::filesystem::path folder;       // absolute
  std::atomic<bool> aborted = false;  // an error ends the run: the other workers start nothing new
  std::mutex telling = {};
  std::int64_t done = 0, total = 0;  // cells, as last counted

  bool interrupted() const {
    return settings.interrupted != nullptr && settings.interrupted->load(std::memory_order_relaxed);
  }
  bool stopping() const { return aborted.load(std::memory_order_relaxed) || interrupted(); }
  // Counts the cells that are done or failed by now.
  void count_cells();
  // Hands news to the progress callback, with the counts filled in where they are 0.
  void tell(Progress news);
};

// Makes a folder and those above it; throws IoError.
void make_folder(const std::filesystem::path& folder);

// Thrown inside a run when Ctrl-C ended a computation early.
struct Interrupted {};

// Runs `work` in `jobs` threads (0: as many as lehr::threads()); when it throws, the first error goes on to
// the caller after all have ended.
void run_workers(int jobs, RunContext& context, const std::function<void()>& work);

}  // namespace lehr::study
