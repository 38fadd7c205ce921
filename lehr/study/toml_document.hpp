// A TOML file as a JSON value whose entries know the line they stand on, with overrides from the command
// line.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "lehr/core/json.hpp"

namespace lehr::study {

class TomlDocument {
 public:
  // Throws InvalidInput ("x.toml:3: ...") for text that is not TOML, is larger than 1 MiB or nested deeper
  // than 32.
  TomlDocument(std::string_view text, const std::filesystem::path& file);

  // Applies "key.key=value"; the value is read as TOML, or else as text. "arm.NAME.key" means the [[arm]] of
  // that name. Throws InvalidInput.
  void set(const std::string& assignment);

  const Json& root() const { return root_; }
  // Where the entry at `path` ("arm/0/name") comes from, to start messages with: "x.toml:12: ", "--set a.b=c:
  // ", or the nearest entry around it.
  std::string place(std::string path) const;

 private:
  std::string file_;
  std::map<std::string, std::string, std::less<>> places_;  // filled while root_ is made
  Json root_;
};

}  // namespace lehr::study
