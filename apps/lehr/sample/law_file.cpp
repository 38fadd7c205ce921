#include "apps/lehr/sample/law_file.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/study/section.hpp"

namespace lehr::command {

using sample::Formula;
using sample::LawTemplate;
using study::Section;
using study::TomlDocument;

namespace {

constexpr std::size_t most_variables = 1000;

// Runs `action`, whose InvalidInput becomes one that starts with where `key` stands.
template <class Action>
void at_key(const Section& section, const std::string& key, Action action) {
  try {
    action();
  } catch (const InvalidInput& error) {
    section.fail(key, std::string("cannot be used: ") + error.what());
  }
}

void add_matrix(LawTemplate& family, const Section& root) {
  const Json& rows = root.value("correlation");
  const auto d = static_cast<std::size_t>(family.dimension());
  const auto wrong = [&] {
    root.fail("correlation", fmt::format("must be a matrix of {} rows of {} numbers", d, d));
  };
  if (!rows.is_array() || rows.size() != d) wrong();
  const auto entry = [&](std::size_t i, std::size_t k) {
    if (!rows[i].is_array() || rows[i].size() != d || !rows[i][k].is_number()) wrong();
    return rows[i][k].get<double>();
  };
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t k = 0; k <= i; ++k) {
      if (entry(i, k) != entry(k, i)) root.fail("correlation", "must be symmetric");
      if (i == k && entry(i, i) != 1) root.fail("correlation", "must have 1 on its diagonal");
      if (i != k && entry(i, k) != 0)
        at_key(root, "correlation",
               [&] { family.correlate(family.names()[k], family.names()[i], entry(i, k), entry(i, k)); });
    }
}

void add_pair(LawTemplate& family, const Section& pair) {
  pair.allow({"between", "value"});
  const Json& between = pair.value("between");
  if (!between.is_array() || between.size() != 2 || !between[0].is_string() || !between[1].is_string())
    pair.fail("between", "must be a list of two variables");
  const Json& value = pair.value("value");
  const bool range = value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number();
  if (!range && !value.is_number()) pair.fail("value", "must be a number or a range [low, high]");
  const double low = range ? value[0].get<double>() : value.get<double>();
  const double high = range ? value[1].get<double>() : low;
  at_key(pair, "value", [&] { family.correlate(between[0], between[1], low, high); });
}

std::vector<Formula> formulas(const Section& root, const std::string& key) {
  std::vector<Formula> list;
  if (!root.has(key)) return list;
  const Section section = root.section(key);
  const Json table = root.table(key);
  for (const auto& [name, value] : table.items())
    list.push_back({name, value.is_number() ? value.dump() : section.text(name)});
  return list;
}

}  // namespace

TomlDocument read_toml(const std::filesystem::path& path) {
  return {read_file(path, std::uint64_t{1} << 21), path};
}

bool has_variables(const TomlDocument& document) { return document.root().contains("variables"); }

LawTemplate law_template(const TomlDocument& document, const std::filesystem::path& base) {
  const Section root(document);
  root.allow({"title", "variables", "correlation", "correlations", "define", "outputs"});
  const Json variables = root.value("variables");
  const Section section = root.section("variables");
  if (variables.empty() || variables.size() > most_variables)
    root.fail("variables", fmt::format("must hold 1 to {} laws, found {}", most_variables, variables.size()));
  LawTemplate family;
  for (const auto& [name, value] : variables.items())
    at_key(section, name, [&] { family.add(name, section.text(name), base); });
  if (root.has("correlation") && root.has("correlations"))
    root.fail("correlations", "and correlation cannot both be given");
  if (root.has("correlation")) add_matrix(family, root);
  for (const Section& pair : root.sections("correlations")) add_pair(family, pair);
  return family;
}

sample::ForwardModel formula_model(const TomlDocument& document, const std::vector<std::string>& inputs) {
  const Section root(document);
  root.allow({"title", "variables", "correlation", "correlations", "define", "outputs"});
  root.value("outputs");
  sample::ForwardModel model;
  at_key(root, "outputs", [&] {
    model = sample::expression_model(inputs, formulas(root, "define"), formulas(root, "outputs"));
  });
  return model;
}

}  // namespace lehr::command
