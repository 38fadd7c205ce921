// Options described once: name, default, unit, range and one line of help, bound to the fields of a plain
// struct. TOML keys, command-line flags, JSON, `lehr tasks NAME` and the docs' tables all come from this
// description:
//
//   struct AnnealOptions {
//     std::int64_t reads = 64;
//     void describe(OptionTable& table) {
//       table.add("reads", reads, "independent runs of the schedule").range(1, 1e6);
//     }
//   };
//   AnnealOptions options;
//   read_options(options, json, "options");   // unknown key, wrong type, out of range: InvalidInput
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/budget.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/json.hpp"

namespace lehr {

// How a C++ type is written and read as an option's value. `from_json` throws InvalidInput whose text
// completes "options.reads: ..."; `from_word` makes the JSON value of one command-line word. Specialise for a
// new type. Where a value can name files, `from_json` takes as a second argument the folder that relative
// paths start from.
template <class T>
struct OptionType;

// OptionType<T>::from_json, with the folder `base` where it takes one.
template <class T>
T option_value(const Json& value, const std::filesystem::path& base) {
  if constexpr (requires { OptionType<T>::from_json(value, base); })
    return OptionType<T>::from_json(value, base);
  else
    return OptionType<T>::from_json(value);
}

class Option {
 public:
  std::string name, help, type;
  Json default_value;
  std::string unit_text;
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool open_low = false, open_high = false, is_required = false, is_list = false, is_flag = false,
       is_positional = false;
  std::vector<std::string> choice_names;

  Option& unit(std::string text) { return unit_text = std::move(text), *this; }
  Option& range(double from, double to) { return low = from, high = to, *this; }
  Option& at_least(double from) { return low = from, *this; }
  Option& above(double from) { return low = from, open_low = true, *this; }
  Option& below(double to) { return high = to, open_high = true, *this; }
  Option& choices(std::vector<std::string> names) { return choice_names = std::move(names), *this; }
  Option& required() { return is_required = true, *this; }
  // On the command line the value may also stand alone, without its flag.
  Option& positional() { return is_positional = true, *this; }

  // What is allowed, for messages and tables: "integer in [1, 1000]", "one of a, b".
  std::string allowed() const;
  // Reads and checks a value, and stores it in the bound field. Relative paths in it start from `base` (empty:
  // the working folder). Throws InvalidInput.
  void set(const Json& value, std::string_view where, const std::filesystem::path& base = {}) const;
  // The JSON value of command-line words (several for lists).
  Json from_words(const std::vector<std::string>& words, std::string_view where) const;
  Json get() const { return read_field_(); }

 private:
  friend class OptionTable;
  void check(const Json& value, std::string_view where) const;
  std::function<Json()> read_field_;
  std::function<void(const Json&, const std::filesystem::path& base)> write_field_;
  std::function<Json(const std::string&)> from_word_;
};

class OptionTable {
 public:
  // Describes one field. The table refers to `field`, which must outlive it.
  template <class T>
  Option& add(std::string name, T& field, std::string help);

  // Describes a nested struct with a describe function of its own: TOML table `name`, flags `--name.key`.
  template <class Options>
  void group(const std::string& name, Options& nested) {
    const std::string outer = prefix_;
    prefix_ += name + ".";
    nested.describe(*this);
    prefix_ = outer;
  }

