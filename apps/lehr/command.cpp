#include "apps/lehr/command.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>

#include "lehr/core/errors.hpp"

namespace lehr::command {
namespace {

void print_usage(const Program& program) {
  fmt::print(
      "{0} {1}: annealed computation with schedules\n\n"
      "  {0} run STUDY.toml            run a study and write its report\n"
      "  {0} check STUDY.toml...       run studies and evaluate their claims\n"
      "  {0} tasks [NAME]              what can be computed, and its options\n"
      "  {0} TASK --option value ...   run one task\n\n"
      "Tasks:\n",
      program.name, version);
  for (const Task& task : program.tasks)
    fmt::print("  {:28}{}\n", task.short_name.empty() ? task.name : task.short_name, task.summary);
  fmt::print("\n`{0} tasks NAME` explains one task; `{0} run --help` the flags of studies.\n", program.name);
}

// The task that `first` (short or full name) or `first second` (module and verb) names, and how many words
// that took.
std::pair<const Task*, std::size_t> named_task(const Tasks& tasks, const std::vector<std::string>& words) {
  if (const Task* task = try_find_task(tasks, words[0])) return {task, 1};
  if (words.size() > 1 && !words[1].starts_with('-'))
    if (const Task* task = try_find_task(tasks, words[0] + "." + words[1])) return {task, 2};
  return {nullptr, 0};
}

bool is_neural(const std::vector<std::string>& words) {
  const auto& names = neural_task_names();
  const auto known = [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
  return known(words[0]) || (words.size() > 1 && known(words[0] + "." + words[1]));
}

// The tasks "module.verb" of one module.
std::vector<const Task*> tasks_of(const Program& program, const std::string& module) {
  std::vector<const Task*> found;
  for (const Task& task : program.tasks)
    if (task.name.starts_with(module + ".")) found.push_back(&task);
  return found;
}

// `lehr MODULE`: the module's verbs. A verb that is not one of them is refused with the nearest.
void print_module(const Program& program, const std::vector<const Task*>& tasks,
                  const std::vector<std::string>& words) {
  const std::string& module = words[0];
  const auto verb = [&](const Task& task) { return task.name.substr(module.size() + 1); };
  if (words.size() > 1 && words[1] != "--help" && words[1] != "-h") {
    std::vector<std::string> verbs;
    for (const Task* task : tasks) verbs.push_back(verb(*task));
    throw InvalidInput("{} has no verb {}{}", module, quote(words[1]), hint(words[1], verbs));
  }
  fmt::print("{} {} VERB --option value ...\n\n", program.name, module);
  for (const Task* task : tasks)
    fmt::print("  {:20}{}{}\n", verb(*task), task->summary,
               task->short_name.empty() ? "" : fmt::format(" (`{} {}`)", program.name, task->short_name));
  fmt::print("\n`{} {} VERB --help` explains one of them.\n", program.name, module);
}

[[noreturn]] void unknown_command(const Program& program, const std::vector<std::string>& words) {
  std::vector<std::string> known{"run", "check", "tasks"};
  for (const Task& task : program.tasks)
    known.push_back(task.short_name.empty() ? task.name : task.short_name);
  if (program.delegates) known.push_back(neural_task_names().front());  // the short name
  if (words[0].ends_with(".toml"))
    throw InvalidInput("{} is a study: use `{} run {}`", words[0], program.name, words[0]);
  throw InvalidInput("unknown command {}{}", quote(words[0]), hint(words[0], known));
}

int dispatch(const Program& program, const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
    print_usage(program);
    return words.empty() ? invalid_input : done;
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "--version") return fmt::print("{} {}\n", program.name, version), done;
  if (words[0] == "run") return run_study_verb(program, rest);
  if (words[0] == "check") return check_studies_verb(program, rest);
  if (words[0] == "tasks") return list_tasks(program, rest);
  if (const auto [task, used] = named_task(program.tasks, words); task != nullptr)
    return run_task(program, *task, {words.begin() + static_cast<std::ptrdiff_t>(used), words.end()});
  if (program.delegates && is_neural(words)) delegate_to_neural(words, words[0]);
  if (const auto tasks = tasks_of(program, words[0]); !tasks.empty())
    return print_module(program, tasks, words), done;
  unknown_command(program, words);
}

int failed(const Program& program, const char* what, ExitCode code) {
  std::fflush(stdout);
  fmt::print(stderr, "{}: {}\n", program.name, what);
  return code;
}

}  // namespace

int run_command(const Program& program, const std::vector<std::string>& arguments) {
  try {
    return dispatch(program, arguments);
  } catch (const NumericalFailure& error) {
    return failed(program, error.what(), numerical_failure);
  } catch (const Error& error) {
    return failed(program, error.what(), invalid_input);
  } catch (const std::bad_alloc&) {
    return failed(program, "not enough memory", numerical_failure);
  } catch (const std::exception& error) {
    return failed(program, error.what(), invalid_input);
  }
}

}  // namespace lehr::command
