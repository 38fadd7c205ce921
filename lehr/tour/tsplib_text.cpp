#include "lehr/tour/tsplib_text.hpp"

#include <algorithm>

namespace lehr::tour {

namespace {

const std::vector<std::string>& entry_keys() {
  static const std::vector<std::string> keys = {"NAME",
                                                "TYPE",
                                                "COMMENT",
                                                "DIMENSION",
                                                "CAPACITY",
                                                "SALESMEN",
                                                "DISTANCE",
                                                "EDGE_WEIGHT_TYPE",
                                                "EDGE_WEIGHT_FORMAT",
                                                "EDGE_DATA_FORMAT",
                                                "SCALE",
                                                "NODE_COORD_TYPE",
                                                "DISPLAY_DATA_TYPE"};
  return keys;
}

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// A line that begins with a word, other than the words for numbers that are not finite, ends a section.
bool is_heading(std::string_view line) {
  if (line.empty() || !is_letter(line.front())) return false;
  const std::string word = upper_case(line.substr(0, line.find_first_of(" \t:")));
  return word != "NAN" && word != "INF" && word != "INFINITY";
}

}  // namespace

const TsplibText::Entry* TsplibText::entry(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

const TsplibText::Section* TsplibText::section(std::string_view name) const {
  const auto found = std::ranges::find(sections, name, &Section::name);
  return found == sections.end() ? nullptr : &*found;
}

TsplibText split_tsplib(std::string_view text, std::string file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  TsplibText result{std::move(file), {}, {}};
  LineWords lines(text, result.file);
  bool in_section = false;
  std::size_t begin = 0;  // of the open section
  const auto close = [&](std::size_t end) {
    if (in_section) result.sections.back().text = text.substr(begin, end - begin);
  };
  while (lines.next_line()) {
    const std::string_view line = lines.line();
    if (line.empty()) continue;
    if (!is_heading(line)) {
      if (!in_section) lines.refuse("expected 'KEY : VALUE', a section or EOF, found {}", quote(line));
      continue;
    }
    close(lines.offset());
    in_section = false;
    const std::size_t end = line.find_first_of(" \t:");
    const std::string key = upper_case(line.substr(0, end));
    if (key == "EOF") return result;
    const std::string_view after =
        end == std::string_view::npos ? std::string_view() : trimmed(line.substr(end));
    if (key.ends_with("_SECTION")) {
      if (result.section(key)) lines.refuse("{} is given twice", quote(key));
      if (result.sections.size() >= 100) lines.refuse("more than 100 sections");
      result.sections.push_back({key, {}, lines.number()});
      in_section = true, begin = lines.end();
      continue;
    }
    const bool known = std::ranges::find(entry_keys(), key) != entry_keys().end();
    if (!after.starts_with(':') && !known)
      lines.refuse("expected 'KEY : VALUE', a section or EOF, found {}", quote(line));
    if (const auto* before = known && key != "COMMENT" ? result.entry(key) : nullptr)
      lines.refuse("{} is given twice, first on line {}", key, before->line);
    if (known && (key != "COMMENT" || !result.entry(key)))
      result.entries.push_back(
          {key, trimmed(after.starts_with(':') ? after.substr(1) : after), lines.number()});
  }
  close(text.size());
  return result;
}

std::int64_t dimension_of(const TsplibText& text) {
  const TsplibText::Entry* entry = text.entry("DIMENSION");
  if (!entry) throw InvalidInput("{}: DIMENSION is missing", text.file);
  LineWords words(entry->value, text.file, entry->line);
  words.next_line();
  const auto word = words.word();
  if (!word || words.word())
    text.refuse_at(entry->line, "DIMENSION: expected the number of cities, found {}", quote(entry->value));
  const std::int64_t n = words.whole(*word, "DIMENSION");
  if (n < 1 || n > most_cities)
    text.refuse_at(entry->line, "DIMENSION is {}; allowed are 3 to {} cities", n, most_cities);
  return n;
}

}  // namespace lehr::tour
