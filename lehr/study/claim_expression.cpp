#include "lehr/study/claim_expression.hpp"

#include <muParser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::study {
namespace {

constexpr std::size_t max_length = 4096;
constexpr int max_brackets = 64;
const std::vector<std::string> functions = {"abs", "min", "max", "sqrt", "exp", "ln"};

struct Token {
  enum class Kind {
    number,
    value,
    function,
    sign,
    comparison,
    conjunction,
    disjunction,
    negation,
    open,
    close,
    comma
  };
  Kind kind;
  std::string_view text;  // in the claim
};
using Tokens = std::span<const Token>;

[[noreturn]] void refuse(std::string_view claim, const std::string& what) {
  throw InvalidInput("claim {}: {}", quote(claim, 100), what);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ---- words ------------------------------------------------------------------------------------------------

Token word_token(std::string_view claim, std::string_view word) {
  if (word == "and") return {Token::Kind::conjunction, word};
  if (word == "or") return {Token::Kind::disjunction, word};
  if (word == "not") return {Token::Kind::negation, word};
  if (const std::size_t dot = word.find('.'); dot != std::string_view::npos) {
    if (dot == 0 || word.back() == '.') refuse(claim, fmt::format("{} is no arm.metric", quote(word)));
    return {Token::Kind::value, word};
  }
  if (std::ranges::find(functions, word) == functions.end())
    refuse(claim, fmt::format("unknown word {}; values are written arm.metric, functions are {}", quote(word),
                              fmt::join(functions, ", ")));
  return {Token::Kind::function, word};
}

Token sign_token(std::string_view claim, std::size_t at) {
  const std::string_view two = claim.substr(at, 2), one = claim.substr(at, 1);
  for (const std::string_view comparison : {"<=", ">=", "==", "!="})
    if (two == comparison) return {Token::Kind::comparison, two};
  if (two == "&&") return {Token::Kind::conjunction, two};
  if (two == "||") return {Token::Kind::disjunction, two};
  switch (claim[at]) {
    case '<':
    case '>':
      return {Token::Kind::comparison, one};
    case '+':
    case '-':
    case '*':
    case '/':
    case '^':
      return {Token::Kind::sign, one};
    case '(':
      return {Token::Kind::open, one};
    case ')':
      return {Token::Kind::close, one};
    case ',':
      return {Token::Kind::comma, one};
    case '!':
      return {Token::Kind::negation, one};
    case '=':
      refuse(claim, fmt::format("'=' at column {}: equality is written ==", at + 1));
    default:
      refuse(claim, fmt::format("unexpected {} at column {}", quote(one), at + 1));
  }
}

std::vector<Token> tokenize(std::string_view claim) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < claim.size();) {
    const char c = claim[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
    } else if (is_digit(c) || c == '.') {
      double value = 0;
      const auto [end, code] = std::from_chars(claim.data() + at, claim.data() + claim.size(), value);
      if (code != std::errc()) refuse(claim, fmt::format("the number at column {} cannot be read", at + 1));
      const std::size_t length = static_cast<std::size_t>(end - claim.data()) - at;
      tokens.push_back({Token::Kind::number, claim.substr(at, length)});
      at += length;
    } else if (is_letter(c)) {
      std::size_t end = at;
      while (end < claim.size() &&
             (is_letter(claim[end]) || is_digit(claim[end]) || claim[end] == '.' || claim[end] == '@'))
        ++end;
      tokens.push_back(word_token(claim, claim.substr(at, end - at)));
      at = end;
    } else {
      tokens.push_back(sign_token(claim, at));
      at += tokens.back().text.size();
    }
  }
  return tokens;
}

void check_brackets(std::string_view claim, Tokens tokens) {
  int depth = 0;
  for (const Token& token : tokens) {
    if (token.kind == Token::Kind::open && ++depth > max_brackets)
      refuse(claim, fmt::format("brackets deeper than {}", max_brackets));
    if (token.kind == Token::Kind::close && --depth < 0) refuse(claim, "a ')' without its '('");
  }
  if (depth > 0) refuse(claim, "a '(' without its ')'");
}

// The tokens between those of `kind` that stand outside all brackets.
std::vector<Tokens> split(Tokens tokens, Token::Kind kind) {
  std::vector<Tokens> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind == Token::Kind::open) ++depth;
    if (tokens[i].kind == Token::Kind::close) --depth;
    if (depth > 0 || tokens[i].kind != kind) continue;
    parts.push_back(tokens.subspan(begin, i - begin));
    begin = i + 1;
  }
  parts.push_back(tokens.subspan(begin));
  return parts;
}

// ---- sides ------------------------------------------------------------------------------------------------

double smallest(const double* values, int count) {
  if (count < 1) throw mu::ParserError("min needs a value");
  return *std::min_element(values, values + count);
}
double largest(const double* values, int count) {
  if (count < 1) throw mu::ParserError("max needs a value");
  return *std::max_element(values, values + count);
}