  // Sets the fields from a JSON object (nested objects for groups); keys that are absent keep their defaults,
  // except required ones. `where` starts the messages ("arm 'cosine'"); relative paths in values start from
  // `base` (empty: the working folder).
  void read(const Json& object, std::string_view where, const std::filesystem::path& base = {}) const;
  // All values, nested as `read` takes them.
  Json values() const;
  const std::vector<Option>& options() const { return options_; }
  const Option* find(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  void read_level(const Json& object, const std::string& prefix, std::string_view where,
                  const std::filesystem::path& base) const;
  std::vector<Option> options_;
  std::string prefix_;
};

template <class Options>
OptionTable describe(Options& options) {
  OptionTable table;
  options.describe(table);
  return table;
}

template <class Options>
void read_options(Options& options, const Json& object, std::string_view where,
                  const std::filesystem::path& base = {}) {
  describe(options).read(object, where, base);
}

// ---- types
// ----------------------------------------------------------------------------------------------------

namespace option_types {
Json number_word(const std::string& word);
double to_double(const Json& value);
std::int64_t to_integer(const Json& value);
bool to_bool(const Json& value);
std::string to_string(const Json& value);
}  // namespace option_types

template <>
struct OptionType<double> {
  static constexpr const char* name = "number";
  static double from_json(const Json& value) { return option_types::to_double(value); }
  static Json to_json(double value) { return json_number(value); }
  static Json from_word(const std::string& word) { return option_types::number_word(word); }
};
template <>
struct OptionType<std::int64_t> {
  static constexpr const char* name = "integer";
  static std::int64_t from_json(const Json& value) { return option_types::to_integer(value); }
  static Json to_json(std::int64_t value) { return value; }
  static Json from_word(const std::string& word) { return option_types::number_word(word); }
};
template <>
struct OptionType<int> : OptionType<std::int64_t> {
  static int from_json(const Json& value) {
    const std::int64_t wide = option_types::to_integer(value);
    if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max())
      throw InvalidInput("expected an integer of 32 bits, found {}", wide);
    return static_cast<int>(wide);
  }
};
template <>
struct OptionType<bool> {
  static constexpr const char* name = "true or false";
  static bool from_json(const Json& value) { return option_types::to_bool(value); }
  static Json to_json(bool value) { return value; }
  static Json from_word(const std::string& word) {
    if (word == "true" || word == "yes" || word == "1") return true;
    if (word == "false" || word == "no" || word == "0") return false;
    throw InvalidInput("expected true or false, found {}", quote(word));
  }
};
template <>
struct OptionType<std::string> {
  static constexpr const char* name = "text";
  static std::string from_json(const Json& value) { return option_types::to_string(value); }
  static Json to_json(const std::string& value) { return value; }
  static Json from_word(const std::string& word) { return word; }
};
template <>
struct OptionType<Json> {
  static constexpr const char* name = "table";
  static Json from_json(const Json& value) { return value; }
  static Json to_json(const Json& value) { return value; }
  static Json from_word(const std::string& word) { return parse_json(word, "value"); }
};
template <>
struct OptionType<Budget> {
  static constexpr const char* name = "budget";
  static Budget from_json(const Json& value) { return Budget::from_json(value, "budget"); }
  static Json to_json(const Budget& value) { return value.to_json(); }
  static Json from_word(const std::string& word) {
    return word.starts_with("{") ? parse_json(word, "budget") : option_types::number_word(word);
  }
};
template <class T>
struct OptionType<std::optional<T>> {
  static constexpr const char* name = OptionType<T>::name;
  static std::optional<T> from_json(const Json& value, const std::filesystem::path& base) {
    if (value.is_null()) return std::nullopt;
    return option_value<T>(value, base);
  }
  static Json to_json(const std::optional<T>& value) {
    return value ? OptionType<T>::to_json(*value) : Json();
  }
  static Json from_word(const std::string& word) { return OptionType<T>::from_word(word); }
};
template <class T>
struct OptionType<std::vector<T>> {
  static constexpr const char* name = OptionType<T>::name;
  static std::vector<T> from_json(const Json& value, const std::filesystem::path& base) {
    std::vector<T> list;
    if (!value.is_array()) return {option_value<T>(value, base)};  // a single value is a list of one
    for (const Json& item : value) list.push_back(option_value<T>(item, base));
    return list;
  }
  static Json to_json(const std::vector<T>& list) {
    Json array = Json::array();
    for (const T& item : list) array.push_back(OptionType<T>::to_json(item));
    return array;
  }
  static Json from_word(const std::string& word) { return OptionType<T>::from_word(word); }
};

template <class T>
inline constexpr bool is_list_option = false;
template <class T>
inline constexpr bool is_list_option<std::vector<T>> = true;

template <class T>
Option& OptionTable::add(std::string name, T& field, std::string help) {
  Option& option = options_.emplace_back();
  option.name = prefix_ + std::move(name);
  option.help = std::move(help);
  option.type = OptionType<T>::name;
  option.is_list = is_list_option<T>;
  option.is_flag = std::is_same_v<T, bool>;
  option.default_value = OptionType<T>::to_json(field);
  option.read_field_ = [&field] { return OptionType<T>::to_json(field); };
  option.write_field_ = [&field](const Json& value, const std::filesystem::path& base) {
    field = option_value<T>(value, base);
  };
  option.from_word_ = [](const std::string& word) { return OptionType<T>::from_word(word); };
  return option;
}

}  // namespace lehr
