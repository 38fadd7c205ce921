#include "lehr/study/references.hpp"

#include <algorithm>
#include <map>

#include "lehr/core/errors.hpp"

namespace lehr::study {
namespace {

std::string where_is(const std::string& arm) { return fmt::format("arm '{}'", arm); }

void walk(const Json& value, const std::string& option, const std::string& where,
          const std::function<void(const std::string&, const Reference&)>& visit) {
  if (value.is_object())
    for (const auto& [key, inner] : value.items())
      walk(inner, option.empty() ? key : option + "." + key, where, visit);
  else if (value.is_array())
    for (const Json& inner : value) walk(inner, option, where, visit);
  else if (const auto reference = read_reference(value, where + ": " + option))
    visit(option, *reference);
}

Json replaced(const Json& value, const std::string& option, const std::string& where,
              const std::function<Json(const std::string&, const Reference&)>& value_of) {
  if (value.is_object()) {
    Json object = Json::object();
    for (const auto& [key, inner] : value.items())
      object[key] = replaced(inner, option.empty() ? key : option + "." + key, where, value_of);
    return object;
  }
  if (value.is_array()) {
    Json list = Json::array();
    for (const Json& inner : value) list.push_back(replaced(inner, option, where, value_of));
    return list;
  }
  if (const auto reference = read_reference(value, where + ": " + option))
    return value_of(option, *reference);
  return value;
}

// Checks the references in one set of options; `earlier` are the arms that may be referred to.
void check_options(const Study& study, const Json& options, const std::vector<std::string>& earlier,
                   const std::vector<std::uint64_t>& seeds, const std::string& where, bool may_use_search) {
  for_each_reference(options, where, [&](const std::string& option, const Reference& reference) {
    const std::string here = where + ": " + option;
    if (reference.kind == Reference::Kind::search) {
      if (!study.search) throw InvalidInput("{}: '@search' needs a [search] block", here);
      if (!may_use_search) throw InvalidInput("{}: the search cannot use its own result", here);
      return;
    }
    const Arm* other = study.find_arm(reference.arm);
    if (other == nullptr)
      throw InvalidInput("{}: no arm {}{}", here, quote(reference.arm), hint(reference.arm, earlier));
    if (std::ranges::find(earlier, reference.arm) == earlier.end())
      throw InvalidInput("{}: arm '{}' does not stand before it (earlier arms: {})", here, reference.arm,
                         earlier.empty() ? "none" : fmt::format("{}", fmt::join(earlier, ", ")));
    for (const std::uint64_t seed : seeds) referred_seed(*other, seed, here);
  });
}

int highest_level(const Json& options, const std::string& where, const std::map<std::string, int>& levels) {
  int level = 0;
  for_each_reference(options, where, [&](const std::string&, const Reference& reference) {
    const std::string& name = reference.kind == Reference::Kind::search ? search_arm : reference.arm;
    level = std::max(level, levels.at(name) + 1);
  });
  return level;
}

bool uses_search(const Arm& arm) {
  bool uses = false;
  for_each_reference(arm.options, where_is(arm.name), [&](const std::string&, const Reference& reference) {
    uses = uses || reference.kind == Reference::Kind::search;
  });
  return uses;
}

}  // namespace

std::optional<Reference> read_reference(const Json& value, const std::string& where) {
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.get_ref<const std::string&>();
  if (!text.starts_with('@')) return std::nullopt;
  if (text == search_arm) return Reference{};
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 1 || slash + 1 == text.size())
    throw InvalidInput("{}: {} is no reference: write @search, @arm/artifact or @arm/metric:NAME", where,
                       quote(text));
  const std::string arm = text.substr(1, slash - 1), name = text.substr(slash + 1);
  constexpr std::string_view metric = "metric:";
  if (name.starts_with(metric)) return Reference{Reference::Kind::metric, arm, name.substr(metric.size())};
  return Reference{Reference::Kind::artifact, arm, name};
}

void for_each_reference(const Json& options, const std::string& where,
                        const std::function<void(const std::string&, const Reference&)>& visit) {
  walk(options, "", where, visit);
}

Json resolve_references(const Json& options, const std::string& where,
                        const std::function<Json(const std::string&, const Reference&)>& value_of) {
  return replaced(options, "", where, value_of);
}

std::uint64_t referred_seed(const Arm& other, std::uint64_t seed, const std::string& where) {
  if (other.seeds.size() == 1) return other.seeds.front();
  if (std::ranges::find(other.seeds, seed) == other.seeds.end())
    throw InvalidInput("{}: arm '{}' does not run seed {}", where, other.name, seed);
  return seed;
}

void check_references(const Study& study) {
  std::vector<std::string> earlier;
  bool search_checked = false;
  for (const Arm& arm : study.arms) {
    if (study.search && !search_checked && uses_search(arm)) {
      check_options(study, study.search->options, earlier, study.search->seeds, "search", false);
      search_checked = true;
    }
    check_options(study, arm.options, earlier, arm.seeds, where_is(arm.name), true);
    earlier.push_back(arm.name);
  }
  if (study.search && !search_checked)
    throw InvalidInput("search: no arm uses its result; write {} = \"@search\" in an arm's options",
                       study.search->knob);
}

std::vector<std::vector<std::string>> stages(const Study& study) {
  std::map<std::string, int> levels;
  std::vector<std::vector<std::string>> stages;
  const auto place = [&](const std::string& name, int level) {
    levels[name] = level;
    if (stages.size() <= static_cast<std::size_t>(level)) stages.resize(static_cast<std::size_t>(level) + 1);
    stages[static_cast<std::size_t>(level)].push_back(name);
  };
  for (const Arm& arm : study.arms) {
    if (study.search && !levels.contains(search_arm) && uses_search(arm))
      place(search_arm, highest_level(study.search->options, "search", levels));
    place(arm.name, highest_level(arm.options, where_is(arm.name), levels));
  }
  return stages;
}

}  // namespace lehr::study
