// Internal to the spin problem files: the variables of a JSON file by their labels, which may be numbers,
// strings or lists (tuples).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

// A label's text: a string as it is, anything else as JSON. Throws InvalidInput for objects, null and numbers
// that are not integers.
std::string label_text(const Json& label, std::string_view where);

// The parts of a key such as "a,b", "(a, b)" or "('a', 'b')": blanks, quotes and the parentheses around all
// are dropped. "" and "()" have none.
std::vector<std::string> split_key(std::string_view key);

class LabelTable {
 public:
  // The variable of this label; a new one when it is not known.
  Index add(std::string label);
  // A new variable; throws InvalidInput when the label is known.
  void add_new(std::string label, std::string_view where);
  Index size() const { return static_cast<Index>(labels_.size()); }
  const std::vector<std::string>& labels() const { return labels_; }

  // Renumbers the variables by their labels when all of them are integers: entry k is the new index of
  // variable k. Labels that are then 0, 1, 2, ... are dropped from `labels`.
  std::vector<Index> sort_numbers();

 private:
  std::vector<std::string> labels_;
  std::unordered_map<std::string, Index> known_;
};

// The labels as JSON: integers where all of them are, 0 .. size - 1 when there are none.
Json labels_json(const std::vector<std::string>& labels, Index size);

}  // namespace lehr::spin
