#include "lehr/report/unicode.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "lehr/core/bytes.hpp"

namespace lehr::report {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Range {
  char32_t first, last;
};

constexpr std::array<Range, 9> zero_width{{{0x0300, 0x036F},
                                           {0x0483, 0x0489},
                                           {0x0591, 0x05BD},
                                           {0x064B, 0x065F},
                                           {0x1AB0, 0x1AFF},
                                           {0x200B, 0x200F},
                                           {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F}}};
constexpr std::array<Range, 10> double_width{{{0x1100, 0x115F},
                                              {0x2E80, 0x303E},
                                              {0x3041, 0xA4CF},
                                              {0xAC00, 0xD7A3},
                                              {0xF900, 0xFAFF},
                                              {0xFE30, 0xFE6F},
                                              {0xFF00, 0xFF60},
                                              {0xFFE0, 0xFFE6},
                                              {0x1F300, 0x1FAFF},
                                              {0x20000, 0x3FFFD}}};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](Range r) { return c >= r.first && c <= r.last; });
}

// The next character of `text`: its bytes (one ill-formed byte at a time) and its code point (0 when
// ill-formed).
struct Character {
  std::string_view bytes;
  char32_t code;
};

Character take_character(std::string_view& text) {
  const std::size_t length = utf8_length(text);
  Character character{text.substr(0, std::max<std::size_t>(1, length)), 0};
  text.remove_prefix(character.bytes.size());
  if (length == 0) return character;
  constexpr std::array<unsigned, 5> lead_mask{0, 0x7F, 0x1F, 0x0F, 0x07};
  character.code = static_cast<unsigned char>(character.bytes[0]) & lead_mask[length];
  for (const char byte : character.bytes.substr(1))
    character.code = character.code << 6 | (static_cast<unsigned char>(byte) & 0x3FU);
  return character;
}

int width_of(char32_t code) { return within(zero_width, code) ? 0 : within(double_width, code) ? 2 : 1; }

bool is_forbidden(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
  const bool reorders = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  const bool not_a_character = (c & 0xFFFE) == 0xFFFE;
  return control || reorders || not_a_character;
}

template <class Space>
std::string clean(std::string_view text, Space space) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Character next = take_character(text);
    if (next.code == '\n' || next.code == '\t')
      result += space(static_cast<char>(next.code));
    else if (next.code == '\r' && text.starts_with('\n'))
      continue;
    else
      result += is_forbidden(next.code) ? replacement : next.bytes;
  }
  return result;
}

// The longest prefix of `text` that takes at most `width` columns.
std::string_view prefix_of_width(std::string_view text, int width) {
  std::string_view rest = text;
  std::size_t taken = 0;
  while (!rest.empty()) {
    const Character next = take_character(rest);
    width -= width_of(next.code);
    if (width < 0) break;
    taken += next.bytes.size();
  }
  return text.substr(0, taken);
}

}  // namespace

std::string clean_line(std::string_view text) {
  return clean(text, [](char) { return ' '; });
}

std::string clean_text(std::string_view text) {
  return clean(text, [](char space) { return space; });
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) width += width_of(take_character(text).code);
  return width;
}

std::string shorten(std::string_view text, int width, bool unicode) {
  if (display_width(text) <= width) return std::string(text);
  const std::string_view ellipsis = unicode ? "…" : "..";
  const int room = width - display_width(ellipsis);
  if (room < 0) return std::string(prefix_of_width(text, width));
  return std::string(prefix_of_width(text, room)) + std::string(ellipsis);
}

std::vector<std::string> wrap(std::string_view text, int width) {
  width = std::max(2, width);
  std::vector<std::string> lines{""};
  const auto append = [&](std::string_view word) {
    const int used = display_width(lines.back());
    if (used > 0 && used + 1 + display_width(word) > width)
      lines.emplace_back();
    else if (used > 0)
      lines.back() += ' ';
    while (display_width(word) > width) {
      const std::string_view head = prefix_of_width(word, width);
      lines.back() = head;
      lines.emplace_back();
      word.remove_prefix(head.size());
    }
    lines.back() += word;
  };
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (space > 0) append(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return lines;
}

std::string to_ascii(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> spellings{{{"±", "+/-"},
                                                                                     {"×", "x"},
                                                                                     {"·", "*"},
                                                                                     {"−", "-"},
                                                                                     {"–", "-"},
                                                                                     {"—", "-"},
                                                                                     {"≤", "<="},
                                                                                     {"≥", ">="},
                                                                                     {"≈", "~"},
                                                                                     {"→", "->"},
                                                                                     {"…", "..."},
                                                                                     {"\u00a0", " "}}};
  const std::string clean = clean_line(text);
  std::string_view rest = clean;
  std::string ascii;
  while (!rest.empty()) {
    const std::string_view character = take_character(rest).bytes;
    const auto spelling = std::find_if(spellings.begin(), spellings.end(),
                                       [&](const auto& entry) { return entry.first == character; });
    if (spelling != spellings.end())
      ascii += spelling->second;
    else if (character.size() == 1)
      ascii += character;
    else
      ascii += '?';
  }
  return ascii;
}

std::string pad_left(std::string_view text, int width) {
  return std::string(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ') +
         std::string(text);
}

std::string pad_right(std::string_view text, int width) {
  return std::string(text) +
         std::string(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
}

std::string escape_html(std::string_view text) {
  std::string result;
  result.reserve(text.size() + text.size() / 8);
  for (const char c : clean_text(text)) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  return result;
}

}  // namespace lehr::report
