#include "lehr/schedule/families.hpp"

namespace lehr {
namespace schedule {

const std::vector<Family>& families() {
  static const std::vector<Family> all = [] {
    std::vector<Family> list = decay_families();
    for (auto more : {piecewise_families(), composition_families()})
      list.insert(list.end(), more.begin(), more.end());
    return list;
  }();
  return all;
}

const Family* find_family(std::string_view name) {
  for (const Family& family : families())
    if (family.signature.name == name) return &family;
  return nullptr;
}

Schedule make_schedule(const Expression& expression, const Source& source) {
  using Kind = Expression::Kind;
  if (expression.kind == Kind::number) return Schedule(expression.number);
  if (expression.kind != Kind::call && expression.kind != Kind::word)
    source.fail(expression.column, "expected a schedule, found {}", expression.shown());
  const Family* family = find_family(expression.text);
  if (family == nullptr) {
    std::vector<std::string> names;
    for (const Family& known : families()) names.push_back(known.signature.name);
    source.fail(expression.column, "no schedule is called {}{}", quote(expression.text),
                hint(expression.text, names));
  }
  if (expression.kind == Kind::word)
    source.fail(expression.column, "'{}' needs its arguments: {}", expression.text,
                family->signature.usage());
  const Arguments arguments = bind(family->signature, expression, source);
  try {
    return Schedule(std::make_shared<const Schedule::Node>(*family, arguments, source));
  } catch (const InvalidInput& error) {
    source.fail(expression.column, "'{}': {}", expression.text, error.what());
  }
}

}  // namespace schedule

std::vector<FamilyHelp> schedule_families() {
  std::vector<FamilyHelp> help;
  for (const schedule::Family& family : schedule::families()) help.push_back(family.signature);
  return help;
}

std::string family_table(const std::vector<FamilyHelp>& families) {
  std::string text = "| form | what it is | arguments |\n| --- | --- | --- |\n";
  for (const FamilyHelp& family : families) {
    std::string arguments;
    for (const schedule::Parameter& parameter : family.parameters)
      arguments += fmt::format("{}`{}`: {}, {}", arguments.empty() ? "" : "; ", parameter.name,
                               parameter.help, parameter.allowed());
    text += fmt::format("| `{}` | {} | {} |\n", family.usage(), family.summary, arguments);
  }
  return text;
}

Schedule::Node::Node(const schedule::Family& family, schedule::Arguments arguments,
                     const schedule::Source& source)
    : family_(family),
      arguments_(std::move(arguments)),
      curve_(family.build(arguments_, source)),
      needs_steps_(curve_.counts_steps || arguments_.count_steps()) {}

std::string Schedule::Node::text() const {
  if (family_.signature.name == "constant") return schedule::number_text(arguments_.number("value"));
  return arguments_.text();
}

}  // namespace lehr
