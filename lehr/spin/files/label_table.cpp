#include "lehr/spin/files/label_table.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

// The integer that `text` writes in the one canonical form ("7", "-3"; not "07", "+7").
std::optional<std::int64_t> canonical_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || std::to_string(value) != text)
    return std::nullopt;
  return value;
}

// The integers of all labels, or nothing when one of them is something else.
std::optional<std::vector<std::int64_t>> all_integers(const std::vector<std::string>& labels) {
  std::vector<std::int64_t> numbers;
  for (const std::string& label : labels) {
    const auto number = canonical_integer(label);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

std::string_view trim(std::string_view text, std::string_view dropped) {
  const std::size_t begin = std::min(text.find_first_not_of(dropped), text.size());
  const std::size_t end = text.find_last_not_of(dropped) + 1;
  return text.substr(begin, end > begin ? end - begin : 0);
}

}  // namespace

std::string label_text(const Json& label, std::string_view where) {
  if (label.is_string()) return label.get<std::string>();
  if (!label.is_number_integer() && !label.is_array())
    throw InvalidInput("{}: a variable's label is a string, an integer or a list, found {}", where,
                       quote(label.dump()));
  return label.dump();
}

std::vector<std::string> split_key(std::string_view key) {
  key = trim(key, " \t");
  if (key.starts_with('(') && key.ends_with(')')) key = trim(key.substr(1, key.size() - 2), " \t");
  if (key.ends_with(',')) key.remove_suffix(1);  // Python writes a tuple of one as "(0,)"
  std::vector<std::string> parts;
  while (!key.empty()) {
    const std::size_t length = std::min(key.find(','), key.size());
    parts.emplace_back(trim(key.substr(0, length), " \t'\""));
    const bool more = length < key.size();
    key.remove_prefix(std::min(length + 1, key.size()));
    if (more && key.empty()) parts.emplace_back();
  }
  return parts;
}

Index LabelTable::add(std::string label) {
  const auto [at, is_new] = known_.try_emplace(label, size());
  if (is_new) labels_.push_back(std::move(label));
  return at->second;
}

void LabelTable::add_new(std::string label, std::string_view where) {
  if (known_.contains(label)) throw InvalidInput("{}: the label {} appears twice", where, quote(label));
  add(std::move(label));
}

std::vector<Index> LabelTable::sort_numbers() {
  std::vector<Index> renumbered(labels_.size());
  std::iota(renumbered.begin(), renumbered.end(), 0);
  const auto numbers = all_integers(labels_);
  if (!numbers) return renumbered;
  std::vector<Index> order = renumbered;
  std::ranges::sort(order, {}, [&](Index k) { return (*numbers)[static_cast<std::size_t>(k)]; });
  std::vector<std::string> sorted;
  bool is_plain = true;
  for (std::size_t place = 0; place < order.size(); ++place) {
    const auto from = static_cast<std::size_t>(order[place]);
    renumbered[from] = static_cast<Index>(place);
    is_plain = is_plain && (*numbers)[from] == static_cast<std::int64_t>(place);
    sorted.push_back(labels_[from]);
  }
  labels_ = is_plain ? std::vector<std::string>() : std::move(sorted);
  known_.clear();
  return renumbered;
}

Json labels_json(const std::vector<std::string>& labels, Index size) {
  Json list = Json::array();
  if (labels.empty()) {
    for (Index i = 0; i < size; ++i) list.push_back(i);
  } else if (const auto numbers = all_integers(labels)) {
    for (const std::int64_t number : *numbers) list.push_back(number);
  } else {
    for (const std::string& label : labels) list.push_back(label);
  }
  return list;
}

}  // namespace lehr::spin
