#include "lehr/schedule/expression.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace lehr::schedule {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_word(char c) { return starts_word(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Parser {
 public:
  Parser(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  Expression whole() {
    if (text_.size() > longest_text)
      throw InvalidInput("{}: {} bytes long, allowed are {}", what_, text_.size(), longest_text);
    Expression result = value(0);
    skip_space();
    if (at_ < text_.size()) fail(at_, "expected the end, found {}", next_shown());
    return result;
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(std::size_t position, fmt::format_string<Args...> format, Args&&... args) const {
    throw InvalidInput(fmt::format("{}, column {}: ", what_, position + 1) +
                       fmt::format(format, std::forward<Args>(args)...));
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string next_shown() const {
    return at_ < text_.size() ? quote(text_.substr(at_, 1)) : std::string("the end of the text");
  }

  Expression value(int depth) {
    skip_space();
    if (depth > deepest_nesting) fail(at_, "nested more than {} deep", deepest_nesting);
    const char c = peek();
    if (is_digit(c) || c == '.' || c == '-') return number();
    if (c == '"') return quoted_text();
    if (c == '[') return list(depth);
    if (starts_word(c)) return word_or_call(depth);
    fail(at_, "expected a value, found {}", next_shown());
  }

  Expression begin(Expression::Kind kind) const {
    Expression result;
    result.kind = kind;
    result.column = at_ + 1;
    return result;
  }

  Expression number() {
    Expression result = begin(Expression::Kind::number);
    const std::size_t from = at_;
    const char* const first = text_.data() + at_;
    const char* const last = text_.data() + text_.size();
    const char* const digit = *first == '-' ? first + 1 : first;
    if (digit == last || !(is_digit(*digit) || *digit == '.'))
      fail(from, "expected a number after '-'");  // also keeps "-inf" and "-nan" out
    const auto [end, error] = std::from_chars(first, last, result.number);
    if (error == std::errc::invalid_argument) fail(from, "expected a number, found {}", next_shown());
    const std::string_view digits(first, static_cast<std::size_t>(end - first));
    if (error == std::errc::result_out_of_range) fail(from, "the number {} is out of range", quote(digits));
    at_ += digits.size();
    if (starts_word(peek())) take_unit(result, from);
    return result;
  }

  void take_unit(Expression& number, std::size_t from) {
    static const std::vector<std::string> units{"steps"};
    const std::size_t unit_at = at_;
    const std::string unit = word();
    if (unit != "steps") fail(unit_at, "unknown unit {}{}", quote(unit), hint(unit, units));
    if (number.number != std::floor(number.number) || number.number < 0 || number.number > 1e15)
      fail(from, "steps are whole numbers from 0 to 1e15, found {}", number_text(number.number));
    number.number += 0.0;  // "-0steps" is no different from "0steps"
    number.kind = Expression::Kind::steps;
  }

  std::string word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && continues_word(text_[at_])) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  Expression quoted_text() {
    Expression result = begin(Expression::Kind::text);
    const std::size_t from = at_;
    const std::size_t end = text_.find('"', at_ + 1);
    if (end == std::string_view::npos) fail(from, "the text that starts here has no closing '\"'");
    result.text = text_.substr(at_ + 1, end - at_ - 1);
    for (const char c : result.text)
      if (static_cast<unsigned char>(c) < ' ')
        fail(from, "the text that starts here holds a control character");
    at_ = end + 1;
    return result;
  }

  Expression list(int depth) {
    Expression result = begin(Expression::Kind::list);
    take('[');
    if (take(']')) return result;
    do result.items.push_back(value(depth + 1));
    while (take(','));
    if (!take(']')) fail(at_, "expected ',' or ']', found {}", next_shown());
    return result;
  }

  Expression word_or_call(int depth) {
    Expression result = begin(Expression::Kind::word);
    result.text = word();
    if (!take('(')) return result;
    result.kind = Expression::Kind::call;
    if (take(')')) return result;
    do argument(result, depth + 1);
    while (take(','));
    if (!take(')')) fail(at_, "expected ',' or ')', found {}", next_shown());
    return result;
  }

  void argument(Expression& call, int depth) {
    skip_space();
    const std::size_t from = at_;
    std::string name;
    if (starts_word(peek())) {
      name = word();
      if (!take('=')) name.clear(), at_ = from;
    }
    if (name.empty() && !call.names.empty() && !call.names.back().empty())
      fail(from, "an argument without a name may not follow a named one");
    call.names.push_back(std::move(name));
    call.name_columns.push_back(from + 1);
    call.items.push_back(value(depth));
  }

  std::string_view text_, what_;
  std::size_t at_ = 0;
};

}  // namespace

std::string Expression::shown() const {
  switch (kind) {
    case Expression::Kind::number:
      return number_text(number);
    case Expression::Kind::steps:
      return steps_text(number);
    case Expression::Kind::text:
    case Expression::Kind::word:
      return quote(text);
    case Expression::Kind::list:
      return "a list";
    case Expression::Kind::call:
      return quote(text + "(...)");
  }
  return {};
}

Expression parse_expression(std::string_view text, std::string_view what) {
  return Parser(text, what).whole();
}

std::string steps_text(double count) { return fmt::format("{:.0f}steps", count); }

std::string number_text(double value) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), end);
  const std::size_t exponent = text.find('e');
  if (exponent == std::string::npos) return text;
  std::size_t digits = exponent + 1;
  if (text[digits] == '+') text.erase(digits, 1);
  if (text[digits] == '-') ++digits;
  while (digits + 1 < text.size() && text[digits] == '0') text.erase(digits, 1);
  return text;
}

}  // namespace lehr::schedule
