// What a family's arguments are, described once: the parser, the printer, the listing of families and the
// documentation all read the same Signature.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lehr/schedule/expression.hpp"
#include "lehr/schedule/place.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::schedule {

enum class ArgumentKind { number, integer, length, word, text, numbers, lengths, schedule };

struct Range {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool open_low = false;  // `low` itself is not allowed
  bool holds(double value) const { return (open_low ? value > low : value >= low) && value <= high; }
};
inline constexpr Range positive{.low = 0, .open_low = true};

struct Parameter {
  std::string name;
  ArgumentKind kind = ArgumentKind::number;
  std::string help;
  std::string default_text = {};          // as the printer writes it; empty: none
  Range range = {};                       // of a number, an integer, or each entry of a list of numbers
  std::vector<std::string> choices = {};  // of a word
  bool optional = false;                  // may be absent though it has no default
  bool bare = false;                      // printed without its name
  std::string allowed() const;            // "number above 0", "linear, cosine", "share of the run or steps"
};

struct Signature {
  std::string name;
  std::string summary;  // one line
  std::vector<Parameter> parameters;
  std::string usage() const;  // "geometric(from, to)", "wsd(peak, to, start=0.8, ...)"
};

// One argument's value; monostate: absent.
using Argument = std::variant<std::monostate, double, Length, std::string, std::vector<double>,
                              std::vector<Length>, Schedule>;

// The arguments of one call, in the order of the signature. Each accessor takes a parameter of the matching
// kind.
class Arguments {
 public:
  Arguments(const Signature& signature, std::vector<Argument> values)
      : signature_(&signature), values_(std::move(values)) {}
  double number(std::string_view name) const { return get<double>(name); }
  std::int64_t integer(std::string_view name) const { return static_cast<std::int64_t>(get<double>(name)); }
  Length length(std::string_view name) const { return get<Length>(name); }
  const std::string& word(std::string_view name) const { return get<std::string>(name); }
  const std::vector<double>& numbers(std::string_view name) const { return get<std::vector<double>>(name); }
  const std::vector<Length>& lengths(std::string_view name) const { return get<std::vector<Length>>(name); }
  const Schedule& schedule(std::string_view name) const { return get<Schedule>(name); }
  bool has(std::string_view name) const { return !std::holds_alternative<std::monostate>(find(name)); }
  // True when a length among the arguments, those of inner schedules included, is in steps.
  bool count_steps() const;
  // The call as text: defaults are left out.
  std::string text() const;

 private:
  const Argument& find(std::string_view name) const;
  template <class T>
  const T& get(std::string_view name) const {
    return std::get<T>(find(name));
  }
  const Signature* signature_;
  std::vector<Argument> values_;
};

// What a text was parsed as and where its relative file names start.
struct Source {
  std::string what;  // "schedule": starts the messages
  std::filesystem::path base;
  template <class... Args>
  [[noreturn]] void fail(std::size_t column, fmt::format_string<Args...> format, Args&&... args) const {
    throw InvalidInput(fmt::format("{}, column {}: ", what, column) +
                       fmt::format(format, std::forward<Args>(args)...));
  }
};

// Matches the arguments of `call` to `signature`: by position, then by name. Throws InvalidInput with the
// column for an unknown, repeated or missing argument, a wrong kind, or a value out of range. `signature`
// must outlive the result.
Arguments bind(const Signature& signature, const Expression& call, const Source& source);

}  // namespace lehr::schedule
