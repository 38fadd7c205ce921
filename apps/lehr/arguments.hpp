// Command-line flags made from option tables, parsed by CLI11.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"

namespace lehr::command {

// The flags that every task and study shares.
struct SharedFlags {
  std::string out;                     // folder of the report; empty: the default
  std::vector<std::string> overrides;  // --set a.b=c
  std::int64_t seed = 1;
  std::int64_t threads = 0;
  std::int64_t jobs = 1;
  double save_every = 30;  // seconds between checkpoints
  bool json = false, quiet = false, resume = false, restart = false, help = false;
};

struct TaskArguments {
  SharedFlags shared;
  Json options = Json::object();  // nested, as OptionTable::read takes it
};

// Parses `--name value...` for a task's options and the shared flags. Lists take several words; `_` and `-`
// are the same in names. Throws InvalidInput that names the flag and the nearest known one.
TaskArguments parse_task_arguments(const OptionTable& table, const std::vector<std::string>& words,
                                   const std::string& where);

struct StudyArguments {
  SharedFlags shared;
  std::vector<std::string> studies;
};
StudyArguments parse_study_arguments(const std::vector<std::string>& words, const std::string& where);

}  // namespace lehr::command
