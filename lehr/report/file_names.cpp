#include "lehr/report/file_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace lehr::report {

namespace {

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.');
}

std::string sanitised(std::string_view name, std::size_t limit) {
  std::string result;
  for (const char c : name.substr(0, 4 * limit)) {
    const char safe = is_plain(c) ? c : '-';
    if (safe != '-' || !result.ends_with('-')) result += safe;
  }
  const auto is_edge = [](char c) { return c == '.' || c == '-'; };
  result.erase(result.begin(), std::find_if_not(result.begin(), result.end(), is_edge));
  result.resize(std::min(result.size(), limit));
  while (!result.empty() && is_edge(result.back())) result.pop_back();
  return result;
}

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string FileNames::next(std::string_view name, std::string_view extension) {
  std::string stem = sanitised(name, 60);
  if (stem.empty()) stem = "unnamed";
  const std::string ending = sanitised(extension, 15);
  const std::string dotted = ending.empty() ? "" : "." + ending;
  std::string file = stem + dotted;
  for (int copy = 2; !given_.insert(lower_case(file)).second; ++copy)
    file = fmt::format("{}-{}{}", stem, copy, dotted);
  return file;
}

std::string link_to(std::string_view path) {
  std::string link;
  for (const char c : path) {
    if (is_plain(c) || c == '~' || c == '/')
      link += c;
    else
      link += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return link;
}

}  // namespace lehr::report
