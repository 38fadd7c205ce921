// Walks through a text file line by line and word by word, for the readers of the room's formats.
//
// Lines end with LF or CRLF; words are separated by blanks and tabs. Every error is an InvalidInput "file:line: reason" in which the
// file's own words appear shortened, so a hostile line of any length costs nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lehr/core/errors.hpp"

namespace lehr::tour {

class LineWords {
 public:
  // `file` is for messages; `text` must outlive the reader. Its first line has the number `first_line`.
  LineWords(std::string_view text, std::string file, std::int64_t first_line = 1)
      : text_(text), file_(std::move(file)), number_(first_line - 1) {}

  // Goes to the next line, empty ones included; false at the end of the file.
  bool next_line();
  std::string_view line() const { return line_; }  // without blanks at its ends
  std::int64_t number() const { return number_; }
  std::size_t offset() const { return begin_; }  // of the line in the text
  std::size_t end() const { return at_; }        // of the line that follows

  // The next word of this line; nothing at its end.
  std::optional<std::string_view> word();
  // The next word of this line or of a later one.
  std::optional<std::string_view> any_word();

  // A word as a finite number; `what` says what stands there ("a coordinate").
  double finite(std::string_view word, std::string_view what) const;
  std::int64_t whole(std::string_view word, std::string_view what) const;

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    throw InvalidInput("{}:{}: {}", file_, number_, fmt::format(format, std::forward<Args>(args)...));
  }
  const std::string& file() const { return file_; }

 private:
  std::string_view text_, line_, rest_;
  std::string file_;
  std::size_t begin_ = 0, at_ = 0;
  std::int64_t number_;
};

// Without blanks, tabs and carriage returns at both ends.
std::string_view trimmed(std::string_view text);
std::string upper_case(std::string_view text);

}  // namespace lehr::tour
