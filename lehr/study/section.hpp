// One table of a study file, read key by key; every error starts with the file and the line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/json.hpp"
#include "lehr/study/toml_document.hpp"

namespace lehr::study {

class Section {
 public:
  // The whole document, or the table at `path`. Throws InvalidInput when that is no table.
  explicit Section(const TomlDocument& document) : Section(document, "", document.root()) {}
  Section(const TomlDocument& document, std::string path, const Json& table);

  // Throws InvalidInput for a key that is not among `keys`.
  void allow(std::initializer_list<std::string> keys) const;
  bool has(const std::string& key) const { return table_.contains(key); }

  // The value of a key. Without a default the key is required.
  std::string text(const std::string& key, std::optional<std::string> fallback = std::nullopt) const;
  double number(const std::string& key) const;
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high) const;
  // A word out of `choices`; the first is the default.
  std::string choice(const std::string& key, const std::vector<std::string>& choices) const;
  // A table; empty where the key is absent.
  Json table(const std::string& key) const;
  // Seeds: an integer n means first .. first + n - 1, a list means itself.
  std::vector<std::uint64_t> seeds(const std::string& key, std::uint64_t first = 1) const;
  // Any value. The key is required.
  const Json& value(const std::string& key) const;
  Section section(const std::string& key) const;
  // The tables of [[key]]; none where the key is absent.
  std::vector<Section> sections(const std::string& key) const;

  [[noreturn]] void fail(const std::string& key, const std::string& what) const;

 private:
  std::string path_of(const std::string& key) const { return path_.empty() ? key : path_ + "/" + key; }
  [[noreturn]] void wrong_type(const std::string& key, const std::string& expected) const;

  const TomlDocument& document_;
  std::string path_;
  const Json& table_;
};

}  // namespace lehr::study
