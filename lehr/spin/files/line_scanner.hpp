// Walks through a text file of numbers line by line, without copying it: the reader of every text format of
// spin problems, fast enough for files of hundreds of megabytes.
//
// Words are separated by blanks (space, tab, carriage return). Blank lines and comments are passed over.
// Every error is an InvalidInput "file:line: reason"; values appear in it shortened, so a hostile line of any
// length costs nothing.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string_view>

#include "lehr/core/errors.hpp"

namespace lehr::spin {

// Sees how many bytes of how many are done; called about once per megabyte.
using ReadProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

class LineScanner {
 public:
  // `comment_marks`: the characters that make a line a comment when they are its first. All arguments must
  // outlive the scanner.
  LineScanner(std::string_view text, std::string_view file, std::string_view comment_marks,
              const ReadProgress& progress);

  // `see` gets each comment line, without its first character.
  void on_comment(std::function<void(std::string_view)> see) { see_comment_ = std::move(see); }

  // Goes to the next line with content; false at the end of the file.
  bool next_line();
  std::int64_t line() const { return line_; }
  std::uint64_t bytes() const { return static_cast<std::uint64_t>(end_ - begin_); }

  // True when nothing but blanks is left of the line.
  bool line_ends() {
    skip_blanks();
    return at_ == end_ || *at_ == '\n';
  }
  // Refuses anything left on the line.
  void end_line() {
    if (!line_ends()) refuse_rest();
  }
  // The next word of the line; `what` is asked for ("a weight").
  std::string_view word(std::string_view what);
  std::int64_t integer(std::string_view what, std::int64_t lowest, std::int64_t highest);
  // A finite number.
  double number(std::string_view what);

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    refuse_at(line_, fmt::format(format, std::forward<Args>(args)...));
  }
  [[noreturn]] void refuse_at(std::int64_t line, std::string_view reason) const {
    throw InvalidInput("{}:{}: {}", file_, line, reason);
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
  bool ends_word(const char* at) const { return at == end_ || is_blank(*at) || *at == '\n'; }
  void skip_blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }
  void skip_line();
  const char* short_integer(std::int64_t& value) const;
  double long_number(std::string_view what);
  [[noreturn]] void refuse_rest() const;

  const char *begin_, *at_, *end_, *reported_;
  std::string_view file_, comment_marks_;
  const ReadProgress& progress_;
  std::function<void(std::string_view)> see_comment_;
  std::int64_t line_ = 0;
};

}  // namespace lehr::spin
