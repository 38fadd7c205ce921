// The errors that Lehr throws, and the hint "did you mean" that their messages use.
//
//   InvalidInput      the user can fix it: options, schedules, studies, contents of files (exit code 2)
//   IoError           a file cannot be read or written; the message starts with its path (exit code 2)
//   NumericalFailure  a computation left the finite numbers; names the step and the quantity (exit code 3)
#pragma once

#include <fmt/format.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lehr {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct InvalidInput : Error {
  using Error::Error;
  template <class... Args>
  explicit InvalidInput(fmt::format_string<Args...> format, Args&&... args)
      : Error(fmt::format(format, std::forward<Args>(args)...)) {}
};

struct NumericalFailure : Error {
  using Error::Error;
  template <class... Args>
  explicit NumericalFailure(fmt::format_string<Args...> format, Args&&... args)
      : Error(fmt::format(format, std::forward<Args>(args)...)) {}
};

struct IoError : Error {
  IoError(std::string_view path, std::string_view what) : Error(fmt::format("{}: {}", path, what)) {}
};

// The entry of `known` nearest to `word` in edit distance (letter case ignored), or "" when none is near:
// the distance must be at most a third of the longer word's length (at least 1).
std::string nearest(std::string_view word, std::span<const std::string> known);

// " (did you mean 'x'?)" for the nearest known word, or " (known: a, b, c)" when none is near; of more than 20
// known words the rest is counted: " (known: a, b, ..., t and 7 more)".
std::string hint(std::string_view word, std::span<const std::string> known);

// `text` shortened to at most `limit` printable characters, in quotes, for use in messages about hostile
// input: control characters and bytes that are not ASCII appear as '?'.
std::string quote(std::string_view text, std::size_t limit = 40);

}  // namespace lehr
