// Where the writers of the problem formats put their text: gathered into blocks of about a megabyte.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::spin {

class TextSink {
 public:
  explicit TextSink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

  void put(std::string_view text);
  void put(std::integral auto value) { put_integer(static_cast<std::int64_t>(value)); }
  // Shortest digits that read back as the same double.
  void put(double value);
  // The same without an exponent, for readers that know none.
  void put_plain(double value);

  // The values separated by blanks, and a newline.
  template <class First, class... Rest>
  void line(const First& first, const Rest&... rest) {
    put(first);
    ((put(std::string_view(" ")), put(rest)), ...);
    put(std::string_view("\n"));
  }
  // Hands over what is left.
  void flush();

  // Something that the reader of the file must know.
  void note(std::string text) { notes.push_back(std::move(text)); }
  std::vector<std::string> notes;

 private:
  void put_integer(std::int64_t value);
  void flush_if_full();

  std::string block_;
  std::function<void(std::string_view)> write_;
};

}  // namespace lehr::spin
