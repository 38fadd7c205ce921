#include "lehr/spin/files/line_scanner.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

namespace lehr::spin {

LineScanner::LineScanner(std::string_view text, std::string_view file, std::string_view comment_marks,
                         const ReadProgress& progress)
    : begin_(text.data()),
      at_(begin_),
      end_(begin_ + text.size()),
      reported_(begin_),
      file_(file),
      comment_marks_(comment_marks),
      progress_(progress) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) at_ += kByteOrderMark.size();
}

void LineScanner::skip_line() {
  if (at_ != end_)
    at_ = static_cast<const char*>(std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_)));
  if (at_ == nullptr) at_ = end_;
}

bool LineScanner::next_line() {
  constexpr std::ptrdiff_t kReportEvery = 1 << 20;
  for (bool on_line = line_ > 0;; on_line = true) {
    if (on_line) skip_line();
    if (progress_ && (at_ == end_ || at_ - reported_ >= kReportEvery)) {
      progress_(static_cast<std::uint64_t>(at_ - begin_), bytes());
      reported_ = at_;
    }
    if (at_ == end_) return false;
    if (on_line) ++at_;
    ++line_;
    skip_blanks();
    if (at_ == end_ || *at_ == '\n') continue;
    if (comment_marks_.find(*at_) == std::string_view::npos) return true;
    const char* const comment = at_ + 1;
    skip_line();
    if (see_comment_) see_comment_({comment, static_cast<std::size_t>(at_ - comment)});
  }
}

std::string_view LineScanner::word(std::string_view what) {
  if (line_ends()) refuse("expected {}, the line ends", what);
  const char* const from = at_;
  while (!ends_word(at_)) ++at_;
  return {from, static_cast<std::size_t>(at_ - from)};
}

// Reads an integer of at most 15 digits, which a double holds exactly, and returns its end; nullptr when the
// word is something else.
const char* LineScanner::short_integer(std::int64_t& value) const {
  constexpr std::ptrdiff_t kMostDigits = 15;
  const char* at = at_;
  const bool negative = at != end_ && *at == '-';
  if (at != end_ && (*at == '-' || *at == '+')) ++at;
  const char* const first = at;
  for (value = 0; at != end_ && *at >= '0' && *at <= '9' && at - first < kMostDigits; ++at)
    value = 10 * value + (*at - '0');
  if (at == first || !ends_word(at)) return nullptr;
  if (negative) value = -value;
  return at;
}

std::int64_t LineScanner::integer(std::string_view what, std::int64_t lowest, std::int64_t highest) {
  skip_blanks();
  std::int64_t value = 0;
  const char* const end = short_integer(value);
  if (end == nullptr || value < lowest || value > highest)
    refuse("expected {} from {} to {}, found {}", what, lowest, highest, quote(word(what)));
  at_ = end;
  return value;
}

double LineScanner::number(std::string_view what) {
  skip_blanks();
  std::int64_t value = 0;
  const char* const end = short_integer(value);
  if (end == nullptr) return long_number(what);
  const bool negative_zero = value == 0 && *at_ == '-';
  at_ = end;
  return negative_zero ? -0.0 : static_cast<double>(value);
}

double LineScanner::long_number(std::string_view what) {
  const std::string_view text = word(what);
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range && end == digits.data() + digits.size())
    refuse("expected {}, found {}, which is beyond the range of doubles", what, quote(text));
  if (error != std::errc{} || end != digits.data() + digits.size())
    refuse("expected {}, found {}", what, quote(text));
  if (!std::isfinite(value)) refuse("expected {}, found {}, which is not finite", what, quote(text));
  return value;
}

void LineScanner::refuse_rest() const {
  const auto rest = static_cast<std::size_t>(end_ - at_);
  const std::string_view text(at_, rest);
  refuse("expected the end of the line, found {}", quote(text.substr(0, std::min(text.find('\n'), rest))));
}

}  // namespace lehr::spin
