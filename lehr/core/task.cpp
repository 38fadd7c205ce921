#include "lehr/core/task.hpp"

#include <algorithm>

#include "lehr/core/errors.hpp"

namespace lehr {

std::filesystem::path TaskContext::resolve(const std::string& path) const {
  const std::filesystem::path given(path);
  return given.is_absolute() || base.empty() ? given : base / given;
}

Observers TaskContext::observers_with_checkpoints(const Json& options) const {
  Observers with = observers;
  if (directory.empty()) return with;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw IoError(directory.string(), error.message());
  with.checkpoints.path = checkpoint_file();
  with.checkpoints.options = options.dump();
  if (with.checkpoints.resume && notice && !std::filesystem::exists(with.checkpoints.path))
    notice(fmt::format("no checkpoint in {}; the run starts at its beginning", directory.string()));
  return with;
}

const Task* try_find_task(const Tasks& tasks, std::string_view name) {
  const auto same = [](char a, char b) { return (a == '_' ? '-' : a) == (b == '_' ? '-' : b); };
  for (const Task& task : tasks)
    if (std::ranges::equal(task.name, name, same) || (!task.short_name.empty() && task.short_name == name))
      return &task;
  return nullptr;
}

const Task& find_task(const Tasks& tasks, std::string_view name) {
  if (const Task* task = try_find_task(tasks, name)) return *task;
  std::vector<std::string> known;
  for (const Task& task : tasks) {
    known.push_back(task.name);
    if (!task.short_name.empty()) known.push_back(task.short_name);
  }
  throw InvalidInput("unknown task {}{}", quote(name), hint(name, known));
}

}  // namespace lehr
