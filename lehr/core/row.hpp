// One row of measurements: names and values, in the order in which they were added.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lehr {

class Row {
 public:
  void add(std::string_view name, double value) { entries_.emplace_back(name, value); }
  std::optional<double> find(std::string_view name) const {
    for (const auto& [key, value] : entries_)
      if (key == name) return value;
    return std::nullopt;
  }
  const std::vector<std::pair<std::string, double>>& entries() const { return entries_; }
  void clear() { entries_.clear(); }

 private:
  std::vector<std::pair<std::string, double>> entries_;
};

}  // namespace lehr
