// The form of a claim: comparisons of arithmetic sides, joined by and / or / not.
//
//   claim      = all { "or" all } ;  all = part { "and" part } ;  part = "not" part | "(" claim ")" |
//   comparison comparison = side ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) side side       = muParser's
//   arithmetic of numbers, arm.metric values and the functions abs min max sqrt exp ln
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::study {

// One side of a comparison.
struct ClaimSide {
  std::string text;                 // as the study's author wrote it
  std::string formula;              // for muParser: values are called v0, v1, ...
  std::vector<std::string> values;  // "arm.metric" of v0, v1, ...
  // The side's value, given one number per entry of `values`.
  double evaluate(std::span<const double> numbers) const;
};

struct ClaimExpression {
  enum class Kind { comparison, all, any, negation };
  Kind kind = Kind::comparison;
  std::vector<ClaimExpression> parts;  // of all, any and negation
  std::string comparison;              // "<=" and so on
  ClaimSide left, right;
};

// Throws InvalidInput that quotes the claim and says what is wrong. Text longer than 4096 bytes or with
// brackets deeper than 64 is refused.
ClaimExpression parse_claim(std::string_view text);

// The "arm.metric" values of all sides, each once, in the order of the text.
std::vector<std::string> values_of(const ClaimExpression& expression);

}  // namespace lehr::study
