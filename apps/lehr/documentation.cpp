// `lehr tasks`: what can be computed and with which options, for the terminal, as JSON and as Markdown for
// docs/.
#include <algorithm>
#include <cstdio>

#include "apps/lehr/command.hpp"
#include "lehr/core/errors.hpp"

namespace lehr::command {
namespace {

std::string default_text(const Option& option) {
  if (option.is_required) return "required";
  const Json& value = option.default_value;
  if (value.is_null() || (value.is_array() && value.empty())) return "none";
  if (value.is_string()) return value.get<std::string>().empty() ? "none" : value.get<std::string>();
  if (value.is_array()) {
    std::string text;
    for (const Json& item : value)
      text += (text.empty() ? "" : " ") + (item.is_string() ? item.get<std::string>() : item.dump());
    return text;
  }
  return value.dump();
}

std::string with_unit(const Option& option) {
  return option.unit_text.empty() ? option.help : fmt::format("{} ({})", option.help, option.unit_text);
}

// `text` broken at blanks into lines of at most `width`, each but the first after `indent` blanks.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t width) {
  std::string out, line;
  std::size_t from = 0;
  while (from < text.size()) {
    std::size_t to = text.find(' ', from);
    if (to == std::string::npos) to = text.size();
    const std::string word = text.substr(from, to - from);
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      out += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    from = to + 1;
  }
  return out + line;
}

void print_task(const Program& program, const Task& task) {
  fmt::print("{}{}: {}\n\n", task.name, task.short_name.empty() ? "" : " (" + task.short_name + ")",
             task.summary);
  if (!task.details.empty()) fmt::print("{}\n\n", wrapped(task.details, 0, 100));
  fmt::print("Options (flags --NAME; keys of [options] in a study):\n");
  task.with_options([](const OptionTable& table) {
    for (const Option& option : table.options()) {
      fmt::print("  {:23} {}\n", option.name, wrapped(with_unit(option), 26, 74));
      fmt::print("  {:24}{}; default: {}\n", "", option.allowed(), default_text(option));
    }
  });
  fmt::print(
      "\nFlags of every task:\n"
      "  --seed N    --threads N (0: all cores)    --out FOLDER    --json    --quiet\n"
      "  --resume    go on from the checkpoint in FOLDER    --save-every SECONDS (30)    between "
      "checkpoints\n");
  if (task.examples.empty()) return;
  fmt::print("\nExamples:\n");
  for (const std::string& example : task.examples) fmt::print("  {} {}\n", program.name, example);
}

// Markdown cells must not end early at a `|`.
std::string cell(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.insert(at, "\\");
  return text;
}

void print_markdown(const Task& task) {
  fmt::print("| option | value | default | meaning |\n| --- | --- | --- | --- |\n");
  task.with_options([](const OptionTable& table) {
    for (const Option& option : table.options())
      fmt::print("| `{}` | {} | `{}` | {} |\n", option.name, cell(option.allowed()),
                 cell(default_text(option)), cell(with_unit(option)));
  });
}

Json task_json(const Task& task) {
  Json json{{"name", task.name},       {"short_name", task.short_name}, {"summary", task.summary},
            {"details", task.details}, {"examples", task.examples},     {"options", Json::array()}};
  task.with_options([&](const OptionTable& table) {
    for (const Option& option : table.options())
      json["options"].push_back({{"name", option.name},
                                 {"allowed", option.allowed()},
                                 {"default", option.default_value},
                                 {"required", option.is_required},
                                 {"unit", option.unit_text},
                                 {"help", option.help}});
  });
  return json;
}

void list_all(const Program& program, bool json) {
  if (json) {
    Json all = Json::array();
    for (const Task& task : program.tasks) all.push_back(task_json(task));
    fmt::print("{}\n", all.dump(2));
    return;
  }
  std::size_t short_width = 0, width = 0;
  for (const Task& task : program.tasks)
    short_width = std::max(short_width, task.short_name.size() + 2),
    width = std::max(width, task.name.size() + 2);
  const auto line = [&](std::string_view short_name, std::string_view name, std::string_view summary) {
    fmt::print("{:{}}{:{}}{}\n", short_name, short_width, name, width, summary);
  };
  for (const Task& task : program.tasks) line(task.short_name, task.name, task.summary);
  if (program.delegates) {
    line("train", "neural.train", "train a small transformer on a text file (lehr-neural)");
    line("", "diffusion.train", "trains a noise predictor on a file of points or images (lehr-neural)");
    line("", "diffusion.learn_interpolant",
         "learns the fields that carry one set of points into another (lehr-neural)");
    line("", "diffusion.train_tokens", "trains a network that draws sequences token by token (lehr-neural)");
  }
  fmt::print("\n`{} tasks NAME` lists a task's options.\n", program.name);
}

}  // namespace

int list_tasks(const Program& program, const std::vector<std::string>& arguments) {
  std::string name;
  bool json = false, markdown = false;
  for (const std::string& word : arguments) {
    static const std::vector<std::string> flags{"--json", "--markdown"};
    if (word == "--json")
      json = true;
    else if (word == "--markdown")
      markdown = true;
    else if (word.starts_with('-'))
      throw InvalidInput("tasks: unknown flag {}{}", quote(word), hint(word, flags));
    else
      name += (name.empty() ? "" : ".") + word;
  }
  if (name.empty()) return list_all(program, json), done;
  const auto& neural = neural_task_names();
  if (program.delegates && std::ranges::find(neural, name) != neural.end()) {
    std::vector<std::string> words{"tasks"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    delegate_to_neural(words, name);
  }
  const Task& task = find_task(program.tasks, name);
  if (json)
    fmt::print("{}\n", task_json(task).dump(2));
  else if (markdown)
    print_markdown(task);
  else
    print_task(program, task);
  return done;
}

}  // namespace lehr::command