double evaluate_formula(const std::string& formula, std::span<const double> numbers) {
  mu::Parser parser;
  parser.ClearFun();
  parser.ClearConst();
  parser.DefineFun(
      "abs", +[](double x) { return std::abs(x); });
  parser.DefineFun(
      "sqrt", +[](double x) { return std::sqrt(x); });
  parser.DefineFun(
      "exp", +[](double x) { return std::exp(x); });
  parser.DefineFun(
      "ln", +[](double x) { return std::log(x); });
  parser.DefineFun("min", smallest);
  parser.DefineFun("max", largest);
  std::vector<double> values(numbers.begin(), numbers.end());
  for (std::size_t i = 0; i < values.size(); ++i) parser.DefineVar("v" + std::to_string(i), &values[i]);
  parser.SetExpr(formula);
  return parser.Eval();
}

ClaimSide read_side(std::string_view claim, Tokens tokens) {
  if (tokens.empty()) refuse(claim, "a comparison lacks one of its sides");
  ClaimSide side;
  const char* begin = tokens.front().text.data();
  side.text.assign(begin, tokens.back().text.data() + tokens.back().text.size());
  for (const Token& token : tokens) {
    if (token.kind == Token::Kind::comparison || token.kind == Token::Kind::conjunction ||
        token.kind == Token::Kind::disjunction || token.kind == Token::Kind::negation)
      refuse(claim, fmt::format("{} inside the arithmetic of {}", quote(token.text), quote(side.text)));
    if (token.kind == Token::Kind::value) {
      side.formula += fmt::format("v{} ", side.values.size());
      side.values.emplace_back(token.text);
    } else {  // muParser wants a function's bracket right behind its name
      side.formula += fmt::format("{}{}", token.text, token.kind == Token::Kind::function ? "" : " ");
    }
  }
  try {
    if (split(tokens, Token::Kind::comma).size() > 1) throw mu::ParserError("a comma outside a function");
    evaluate_formula(side.formula, std::vector<double>(side.values.size(), 1.0));
  } catch (const mu::ParserError&) {
    refuse(claim, fmt::format("{} cannot be read as arithmetic", quote(side.text)));
  }
  return side;
}

// ---- logic ------------------------------------------------------------------------------------------------

// True when the first token's bracket closes with the last token.
bool is_bracketed(Tokens tokens) {
  if (tokens.empty() || tokens.front().kind != Token::Kind::open) return false;
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind == Token::Kind::open) ++depth;
    if (tokens[i].kind == Token::Kind::close && --depth == 0) return i + 1 == tokens.size();
  }
  return false;
}

ClaimExpression parse(std::string_view claim, Tokens tokens) {
  while (is_bracketed(tokens)) tokens = tokens.subspan(1, tokens.size() - 2);
  for (const auto& [sign, kind] : {std::pair(Token::Kind::disjunction, ClaimExpression::Kind::any),
                                   std::pair(Token::Kind::conjunction, ClaimExpression::Kind::all)})
    if (const std::vector<Tokens> parts = split(tokens, sign); parts.size() > 1) {
      ClaimExpression joined{kind, {}, {}, {}, {}};
      for (const Tokens part : parts) joined.parts.push_back(parse(claim, part));
      return joined;
    }
  if (!tokens.empty() && tokens.front().kind == Token::Kind::negation)
    return {ClaimExpression::Kind::negation, {parse(claim, tokens.subspan(1))}, {}, {}, {}};
  const std::vector<Tokens> sides = split(tokens, Token::Kind::comparison);
  if (sides.size() < 2) refuse(claim, "a claim compares two sides by <, <=, >, >=, == or !=");
  if (sides.size() > 2) refuse(claim, "a chain of comparisons; write 'a < b and b < c'");
  ClaimExpression comparison;
  comparison.comparison = tokens[sides[0].size()].text;
  comparison.left = read_side(claim, sides[0]);
  comparison.right = read_side(claim, sides[1]);
  return comparison;
}

void collect(const ClaimExpression& expression, std::vector<std::string>& values) {
  for (const ClaimExpression& part : expression.parts) collect(part, values);
  for (const ClaimSide* side : {&expression.left, &expression.right})
    for (const std::string& value : side->values)
      if (std::ranges::find(values, value) == values.end()) values.push_back(value);
}

}  // namespace

double ClaimSide::evaluate(std::span<const double> numbers) const {
  return evaluate_formula(formula, numbers);
}

ClaimExpression parse_claim(std::string_view text) {
  if (text.size() > max_length) refuse(text, fmt::format("longer than {} bytes", max_length));
  const std::vector<Token> tokens = tokenize(text);
  check_brackets(text, tokens);
  return parse(text, tokens);
}

std::vector<std::string> values_of(const ClaimExpression& expression) {
  std::vector<std::string> values;
  collect(expression, values);
  return values;
}

}  // namespace lehr::study
