// A task is what a user asks for: `module.verb` in a study, `lehr MODULE VERB` on the command line. Options
// in, report out. Studies, the store and the command know tasks by this interface alone.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lehr/core/observer.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/random.hpp"
#include "lehr/core/report.hpp"

namespace lehr {

// What a run of a task gets besides its options.
struct TaskContext {
  Seed seed;
  std::filesystem::path
      base;  // relative paths in options start here (a study's folder; empty: the working folder)
  std::filesystem::path directory;  // for checkpoints and large artifacts; empty: keep nothing on disk
  Observers observers;        // to hand to drive: progress, Ctrl-C; tasks set checkpoints below `directory`
  LoadProgress loading = {};  // to call while a large file is read; may be empty
  std::function<void(const std::string&)> notice = {};  // tells the user something at once; may be empty
  std::filesystem::path resolve(const std::string& path) const;
  // `observers` with checkpoints in `checkpoint_file()` of the run that `options` decide; without checkpoints where
  // there is no directory. Makes the directory.
  Observers observers_with_checkpoints(const Json& options) const;
  // Whoever runs the task removes this once the report is safe.
  std::filesystem::path checkpoint_file() const { return directory / "checkpoint.safetensors"; }
};

struct Task {
  std::string name;        // "schedule.forecast"
  std::string short_name;  // "forecast", or empty
  std::string summary;     // one line
  std::string details;     // a paragraph or two for `lehr tasks NAME`
  std::vector<std::string> examples;

  // The options with their defaults. Calls `use` with a table whose bound struct lives as long as the call.
  std::function<void(const std::function<void(const OptionTable&)>& use)> with_options;
  // Checks the options without running, relative paths in them starting from `base`; throws InvalidInput.
  std::function<void(const Json& options, const std::string& where, const std::filesystem::path& base)> check;
  // `where` starts the messages about options ("arm 'cosine'").
  std::function<Report(const Json& options, const std::string& where, TaskContext& context)> run;
};

using Tasks = std::vector<Task>;

// The task called `name` (full or short), or InvalidInput with the nearest known names.
const Task& find_task(const Tasks& tasks, std::string_view name);
const Task* try_find_task(const Tasks& tasks, std::string_view name);

// Makes a task from an options struct with `describe` and a function Report(const Options&, TaskContext&).
template <class Options, class Function>
Task make_task(std::string name, std::string short_name, std::string summary, std::string details,
               std::vector<std::string> examples, Function function) {
  Task task{std::move(name),
            std::move(short_name),
            std::move(summary),
            std::move(details),
            std::move(examples),
            {},
            {},
            {}};
  task.with_options = [](const std::function<void(const OptionTable&)>& use) {
    Options options;
    use(describe(options));
  };
  task.check = [](const Json& values, const std::string& where, const std::filesystem::path& base) {
    Options options;
    read_options(options, values, where, base);
  };
  task.run = [function](const Json& values, const std::string& where, TaskContext& context) {
    Options options;
    read_options(options, values, where, context.base);
    return function(options, context);
  };
  return task;
}

}  // namespace lehr
