// A study: a TOML file with one task, one or more arms, seeds and claims (docs/studies.md).
//
//   title = "Geometric cooling against a searched schedule"
//   task  = "spin.solve"
//   seeds = 20                                   # 1..20, shared by the arms; or a list
//   [options]                                    # shared by the arms that run the study's task
//   budget = { steps = 2000 }
//   [[arm]]
//   name = "searched"
//   options = { temperature = "@search" }        # or "@arm/artifact", "@arm/metric:NAME"
//   [search]
//   knob = "temperature"; family = "knots(6)"; low = 0.1; high = 10; objective = "energy"; budget = {
//   evaluations = 200 }
//   [[claim]]
//   text = "..."; expect = "searched.energy < geometric.energy"
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/core/task.hpp"

namespace lehr::study {

// One variant. `options` are complete: the study's shared options, overridden key by key by the arm's own. An
// arm that runs another task than the study's takes its own options alone.
struct Arm {
  std::string name;  // [a-z][a-z0-9_]*
  std::string task;
  Json options = Json::object();
  std::vector<std::uint64_t> seeds;
};

struct Claim {
  std::string text;
  std::string expect;  // "searched.energy < geometric.energy"; see claims.hpp
};

// Looks for the value of one knob before the arms that use "@search" run.
struct Search {
  std::string knob;    // option of the task, dots for groups
  std::string family;  // schedule family, "knots(6)"; empty: the knob is a number
  double low = 0, high = 1;
  bool log_scale = true;
  std::string order = "free";     // of a schedule's values along the run: or "falling", "rising"
  std::string method = "cma-es";  // or "random"
  std::string objective;          // metric of the task
  bool minimize = true;
  std::int64_t evaluations = 0;      // runs of the task, at most
  std::vector<std::uint64_t> seeds;  // each candidate is judged by its mean over these
  std::string arm;                   // the arm whose options are searched; empty: the shared options
  std::string task;
  Json options = Json::object();  // of the task, without the knob
};

// A file that must be there before the study runs: data that is not shipped, and what installs it.
struct Need {
  std::filesystem::path file;
  std::string install;  // a command, such as "apt-get install dataset-fashion-mnist"
};

struct Study {
  std::filesystem::path file;
  std::filesystem::path base;  // relative paths in options start here
  std::string slug;            // the file's name without extension; names the run folder
  std::string title, summary;
  std::string paper;                 // [system]: what the study reproduces, for docs/systems.md
  std::vector<std::string> methods;  // [system]: the methods' names
  std::string task;
  std::vector<std::uint64_t> seeds;
  std::vector<Arm> arms;
  std::vector<Claim> claims;
  std::vector<Need> needs;
  std::optional<Search> search;

  const Arm* find_arm(std::string_view name) const;
  std::vector<std::string> arm_names() const;
};

// Reads a study. `overrides` are "key=value" words: "seeds=3", "options.budget.steps=10",
// "arm.cosine.options.rate=0.1"; the value is read as TOML, or else as text. Throws IoError, or InvalidInput
// that starts with file and line.
Study read_study(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});

// The same for TOML text that is already here; `file` names it in messages.
Study parse_study(std::string_view text, const std::filesystem::path& file,
                  const std::vector<std::string>& overrides = {});

// A study of one arm called "run", the short form `lehr MODULE VERB --flag ...`; `slug` names the run folder.
Study one_arm_study(const Task& task, Json options, std::string slug, std::vector<std::uint64_t> seeds = {1});

// Checks everything that can be checked before the first step: tasks and options of all arms, references, the
// search and the claims; and that the files are there that it needs. Throws InvalidInput.
void check_study(const Study& study, const Tasks& tasks);

// What the results depend on (tasks, options, seeds, search), as JSON; titles and claims are no part of it.
Json definition(const Study& study);

}  // namespace lehr::study
