#include "lehr/study/section.hpp"

#include <algorithm>
#include <set>

namespace lehr::study {
namespace {

constexpr std::int64_t max_seeds = 10'000;

std::string shown(const Json& value) {
  return value.is_string() ? quote(value.get_ref<const std::string&>())
                           : quote(value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace

Section::Section(const TomlDocument& document, std::string path, const Json& table)
    : document_(document), path_(std::move(path)), table_(table) {
  if (!table.is_object())
    throw InvalidInput("{}{} must be a table, found {}", document_.place(path_), path_, shown(table));
}

void Section::allow(std::initializer_list<std::string> keys) const {
  const std::vector<std::string> known(keys);
  for (const auto& [key, value] : table_.items())
    if (std::ranges::find(known, key) == known.end())
      throw InvalidInput("{}unknown key {}{}", document_.place(path_of(key)), quote(key), hint(key, known));
}

std::string Section::text(const std::string& key, std::optional<std::string> fallback) const {
  if (fallback && !has(key)) return *fallback;
  if (!value(key).is_string()) wrong_type(key, "text");
  return value(key).get<std::string>();
}

double Section::number(const std::string& key) const {
  if (!value(key).is_number()) wrong_type(key, "a finite number");
  return value(key).get<double>();
}

std::int64_t Section::integer(const std::string& key, std::int64_t low, std::int64_t high) const {
  if (!value(key).is_number_integer()) wrong_type(key, fmt::format("an integer in [{}, {}]", low, high));
  const std::int64_t whole = value(key).get<std::int64_t>();
  if (whole < low || whole > high) wrong_type(key, fmt::format("an integer in [{}, {}]", low, high));
  return whole;
}

std::string Section::choice(const std::string& key, const std::vector<std::string>& choices) const {
  const std::string word = text(key, choices.front());
  if (std::ranges::find(choices, word) == choices.end())
    fail(key, fmt::format("must be one of {}, found {}{}", fmt::join(choices, ", "), quote(word),
                          nearest(word, choices).empty() ? "" : hint(word, choices)));
  return word;
}

Json Section::table(const std::string& key) const {
  if (!has(key)) return Json::object();
  if (!value(key).is_object()) wrong_type(key, "a table");
  return value(key);
}

std::vector<std::uint64_t> Section::seeds(const std::string& key, std::uint64_t first) const {
  std::vector<std::uint64_t> seeds;
  if (!value(key).is_array()) {
    const std::int64_t count = integer(key, 1, max_seeds);
    for (std::int64_t i = 0; i < count; ++i) seeds.push_back(first + static_cast<std::uint64_t>(i));
    return seeds;
  }
  std::set<std::uint64_t> seen;
  for (const Json& item : value(key)) {
    if (!item.is_number_integer() || item.get<std::int64_t>() < 0)
      wrong_type(key, "a list of whole numbers from 0 on");
    seeds.push_back(item.get<std::uint64_t>());
    if (!seen.insert(seeds.back()).second) fail(key, fmt::format("lists seed {} twice", seeds.back()));
  }
  if (seeds.empty() || seeds.size() > static_cast<std::size_t>(max_seeds))
    fail(key, fmt::format("must list 1 to {} seeds, found {}", max_seeds, seeds.size()));
  return seeds;
}

Section Section::section(const std::string& key) const { return {document_, path_of(key), value(key)}; }

std::vector<Section> Section::sections(const std::string& key) const {
  std::vector<Section> list;
  if (!has(key)) return list;
  if (!value(key).is_array()) wrong_type(key, fmt::format("a list of tables, [[{}]]", key));
  for (std::size_t i = 0; i < value(key).size(); ++i)
    list.emplace_back(document_, path_of(key) + "/" + std::to_string(i), value(key)[i]);
  return list;
}

void Section::fail(const std::string& key, const std::string& what) const {
  throw InvalidInput("{}{} {}", document_.place(path_of(key)), key, what);
}

const Json& Section::value(const std::string& key) const {
  if (!has(key)) throw InvalidInput("{}{} is missing", document_.place(path_), key);
  return table_[key];
}

void Section::wrong_type(const std::string& key, const std::string& expected) const {
  fail(key, fmt::format("must be {}, found {}", expected, shown(value(key))));
}

}  // namespace lehr::study
