// The command line of Lehr: `lehr run|check|tasks|TASK`. Shared by `lehr` and `lehr-neural`, which differ in
// their tables of tasks and in that `lehr` hands what it does not know itself to `lehr-neural`, as git runs
// its subcommands.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/task.hpp"

namespace lehr::command {

inline constexpr const char* version = "0.1.0";

// What ends a command: 0 done, 1 a claim failed, 2 invalid input or a file that cannot be read or written,
// 3 a computation failed numerically, 130 interrupted.
enum ExitCode : int {
  done = 0,
  claim_failed = 1,
  invalid_input = 2,
  numerical_failure = 3,
  interrupted = 130
};

struct Program {
  std::string name;  // "lehr" or "lehr-neural"
  Tasks tasks;
  bool delegates;  // hands unknown tasks to lehr-neural
};

// Runs the command line and returns the exit code. Errors become one line on the standard error stream.
int run_command(const Program& program, const std::vector<std::string>& arguments);

// ---- verbs, each in its own file --------------------------------------------------------------------------

int run_task(const Program& program, const Task& task, const std::vector<std::string>& arguments);
int run_study_verb(const Program& program, const std::vector<std::string>& arguments);
int check_studies_verb(const Program& program, const std::vector<std::string>& arguments);
int list_tasks(const Program& program, const std::vector<std::string>& arguments);

// Replaces this process by `lehr-neural` with the same arguments; throws InvalidInput when it is not
// installed.
[[noreturn]] void delegate_to_neural(const std::vector<std::string>& arguments, const std::string& reason);
// The names of the tasks that live in lehr-neural, known without loading it.
const std::vector<std::string>& neural_task_names();

}  // namespace lehr::command
