#include <algorithm>

#include "lehr/core/errors.hpp"
#include "lehr/study/claims.hpp"
#include "lehr/study/references.hpp"
#include "lehr/study/search.hpp"
#include "lehr/study/study.hpp"

namespace lehr::study {
namespace {

namespace fs = std::filesystem;

bool holds_reference(const Json& options) {
  bool found = false;
  for_each_reference(options, "", [&](const std::string&, const Reference&) { found = true; });
  return found;
}

// Checks the values that are known already; those behind references are checked when the arm runs.
void check_known_values(const OptionTable& table, const Json& options, const std::string& prefix,
                        const std::string& where, const fs::path& base) {
  for (const auto& [key, value] : options.items()) {
    const std::string name = prefix + key;
    if (const Option* option = table.find(name)) {
      if (!holds_reference(value)) option->set(value, where, base);
      continue;
    }
    const bool is_group = std::ranges::any_of(
        table.options(), [&](const Option& option) { return option.name.starts_with(name + "."); });
    if (!is_group)
      throw InvalidInput("{}: unknown option {}{}", where, quote(name), hint(name, table.names()));
    if (!value.is_object()) throw InvalidInput("{}: {} must be a table", where, name);
    check_known_values(table, value, name + ".", where, base);
  }
}

void check_options(const Task& task, const Arm& arm, const std::string& where, const fs::path& base) {
  if (!holds_reference(arm.options)) return task.check(arm.options, where, base);
  task.with_options(
      [&](const OptionTable& table) { check_known_values(table, arm.options, "", where, base); });
}

const Task& task_of(const Tasks& tasks, const std::string& name, const std::string& where) {
  try {
    return find_task(tasks, name);
  } catch (const InvalidInput& error) {
    throw InvalidInput("{}: {}", where, error.what());
  }
}

void check_knob(const Task& task, const Search& search, const fs::path& base) {
  task.with_options([&](const OptionTable& table) {
    if (table.find(search.knob) == nullptr)
      throw InvalidInput("search: task {} has no option {}{}", task.name, quote(search.knob),
                         hint(search.knob, table.names()));
    check_known_values(table, search.options, "", "search", base);
  });
}

void check_needs(const Study& study) {
  for (const Need& need : study.needs) {
    std::error_code ignored;
    if (!fs::exists(study.base / need.file, ignored))
      throw InvalidInput("needs {}, which is not there: {}", need.file.string(), need.install);
  }
}

}  // namespace

void check_study(const Study& study, const Tasks& tasks) {
  try {
    check_references(study);
    for (const Arm& arm : study.arms) {
      const std::string where = fmt::format("arm '{}'", arm.name);
      check_options(task_of(tasks, arm.task, where), arm, where, study.base);
    }
    if (study.search) {
      check_knob(task_of(tasks, study.search->task, "search"), *study.search, study.base);
      check_candidates(*study.search);
    }
    for (const Claim& claim : study.claims) check_claim(claim.expect, study.arm_names());
    check_needs(study);
  } catch (const InvalidInput& error) {
    if (study.file.empty()) throw;
    throw InvalidInput("{}: {}", study.file.string(), error.what());
  }
}

}  // namespace lehr::study
