// File names from the names that people and tasks give to figures and artifacts.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace lehr::report {

// Makes names that are safe in every file system, in a shell and in a link, and never gives one twice.
class FileNames {
 public:
  // `name`.`extension` with everything but ASCII letters, digits, '-', '_' and '.' as '-', no leading dot or
  // dash, at most 80 characters, "unnamed" when nothing is left, and "-2", "-3", ... before the extension
  // when it was given before (letter case ignored).
  std::string next(std::string_view name, std::string_view extension);

 private:
  std::set<std::string> given_;  // in lower case
};

// `path` for an href attribute: everything but letters, digits and "-._~/" percent-encoded, so that no scheme
// is read.
std::string link_to(std::string_view path);

}  // namespace lehr::report
