#include "lehr/tour/line_words.hpp"

#include <charconv>
#include <cmath>

namespace lehr::tour {

namespace {

constexpr std::string_view blanks = " \t\r\f\v";

// from_chars takes no plus sign.
std::string_view without_plus(std::string_view word) {
  const bool plus = word.size() > 1 && word[0] == '+' && word[1] != '-' && word[1] != '+';
  return plus ? word.substr(1) : word;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

bool LineWords::next_line() {
  if (at_ >= text_.size()) return false;
  begin_ = at_;
  const std::size_t end = std::min(text_.find('\n', at_), text_.size());
  line_ = rest_ = trimmed(text_.substr(begin_, end - begin_));
  at_ = std::min(end + 1, text_.size());
  ++number_;
  return true;
}

std::optional<std::string_view> LineWords::word() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t end = std::min(rest_.find_first_of(blanks), rest_.size());
  const std::string_view word = rest_.substr(0, end);
  const std::size_t next = rest_.find_first_not_of(blanks, end);
  rest_ = next == std::string_view::npos ? std::string_view() : rest_.substr(next);
  return word;
}

std::optional<std::string_view> LineWords::any_word() {
  while (true) {
    if (const auto found = word()) return found;
    if (!next_line()) return std::nullopt;
  }
}

double LineWords::finite(std::string_view word, std::string_view what) const {
  const std::string_view digits = without_plus(word);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || error == std::errc::invalid_argument)
    refuse("expected {}, found {}", what, quote(word));
  if (error == std::errc::result_out_of_range || !std::isfinite(value))
    refuse("expected {}, a finite number, found {}", what, quote(word));
  return value;
}

std::int64_t LineWords::whole(std::string_view word, std::string_view what) const {
  const std::string_view digits = without_plus(word);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || error != std::errc())
    refuse("expected {}, a whole number, found {}", what, quote(word));
  return value;
}

}  // namespace lehr::tour
