// The grammar that schedules, controllers and search families share, and nothing of their meaning:
//
//   value := number | number "steps" | "text" | word | "[" value, ... "]" | word "(" argument, ... ")"
//   argument := [word "="] value
//
// A hand-written recursive descent. Text is limited to 64 KiB and nesting to 32, so hostile text costs
// little.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lehr/core/errors.hpp"

namespace lehr::schedule {

struct Expression {
  enum class Kind { number, steps, text, word, list, call };
  Kind kind = Kind::number;
  double number = 0;               // number, steps
  std::string text;                // text, word; the name of a call
  std::vector<Expression> items;   // the members of a list, the arguments of a call
  std::vector<std::string> names;  // of a call: each argument's name, empty for a positional one
  std::vector<std::size_t> name_columns;
  std::size_t column = 1;  // where it starts, counted in bytes from 1

  // How messages show it: "3", "500steps", "'cosine'", "a list", "'cosine(...)'".
  std::string shown() const;
};

inline constexpr std::size_t longest_text = 64 * 1024;
inline constexpr int deepest_nesting = 32;

// Parses the whole of `text`. `what` starts the messages: "schedule, column 8: ...". Throws InvalidInput.
Expression parse_expression(std::string_view text, std::string_view what);

// A number in a short form that reads back to the same bits: that of std::to_chars, exponents without padding
// ("3e-4", "0.001", "24000").
std::string number_text(double value);

// A whole number of steps: "500steps".
std::string steps_text(double count);

}  // namespace lehr::schedule
