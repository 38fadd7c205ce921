#include "lehr/spin/files/text_sink.hpp"

#include <array>
#include <charconv>

#include "lehr/core/number_text.hpp"

namespace lehr::spin {

void TextSink::put(std::string_view text) {
  block_ += text;
  flush_if_full();
}

void TextSink::put(double value) {
  append_number(block_, value);
  flush_if_full();
}

void TextSink::put_plain(double value) {
  std::array<char, 400> digits;  // the longest: "-0.", 323 zeros and 17 digits
  const auto result =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  put(std::string_view(digits.data(), static_cast<std::size_t>(result.ptr - digits.data())));
}

void TextSink::put_integer(std::int64_t value) {
  std::array<char, 24> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  put(std::string_view(digits.data(), static_cast<std::size_t>(result.ptr - digits.data())));
}

void TextSink::flush_if_full() {
  constexpr std::size_t kFull = 1 << 20;
  if (block_.size() >= kFull) flush();
}

void TextSink::flush() {
  if (!block_.empty()) write_(block_);
  block_.clear();
}

}  // namespace lehr::spin
