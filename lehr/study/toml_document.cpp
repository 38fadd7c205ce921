#include "lehr/study/toml_document.hpp"

#include <toml++/toml.h>

#include "lehr/core/errors.hpp"

namespace lehr::study {
namespace {

constexpr std::size_t max_bytes = 1 << 20;
constexpr int max_depth = 32;
constexpr std::size_t max_dots = 200;
constexpr std::size_t max_keys = 2000;

using Places = std::map<std::string, std::string, std::less<>>;

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "/" + std::string(key);
}

// The parser would nest a key "a.a.a..." without limit: refuses a stretch of text between delimiters with too
// many dots.
void check_dots(std::string_view text, const std::string& file) {
  std::size_t dots = 0, line = 1;
  for (const char c : text) {
    if (c == '.' && ++dots > max_dots)
      throw InvalidInput("{}:{}: more than {} dots in one key or value", file, line, max_dots);
    if (c == '\n' || c == '=' || c == ',' || c == '[' || c == ']' || c == '{' || c == '}') dots = 0;
    if (c == '\n') ++line;
  }
}

template <class Value>
std::string printed(const Value& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// Converts nodes, and notes the line of each in `places`.
class Converter {
 public:
  Converter(const std::string& file, Places* places) : file_(file), places_(places) {}

  Json convert(const toml::node& node, const std::string& path, int depth) {
    const std::string place = fmt::format("{}:{}: ", file_, node.source().begin.line);
    if (depth > max_depth) throw InvalidInput("{}nested deeper than {} levels", place, max_depth);
    if (places_ != nullptr && !path.empty()) (*places_)[path] = place;
    if (const toml::table* table = node.as_table()) {
      if (table->size() > max_keys) throw InvalidInput("{}a table with more than {} keys", place, max_keys);
      Json object = Json::object();
      for (const auto& [key, value] : in_file_order(*table))
        object[std::string(key->str())] = convert(*value, join(path, key->str()), depth + 1);
      return object;
    }
    if (const toml::array* array = node.as_array()) {
      Json list = Json::array();
      for (std::size_t i = 0; i < array->size(); ++i)
        list.push_back(convert(*array->get(i), join(path, std::to_string(i)), depth + 1));
      return list;
    }
    return scalar(node);
  }

 private:
  // toml++ sorts keys by name; people expect their own order.
  static std::vector<std::pair<const toml::key*, const toml::node*>> in_file_order(const toml::table& table) {
    std::vector<std::pair<const toml::key*, const toml::node*>> entries;
    for (auto entry = table.cbegin(); entry != table.cend(); ++entry)
      entries.emplace_back(&entry->first, &entry->second);
    const auto position = [](const auto& entry) {
      const toml::source_position at = entry.first->source().begin;
      return std::pair(at.line, at.column);
    };
    std::ranges::stable_sort(entries, {}, position);
    return entries;
  }

  static Json scalar(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* whole = node.as_integer()) return whole->get();
    if (const auto* number = node.as_floating_point()) return json_number(number->get());
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* date = node.as_date()) return printed(date->get());
    if (const auto* time = node.as_time()) return printed(time->get());
    if (const auto* both = node.as_date_time()) return printed(both->get());
    return nullptr;
  }

  const std::string& file_;
  Places* places_;
};

Json parse_toml(std::string_view text, const std::string& file, Places* places) {
  if (text.size() > max_bytes) throw InvalidInput("{}: larger than {} bytes", file, max_bytes);
  check_dots(text, file);
  try {
    const toml::table table = toml::parse(text);
    return Converter(file, places).convert(table, "", 0);
  } catch (const toml::parse_error& error) {
    throw InvalidInput("{}:{}: {}", file, error.source().begin.line, error.description());
  }
}

// The value of an assignment: TOML where it is ("3", "[1, 2]", "{ steps = 10 }"), else the text itself.
Json parse_word(const std::string& word) {
  if (word.find_first_of("\r\n") == std::string::npos) try {
      const Json parsed = parse_toml("value = " + word, "", nullptr);
      if (parsed.size() == 1) return parsed["value"];
    } catch (const InvalidInput&) {
    }
  return word;
}

std::vector<std::string> split_key(const std::string& key) {
  std::vector<std::string> parts = {""};
  for (const char c : key)
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

// The position in the [[arm]] list of the arm called `name`.
std::string arm_position(const Json& root, const std::string& name) {
  std::vector<std::string> known;
  if (root.contains("arm") && root["arm"].is_array())
    for (const Json& arm : root["arm"]) {
      if (arm.is_object() && arm.contains("name") && arm["name"].is_string())
        known.push_back(arm["name"].get<std::string>());
      else
        known.emplace_back();
      if (known.back() == name) return std::to_string(known.size() - 1);
    }
  throw InvalidInput("no arm {}{}", quote(name), hint(name, known));
}

}  // namespace

TomlDocument::TomlDocument(std::string_view text, const std::filesystem::path& file)
    : file_(file.string()), root_(parse_toml(text, file_, &places_)) {}

void TomlDocument::set(const std::string& assignment) {
  const std::string shown =
      "--set " + quote(assignment, 80).substr(1, std::min<std::size_t>(assignment.size(), 80));
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) throw InvalidInput("{}: expected key=value", shown);
  std::vector<std::string> keys = split_key(assignment.substr(0, equals));
  if (keys.size() > static_cast<std::size_t>(max_depth))
    throw InvalidInput("{}: more than {} keys", shown, max_depth);
  try {
    if (keys.front() == "arm" && keys.size() > 1) keys[1] = arm_position(root_, keys[1]);
    Json* level = &root_;
    std::string path;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].empty()) throw InvalidInput("an empty key");
      path = join(path, keys[i]);
      if (level->is_array())  // only [[arm]] is entered, at a position that exists
        level = &level->at(static_cast<std::size_t>(std::stoul(keys[i])));
      else if (level->is_object())
        level = &(*level)[keys[i]];
      else
        throw InvalidInput("'{}' is not a table",
                           fmt::join(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(i), "."));
      if (i + 1 < keys.size() && level->is_null()) *level = Json::object();
      if (i + 1 < keys.size() && level->is_array() && path != "arm")
        throw InvalidInput("'{}' is a list; set it as a whole", path);
    }
    *level = parse_word(assignment.substr(equals + 1));
    places_[path] = shown + ": ";
  } catch (const InvalidInput& error) {
    throw InvalidInput("{}: {}", shown, error.what());
  }
}

std::string TomlDocument::place(std::string path) const {
  while (!path.empty()) {
    if (const auto found = places_.find(path); found != places_.end()) return found->second;
    const std::size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
  return file_ + ": ";
}

}  // namespace lehr::study
