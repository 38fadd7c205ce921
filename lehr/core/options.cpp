#include "lehr/core/options.hpp"

#include <algorithm>
#include <charconv>

namespace lehr {
namespace option_types {

Json number_word(const std::string& word) {
  std::int64_t whole = 0;
  const char* end = word.data() + word.size();
  if (const auto [rest, code] = std::from_chars(word.data(), end, whole); code == std::errc() && rest == end)
    return whole;
  double value = 0;
  const char* begin = word.starts_with('+') ? word.data() + 1 : word.data();
  if (const auto [rest, code] = std::from_chars(begin, end, value); code == std::errc() && rest == end)
    return json_number(value);
  throw InvalidInput("expected a number, found {}", quote(word));
}

namespace {
std::string shown(const Json& value) {
  return value.is_string() ? quote(value.get<std::string>())
                           : quote(value.dump(-1, ' ', true, Json::error_handler_t::replace));
}
}  // namespace

double to_double(const Json& value) {
  if (value.is_string() || value.is_number()) try {
      return number_from(value);
    } catch (const InvalidInput&) {
    }
  throw InvalidInput("expected a number, found {}", shown(value));
}

std::int64_t to_integer(const Json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > 9223372036854775807ULL)
    throw InvalidInput("expected an integer below 2^63, found {}", shown(value));
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::floor(number) == number && std::abs(number) <= 9007199254740992.0)
      return static_cast<std::int64_t>(number);
  }
  throw InvalidInput("expected an integer, found {}", shown(value));
}

bool to_bool(const Json& value) {
  if (!value.is_boolean()) throw InvalidInput("expected true or false, found {}", shown(value));
  return value.get<bool>();
}

std::string to_string(const Json& value) {
  if (!value.is_string()) throw InvalidInput("expected text, found {}", shown(value));
  return value.get<std::string>();
}

}  // namespace option_types

namespace {

// Whether `object` gives a value to the option `name`; a group's option is nested or has the dot in its key.
bool gives(const Json& object, const std::string& name) {
  if (!object.is_object()) return false;
  if (object.contains(name)) return true;
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || !object.contains(name.substr(0, dot))) return false;
  return gives(object[name.substr(0, dot)], name.substr(dot + 1));
}

}  // namespace

std::string Option::allowed() const {
  if (!choice_names.empty()) return fmt::format("one of {}", fmt::join(choice_names, ", "));
  std::string text = is_list ? "list of " + type : type;
  const bool has_low = std::isfinite(low), has_high = std::isfinite(high);
  if (has_low && has_high)
    text += fmt::format(" in {}{}, {}{}", open_low ? '(' : '[', low, high, open_high ? ')' : ']');
  else if (has_low)
    text += fmt::format(" {} {}", open_low ? "above" : "of at least", low);
  else if (has_high)
    text += fmt::format(" {} {}", open_high ? "below" : "of at most", high);
  return text;
}

void Option::check(const Json& value, std::string_view where) const {
  if (value.is_null()) return;
  if (value.is_array() && is_list) {
    for (const Json& item : value) check(item, where);
    return;
  }
  if (!choice_names.empty() && value.is_string()) {
    const std::string word = value.get<std::string>();
    if (std::ranges::find(choice_names, word) == choice_names.end())
      throw InvalidInput("{}: {} must be {}, found {}{}", where, name, allowed(), quote(word),
                         nearest(word, choice_names).empty() ? "" : hint(word, choice_names));
  }
  if (value.is_number() || (value.is_string() && type == OptionType<double>::name)) {
    const double number = number_from(value);
    const bool above = open_low ? number > low : number >= low;
    const bool below = open_high ? number < high : number <= high;
    if (!above || !below)
      throw InvalidInput("{}: {} must be {}, found {}", where, name, allowed(),
                         value.is_string() ? value.get<std::string>() : value.dump());
  }
}

void Option::set(const Json& value, std::string_view where, const std::filesystem::path& base) const {
  try {
    write_field_(value, base);
  } catch (const InvalidInput& error) {
    throw InvalidInput("{}: {}: {}", where, name, error.what());
  }
  check(read_field_(), where);
}

Json Option::from_words(const std::vector<std::string>& words, std::string_view where) const {
  try {
    if (is_flag && words.empty()) return true;
    if (!is_list) {
      if (words.size() != 1) throw InvalidInput("expected one value, found {}", words.size());
      return from_word_(words.front());
    }
    Json list = Json::array();
    for (const std::string& word : words) list.push_back(from_word_(word));
    return list;
  } catch (const InvalidInput& error) {
    throw InvalidInput("{}: {}: {}", where, name, error.what());
  }
}

const Option* OptionTable::find(std::string_view name) const {
  const auto found = std::ranges::find(options_, name, &Option::name);
  return found == options_.end() ? nullptr : &*found;
}

std::vector<std::string> OptionTable::names() const {
  std::vector<std::string> names;
  for (const Option& option : options_) names.push_back(option.name);
  return names;
}

void OptionTable::read(const Json& object, std::string_view where, const std::filesystem::path& base) const {
  if (object.is_null()) return read(Json::object(), where, base);
  if (!object.is_object()) throw InvalidInput("{}: options must be a table of names and values", where);
  read_level(object, "", where, base);
  for (const Option& option : options_) {
    if (!option.is_required) continue;
    const Json value = option.get();
    const bool untouched = value == option.default_value && !gives(object, option.name);
    const bool missing = untouched || value.is_null() || (value.is_array() && value.empty()) ||
                         (value.is_string() && value.get_ref<const std::string&>().empty());
    if (missing) throw InvalidInput("{}: {} is required: {}", where, option.name, option.help);
  }
}

void OptionTable::read_level(const Json& object, const std::string& prefix, std::string_view where,
                             const std::filesystem::path& base) const {
  for (const auto& [key, value] : object.items()) {
    const std::string full = prefix + key;
    if (const Option* option = find(full)) {
      option->set(value, where, base);
      continue;
    }
    const bool is_group = std::ranges::any_of(
        options_, [&](const Option& option) { return option.name.starts_with(full + "."); });
    if (!is_group) {
      const std::vector<std::string> known = names();
      throw InvalidInput("{}: unknown option {}{}", where, quote(full), hint(full, known));
    }
    if (!value.is_object())
      throw InvalidInput("{}: {} must be a table, found {}", where, full, option_types::shown(value));
    read_level(value, full + ".", where, base);
  }
}

Json OptionTable::values() const {
  Json all = Json::object();
  for (const Option& option : options_) {
    Json* level = &all;
    std::string rest = option.name;
    for (std::size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
      level = &(*level)[rest.substr(0, dot)];
      rest = rest.substr(dot + 1);
    }
    (*level)[rest] = option.get();
  }
  return all;
}

}  // namespace lehr
