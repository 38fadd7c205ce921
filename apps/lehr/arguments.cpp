#include "apps/lehr/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>

#include "lehr/core/errors.hpp"

namespace lehr::command {
namespace {

void add_shared(CLI::App& app, SharedFlags& shared, bool study) {
  app.set_help_flag("");
  app.add_flag("--help,-h", shared.help);
  app.add_option("--out", shared.out);
  app.add_option("--threads", shared.threads);
  app.add_flag("--json", shared.json);
  app.add_flag("--quiet", shared.quiet);
  app.add_flag("--resume", shared.resume);
  if (study) {
    app.add_option("--set", shared.overrides)->allow_extra_args(false);
    app.add_option("--jobs", shared.jobs);
    app.add_flag("--restart", shared.restart);
  } else {
    app.add_option("--seed", shared.seed);
    app.add_option("--save-every", shared.save_every);
  }
  app.allow_extras();
}

std::string with_hyphens(std::string name) {
  std::ranges::replace(name, '_', '-');
  return name;
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

void parse(CLI::App& app, const std::vector<std::string>& words, const std::string& where) {
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    throw InvalidInput("{}: {}", where, error.what());
  }
  for (const std::string& word : app.remaining()) {
    if (!word.starts_with('-')) throw InvalidInput("{}: unexpected word {}", where, quote(word));
    const std::string name = word.substr(0, word.find('='));
    const std::string near = nearest(name, flag_names(app));
    throw InvalidInput("{}: unknown flag {}{}", where, quote(name),
                       near.empty() ? " (--help lists the flags)" : hint(name, flag_names(app)));
  }
}

void check_shared(const SharedFlags& shared, const std::string& where) {
  if (shared.threads < 0 || shared.threads > 4096)
    throw InvalidInput("{}: --threads must be in [0, 4096] (0: all cores), found {}", where, shared.threads);
  if (shared.jobs < 0 || shared.jobs > 4096)
    throw InvalidInput("{}: --jobs must be in [0, 4096] (0: as many as threads), found {}", where,
                       shared.jobs);
  if (!(shared.save_every > 0) || !std::isfinite(shared.save_every))
    throw InvalidInput("{}: --save-every must be seconds above 0, found {}", where, shared.save_every);
  if (shared.seed < 0) throw InvalidInput("{}: --seed must be at least 0, found {}", where, shared.seed);
}

// Puts `value` at the dotted `name` of a nested object.
void put(Json& object, const std::string& name, Json value) {
  Json* level = &object;
  std::size_t from = 0;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', from)) {
    level = &(*level)[name.substr(from, dot - from)];
    from = dot + 1;
  }
  (*level)[name.substr(from)] = std::move(value);
}

}  // namespace

TaskArguments parse_task_arguments(const OptionTable& table, const std::vector<std::string>& words,
                                   const std::string& where) {
  TaskArguments arguments;
  CLI::App app;
  add_shared(app, arguments.shared, false);
  std::map<std::string, std::vector<std::string>> given;
  std::map<std::string, CLI::Option*> flags;
  for (const Option& option : table.options()) {
    std::string names = "--" + option.name;
    if (with_hyphens(option.name) != option.name) names += ",--" + with_hyphens(option.name);
    if (option.is_positional) names += "," + option.name;
    if (option.name == "output") names += ",-o";
    CLI::Option* flag = app.add_option(names, given[option.name]);
    flag->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    if (option.is_flag)
      flag->expected(0, 1);
    else if (option.is_list)
      flag->expected(1, 1 << 20);
    else
      flag->expected(1);
    if (!option.is_list) flag->allow_extra_args(false);  // what follows the value is another option's
    flags[option.name] = flag;
  }
  parse(app, words, where);
  check_shared(arguments.shared, where);
  for (const Option& option : table.options()) {
    if (flags[option.name]->count() == 0) continue;
    std::vector<std::string>& values = given[option.name];
    if (option.is_flag && values.size() == 1 && (values[0].empty() || values[0] == "{}")) values.clear();
    put(arguments.options, option.name, option.from_words(values, where));
  }
  return arguments;
}

StudyArguments parse_study_arguments(const std::vector<std::string>& words, const std::string& where) {
  StudyArguments arguments;
  CLI::App app;
  add_shared(app, arguments.shared, true);
  app.add_option("studies", arguments.studies);
  parse(app, words, where);
  check_shared(arguments.shared, where);
  if (arguments.studies.empty() && !arguments.shared.help)
    throw InvalidInput("{}: name a study file (studies/NAME.toml)", where);
  return arguments;
}

}  // namespace lehr::command
