// One task from the command line: flags in, report out.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "apps/lehr/arguments.hpp"
#include "apps/lehr/command.hpp"
#include "apps/lehr/output.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::command {
int run_task(const Program& program, const Task& task, const std::vector<std::string>& words) {
  TaskArguments arguments;
  const std::string& label = task.short_name.empty() ? task.name : task.short_name;
  task.with_options([&](const OptionTable& table) { arguments = parse_task_arguments(table, words, label); });
  const SharedFlags& shared = arguments.shared;
  if (shared.help) return list_tasks(program, {task.name});

  set_threads(static_cast<int>(shared.threads));
  const std::filesystem::path out =
      shared.out.empty() ? std::filesystem::path("lehr-runs") / label : std::filesystem::path(shared.out);
  TaskContext context{
      .seed = {static_cast<std::uint64_t>(shared.seed)}, .base = {}, .directory = out, .observers = {}};
  context.observers.interrupted = interruption_flag();
  context.observers.checkpoints.resume = shared.resume;
  context.observers.checkpoints.every_seconds = shared.save_every;
  if (!shared.quiet) {
    context.observers.list.push_back(progress_bar(label));
    context.loading = loading_bar(label);
    context.notice = [&](const std::string& text) { fmt::print(stderr, "{}: {}\n", program.name, text); };
  }

  const Report report = task.run(arguments.options, label, context);
  if (shared.json)
    print_json(report);
  else
    print_report(report);
  if (!shared.json || !shared.out.empty())
    write_and_tell(report, out, shared, fmt::format("{} {}", program.name, label));
  if (context.observers.interrupted->load()) {
    if (!shared.quiet && std::filesystem::exists(context.checkpoint_file()))
      fmt::print(stderr, "{}: interrupted; --resume goes on from the checkpoint in {}\n", program.name,
                 out.string());
    return interrupted;
  }
  std::error_code ignored;  // a checkpoint that stays is of a run that is done
  std::filesystem::remove(context.checkpoint_file(), ignored);
  return done;
}

}  // namespace lehr::command
