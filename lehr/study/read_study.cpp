#include <algorithm>

#include "lehr/core/files.hpp"
#include "lehr/evolve/ask_tell.hpp"
#include "lehr/study/section.hpp"
#include "lehr/study/study.hpp"

namespace lehr::study {
namespace {

constexpr std::size_t max_arms = 1000, max_claims = 1000;
constexpr std::uint64_t first_search_seed =
    1'000'001;  // by default candidates are judged on seeds no arm runs

bool is_identifier(const std::string& name) {
  if (name.empty() || name.size() > 64 || name[0] < 'a' || name[0] > 'z') return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// `own` on top of `shared`, table by table.
Json merged(const Json& shared, const Json& own) {
  if (!shared.is_object() || !own.is_object()) return own;
  Json result = shared;
  for (const auto& [key, value] : own.items())
    result[key] = result.contains(key) ? merged(result[key], value) : value;
  return result;
}

std::string arm_name(const Section& section, const std::vector<Arm>& before) {
  const std::string name = section.text("name");
  if (!is_identifier(name))
    section.fail(
        "name",
        fmt::format("must be a letter a-z, then letters a-z, digits and '_' (claims use it), found {}",
                    quote(name)));
  for (const std::string word : {"and", "or", "not", "search"})
    if (name == word) section.fail("name", fmt::format("must not be the word '{}'", word));
  if (std::ranges::find(before, name, &Arm::name) != before.end())
    section.fail("name", fmt::format("'{}' is used twice", name));
  return name;
}

std::vector<Arm> read_arms(const Section& root, const Study& study, const Json& shared) {
  std::vector<Arm> arms;
  const std::vector<Section> sections = root.sections("arm");
  if (sections.size() > max_arms)
    root.fail("arm", fmt::format("must be given at most {} times, found {}", max_arms, sections.size()));
  for (const Section& section : sections) {
    section.allow({"name", "options", "task", "seeds"});
    Arm arm;
    arm.name = arm_name(section, arms);
    arm.task = study.task.empty() ? section.text("task") : section.text("task", study.task);
    const Json own = section.table("options");
    arm.options = arm.task == study.task ? merged(shared, own) : own;
    arm.seeds = section.has("seeds") ? section.seeds("seeds") : study.seeds;
    arms.push_back(std::move(arm));
  }
  if (arms.empty()) arms.push_back({"run", study.task, shared, study.seeds});
  return arms;
}

void erase_option(Json& options, const std::string& name) {
  if (!options.is_object() || options.erase(name) > 0) return;
  const std::size_t dot = name.find('.');
  if (dot != std::string::npos && options.contains(name.substr(0, dot)))
    erase_option(options[name.substr(0, dot)], name.substr(dot + 1));
}

void read_range(const Section& section, Search& search) {
  if (section.has("range")) {
    if (section.has("low") || section.has("high"))
      section.fail("range", "stands instead of low and high, not beside them");
    const Json range = section.value("range");
    if (!range.is_array() || range.size() != 2 || !range[0].is_number() || !range[1].is_number())
      section.fail("range", "must be two numbers, [low, high]");
    search.low = range[0].get<double>();
    search.high = range[1].get<double>();
  } else {
    search.low = section.number("low");
    search.high = section.number("high");
  }
  if (!(search.low < search.high))
    section.fail(section.has("range") ? "range" : "low",
                 fmt::format("must be below the upper end, found {} and {}", search.low, search.high));
  const std::vector<std::string> scales = {"log", "linear"};
  search.log_scale = section.has("scale") ? section.choice("scale", scales) == "log" : search.low > 0;
  if (search.log_scale && search.low <= 0)
    section.fail("scale", fmt::format("'log' needs a range above 0, found {}", search.low));
}

std::int64_t read_evaluations(const Section& section) {
  constexpr std::int64_t most = 10'000'000;
  if (!section.table("budget").contains("evaluations"))
    section.fail("budget", "must be a table with the number of runs: { evaluations = 200 }");
  const Section budget = section.section("budget");
  budget.allow({"evaluations"});
  return budget.integer("evaluations", 1, most);
}

void read_system(const Section& section, Study& study) {
  section.allow({"paper", "methods"});
  study.paper = section.text("paper");
  const Json methods = section.value("methods");
  const bool texts =
      methods.is_array() && std::ranges::all_of(methods, [](const Json& m) { return m.is_string(); });
  if (!texts) section.fail("methods", "must be a list of texts");
  study.methods = methods.get<std::vector<std::string>>();
}

Search read_search(const Section& section, const Study& study, const Json& shared) {
  section.allow({"knob", "family", "low", "high", "range", "scale", "order", "method", "objective",
                 "direction", "seeds", "budget", "arm"});
  Search search;
  search.knob = section.text("knob");
  search.family = section.text("family", "");
  read_range(section, search);
  search.order = section.choice("order", {"free", "falling", "rising"});
  search.method = section.choice("method", evolve::search_methods());
  search.objective = section.text("objective");
  search.minimize = section.choice("direction", {"min", "max"}) == "min";
  search.seeds = section.has("seeds") ? section.seeds("seeds", first_search_seed)
                                      : std::vector<std::uint64_t>{first_search_seed};
  search.evaluations = read_evaluations(section);
  if (search.evaluations < static_cast<std::int64_t>(search.seeds.size()))
    section.fail("budget", fmt::format("of {} evaluations is too small for one candidate under {} seeds",
                                       search.evaluations, search.seeds.size()));
  search.arm = section.text("arm", "");
  if (search.arm.empty() && study.task.empty())
    section.fail("arm", "is missing: the study itself has no task");
  if (search.arm.empty()) {
    search.task = study.task;
    search.options = shared;
  } else if (const Arm* arm = study.find_arm(search.arm)) {
    search.task = arm->task;
    search.options = arm->options;
  } else {
    section.fail("arm",
                 fmt::format("{} is unknown{}", quote(search.arm), hint(search.arm, study.arm_names())));
  }
  erase_option(search.options, search.knob);
  return search;
}

std::vector<Need> read_needs(const Section& root) {
  std::vector<Need> needs;
  for (const Section& section : root.sections("needs")) {
    section.allow({"file", "install"});
    needs.push_back({section.text("file"), section.text("install")});
  }
  return needs;
}

std::vector<Claim> read_claims(const Section& root) {
  std::vector<Claim> claims;
  const std::vector<Section> sections = root.sections("claim");
  if (sections.size() > max_claims)
    root.fail("claim", fmt::format("must be given at most {} times, found {}", max_claims, sections.size()));
  for (const Section& section : sections) {
    section.allow({"text", "expect"});
    const std::string expect = section.text("expect");
    claims.push_back({section.text("text", expect), expect});
  }
  return claims;
}

}  // namespace

Study parse_study(std::string_view text, const std::filesystem::path& file,
                  const std::vector<std::string>& overrides) {
  TomlDocument document(text, file);
  for (const std::string& assignment : overrides) document.set(assignment);
  const Section root(document);
  root.allow({"title", "summary", "task", "seeds", "options", "arm", "claim", "search", "system", "needs"});

  Study study;
  study.file = file;
  study.base = file.parent_path();
  study.slug = file.stem().empty() ? "study" : file.stem().string();
  study.title = root.text("title", study.slug);
  study.summary = root.text("summary", "");
  const bool arms_have_tasks =
      root.has("arm") &&
      std::ranges::all_of(root.sections("arm"), [](const Section& arm) { return arm.has("task"); });
  if (root.has("task") || !arms_have_tasks) study.task = root.text("task");
  study.seeds = root.has("seeds") ? root.seeds("seeds") : std::vector<std::uint64_t>{1};
  const Json shared = root.table("options");
  if (study.task.empty() && !shared.empty())
    root.fail("options", "are those of the study's task, which is missing; give each arm its own");
  study.arms = read_arms(root, study, shared);
  study.claims = read_claims(root);
  study.needs = read_needs(root);
  if (root.has("system")) read_system(root.section("system"), study);
  if (root.has("search")) study.search = read_search(root.section("search"), study, shared);
  return study;
}

Study read_study(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  constexpr std::uint64_t max_bytes = 1 << 20;
  return parse_study(read_file(file, max_bytes), file, overrides);
}

Study one_arm_study(const Task& task, Json options, std::string slug, std::vector<std::uint64_t> seeds) {
  Study study;
  study.slug = std::move(slug);
  study.title = task.summary;
  study.task = task.name;
  study.seeds = seeds;
  study.arms.push_back({"run", task.name, std::move(options), std::move(seeds)});
  return study;
}

const Arm* Study::find_arm(std::string_view name) const {
  const auto found = std::ranges::find(arms, name, &Arm::name);
  return found == arms.end() ? nullptr : &*found;
}

std::vector<std::string> Study::arm_names() const {
  std::vector<std::string> names;
  for (const Arm& arm : arms) names.push_back(arm.name);
  return names;
}

Json definition(const Study& study) {
  Json arms = Json::object();
  for (const Arm& arm : study.arms)
    arms[arm.name] = {{"task", arm.task}, {"options", arm.options}, {"seeds", arm.seeds}};
  Json definition = {{"arms", std::move(arms)}};
  if (const auto& search = study.search)
    definition["search"] = {{"task", search->task},
                            {"options", search->options},
                            {"knob", search->knob},
                            {"family", search->family},
                            {"low", json_number(search->low)},
                            {"high", json_number(search->high)},
                            {"log", search->log_scale},
                            {"order", search->order},
                            {"method", search->method},
                            {"objective", search->objective},
                            {"minimize", search->minimize},
                            {"evaluations", search->evaluations},
                            {"seeds", search->seeds}};
  return definition;
}

}  // namespace lehr::study
