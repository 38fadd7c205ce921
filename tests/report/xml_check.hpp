// A strict check that a text is one well-formed XML element (no DTD), for tests of generated SVG.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lehr::report {

// "" when well-formed, otherwise what is wrong.
inline std::string xml_fault(std::string_view text) {
  std::vector<std::string> open;
  bool had_root = false;
  const auto entities_are_known = [](std::string_view content) {
    for (std::size_t at = content.find('&'); at != content.npos; at = content.find('&', at + 1)) {
      bool known = false;
      for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&apos;"})
        known = known || content.substr(at).starts_with(entity);
      if (!known) return false;
    }
    return true;
  };
  while (!text.empty()) {
    const std::size_t start = std::min(text.find('<'), text.size());
    const std::string_view content = text.substr(0, start);
    if (!entities_are_known(content)) return "bare & in text";
    if (open.empty() && content.find_first_not_of(" \n\t\r") != content.npos) return "text outside the root";
    text.remove_prefix(start);
    if (text.empty()) break;
    std::size_t end = 1;
    char quote = 0;
    for (; end < text.size() && (quote != 0 || text[end] != '>'); ++end) {
      if (quote != 0 ? text[end] == quote : text[end] == '"' || text[end] == '\'')
        quote = quote != 0 ? '\0' : text[end];
      else if (text[end] == '<')
        return "< inside a tag";
    }
    if (end == text.size()) return "unfinished tag";
    std::string_view tag = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!entities_are_known(tag)) return "bare & in a tag";
    if (tag.starts_with('?')) continue;
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1))
        return "mismatched </" + std::string(tag.substr(1)) + ">";
      open.pop_back();
      continue;
    }
    if (open.empty() && had_root) return "second root";
    had_root = true;
    if (!tag.ends_with('/')) open.emplace_back(tag.substr(0, tag.find_first_of(" \n\t")));
  }
  return !open.empty() ? "unclosed " + open.back() : had_root ? "" : "nothing";
}

}  // namespace lehr::report
