#include "lehr/stats/rashomon/labelled_table.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/inflate.hpp"
#include "lehr/stats/rashomon/table_text.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::stats {
namespace {

constexpr std::size_t fewest_records = 10, most_classes = 100, most_numeric_levels = 20;
constexpr std::size_t most_cells = 200'000'000;

struct FeatureColumn {
  std::string name;
  std::vector<double> values;
};

// "a, b, c and 4 more"
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 6;
  std::string text;
  for (std::size_t k = 0; k < std::min(names.size(), shown); ++k)
    text += (k == 0 ? "" : ", ") + quote(names[k]);
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// Turns the columns of a text table into features; collects what was left out, for the notes.
class FeatureReader {
 public:
  FeatureReader(const TextTable& table, std::vector<std::size_t> records, const LabelledTableOptions& options)
      : table_(table), records_(std::move(records)), options_(options) {}

  void read(std::size_t column) {
    std::vector<std::optional<double>> numbers;
    std::set<std::string> levels;
    std::size_t missing = 0;
    bool numeric = true;
    for (const std::size_t record : records_) {
      const std::string& cell = table_.cells[column][record];
      if (is_missing(cell)) {
        ++missing;
        numbers.emplace_back();
        continue;
      }
      numbers.push_back(cell_number(cell, table_.decimal_comma));
      numeric = numeric && numbers.back();
      levels.insert(cell);
    }
    const std::string& name = table_.names[column];
    if (missing == records_.size() || (levels.size() == 1 && (numeric || missing == 0)))
      constant_.push_back(name);
    else if (numeric)
      add_numbers(name, numbers, missing);
    else
      add_levels(name, column, levels, missing);
  }

  LabelledTable finish(LabelledTable table, std::string_view name) const {
    if (features_.empty()) throw InvalidInput("{}: no column is left to predict from", name);
    if (features_.size() * records_.size() > most_cells)
      throw InvalidInput("{}: {} features of {} records are more than {} numbers", name, features_.size(),
                         records_.size(), most_cells);
    table.values.resize(static_cast<Eigen::Index>(records_.size()),
                        static_cast<Eigen::Index>(features_.size()));
    for (std::size_t k = 0; k < features_.size(); ++k) {
      table.features.push_back(features_[k].name);
      table.values.col(static_cast<Eigen::Index>(k)) = Eigen::Map<const Eigen::VectorXd>(
          features_[k].values.data(), static_cast<Eigen::Index>(features_[k].values.size()));
    }
    add_note(table, "Left out as constant", constant_);
    add_note(table, "Left out as numbers of the records", numbering_);
    add_note(table, fmt::format("Left out for more than {} categories", options_.most_levels), too_many_);
    add_note(table, "Missing numbers replaced by the column's median", imputed_);
    return table;
  }

 private:
  void add_numbers(const std::string& name, const std::vector<std::optional<double>>& numbers,
                   std::size_t missing) {
    std::vector<double> known;
    for (const auto& number : numbers)
      if (number) known.push_back(*number);
    if (missing == 0 && (counts_up(known) || is_identifier(name, known))) return numbering_.push_back(name);
    const auto [low, high] = std::ranges::minmax(known);
    if (low == high) return constant_.push_back(name);
    const double middle = missing > 0 ? median(known) : 0;
    if (missing > 0) imputed_.push_back(name);
    FeatureColumn& feature = features_.emplace_back(FeatureColumn{name, {}});
    for (const auto& number : numbers) feature.values.push_back(number.value_or(middle));
  }

  // 0, 1, 2, ... or 1, 2, 3, ...
  static bool counts_up(const std::vector<double>& values) {
    if (values.front() != 0 && values.front() != 1) return false;
    for (std::size_t k = 1; k < values.size(); ++k)
      if (values[k] != values[k - 1] + 1) return false;
    return true;
  }

  // A column called id whose values are all different.
  static bool is_identifier(const std::string& name, std::vector<double> values) {
    if (lower_case(name) != "id") return false;
    std::ranges::sort(values);
    return std::ranges::adjacent_find(values) == values.end();
  }

  void add_levels(const std::string& name, std::size_t column, const std::set<std::string>& known,
                  std::size_t missing) {
    std::vector<std::string> levels(known.begin(), known.end());
    if (missing > 0) levels.emplace_back("missing");
    if (levels.size() > static_cast<std::size_t>(options_.most_levels)) return too_many_.push_back(name);
    const std::size_t first = levels.size() == 2 ? 1 : 0;  // two levels: one feature says it all
    for (std::size_t k = first; k < levels.size(); ++k) {
      FeatureColumn& feature = features_.emplace_back(FeatureColumn{name + "=" + levels[k], {}});
      for (const std::size_t record : records_) {
        const std::string& cell = table_.cells[column][record];
        feature.values.push_back((is_missing(cell) ? "missing" : cell) == levels[k] ? 1 : 0);
      }
    }
  }

  static void add_note(LabelledTable& table, const std::string& what,
                       const std::vector<std::string>& columns) {
    if (!columns.empty()) table.notes.push_back(fmt::format("{}: {}.", what, listed(columns)));
  }

  const TextTable& table_;
  std::vector<std::size_t> records_;
  const LabelledTableOptions& options_;
  std::vector<FeatureColumn> features_;
  std::vector<std::string> constant_, numbering_, too_many_, imputed_;
};

std::size_t target_column(TextTable& table, const LabelledTableOptions& options, std::string_view name) {
  const auto& names = table.names;
  if (!options.target.empty()) {
    if (const auto found = std::ranges::find(names, options.target); found != names.end())
      return static_cast<std::size_t>(found - names.begin());
    if (const auto number = cell_number(options.target); number && *number >= 1 &&
                                                         *number <= static_cast<double>(names.size()) &&
                                                         *number == std::floor(*number))
      return static_cast<std::size_t>(*number) - 1;
    throw InvalidInput("{}: no column {} for the target{}", name, quote(options.target),
                       hint(options.target, names));
  }
  for (const char* usual : {"class", "target", "label", "y"})
    for (std::size_t k = 0; k < names.size(); ++k)
      if (lower_case(names[k]) == usual) return k;
  std::size_t last = names.size() - 1;  // a separator at the end of every line makes an empty column
  while (last > 0 && std::ranges::all_of(table.cells[last], [](const auto& c) { return is_missing(c); }))
    --last;
  table.notes.push_back(
      fmt::format("The target is the last column, {}; --target names another.", quote(names[last])));
  return last;
}

// The classes in their order: numbers ascending, other levels by name.
std::vector<std::string> ordered_levels(const std::vector<std::string>& cells, bool numeric,
                                        bool decimal_comma) {
  std::map<double, std::string> by_number;
  std::set<std::string> by_name;
  for (const std::string& cell : cells) {
    if (numeric)
      by_number.emplace(*cell_number(cell, decimal_comma), cell);
    else
      by_name.insert(cell);
  }
  std::vector<std::string> levels(by_name.begin(), by_name.end());
  for (const auto& [number, text] : by_number) levels.push_back(text);
  return levels;
}

class TargetReader {
 public:
  TargetReader(const TextTable& table, std::size_t column, const std::vector<std::size_t>& records,
               const LabelledTableOptions& options, std::string_view name)
      : decimal_comma_(table.decimal_comma), options_(options), name_(name), title_(table.names[column]) {
    for (const std::size_t record : records) cells_.push_back(table.cells[column][record]);
    numeric_ = std::ranges::all_of(cells_, [&](const auto& c) { return number(c).has_value(); });
  }

  void read(LabelledTable& table) const {
    table.target = title_;
    if (numeric_) {
      table.response.resize(static_cast<Eigen::Index>(cells_.size()));
      for (std::size_t k = 0; k < cells_.size(); ++k)
        table.response(static_cast<Eigen::Index>(k)) = *number(cells_[k]);
    }
    if (options_.numeric_target) {
      if (!numeric_) throw InvalidInput("{}: target {}: expected numbers", name_, quote(title_));
    } else if (options_.positive.starts_with('>') || options_.positive.starts_with("<=")) {
      split_numbers(table);
    } else {
      take_levels(table);
    }
  }

 private:
  std::optional<double> number(const std::string& cell) const { return cell_number(cell, decimal_comma_); }

  void split_numbers(LabelledTable& table) const {
    const bool above = options_.positive.starts_with('>');
    const auto bound = cell_number(std::string_view(options_.positive).substr(above ? 1 : 2));
    if (!bound || !numeric_)
      throw InvalidInput("{}: positive: {} needs a number and a target of numbers", name_,
                         quote(options_.positive));
    table.classes = {"rest", title_ + options_.positive};
    for (const double value : table.response) table.labels.push_back((value > *bound) == above ? 1 : 0);
    check_classes(table);
  }

  void take_levels(LabelledTable& table) const {
    table.classes = ordered_levels(cells_, numeric_, decimal_comma_);
    if (numeric_ && table.classes.size() > most_numeric_levels && options_.positive.empty())
      throw InvalidInput(
          "{}: target {} has {} different numbers, more than {} classes; name another target, or split them "
          "with "
          "positive = \">NUMBER\"",
          name_, quote(title_), table.classes.size(), most_numeric_levels);
    std::map<std::string, int> index;
    for (const std::string& level : table.classes) index.emplace(level, static_cast<int>(index.size()));
    if (!options_.positive.empty()) {
      if (!index.contains(options_.positive))
        throw InvalidInput("{}: target {} has no class {}{}", name_, quote(title_), quote(options_.positive),
                           hint(options_.positive, table.classes));
      for (auto& [level, label] : index) label = level == options_.positive ? 1 : 0;
      table.classes = {"rest", options_.positive};
    }
    for (const std::string& cell : cells_) table.labels.push_back(index.at(level_of(cell, index)));
    check_classes(table);
  }

  // "1" and "1.0" are one level where the target is a number.
  std::string level_of(const std::string& cell, const std::map<std::string, int>& index) const {
    if (index.contains(cell)) return cell;
    for (const auto& [level, label] : index)
      if (number(level) == number(cell)) return level;
    return cell;
  }

  void check_classes(const LabelledTable& table) const {
    if (table.classes.size() > most_classes)
      throw InvalidInput("{}: target {} has {} classes, at most {} are possible", name_, quote(title_),
                         table.classes.size(), most_classes);
    const auto [low, high] = std::ranges::minmax(table.labels);
    if (low == high)
      throw InvalidInput("{}: target {} has the single class {}", name_, quote(title_),
                         quote(table.classes[static_cast<std::size_t>(low)]));
  }

  bool decimal_comma_, numeric_ = false;
  const LabelledTableOptions& options_;
  std::string_view name_;
  std::string title_;
  std::vector<std::string> cells_;
};

}  // namespace

std::vector<std::int64_t> LabelledTable::class_counts() const {
  std::vector<std::int64_t> counts(classes.size(), 0);
  for (const int label : labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

bool LabelledTable::is_binary(Eigen::Index feature) const {
  return (values.col(feature).array() == 0 || values.col(feature).array() == 1).all();
}

LabelledTable parse_labelled_table(std::string_view text, std::string_view name,
                                   const LabelledTableOptions& options) {
  TextTable cells = parse_table_text(text, name);
  const std::size_t target = target_column(cells, options, name);
  std::vector<std::size_t> records;
  for (std::size_t record = 0; record < cells.records(); ++record)
    if (!is_missing(cells.cells[target][record])) records.push_back(record);
  if (records.size() < fewest_records)
    throw InvalidInput("{}: {} records with a target {}, at least {} are needed", name, records.size(),
                       quote(cells.names[target]), fewest_records);
  LabelledTable table;
  table.notes = cells.notes;
  if (const std::size_t lost = cells.records() - records.size(); lost > 0)
    table.notes.push_back(fmt::format("{} records without a target are left out.", lost));
  TargetReader(cells, target, records, options, name).read(table);
  FeatureReader features(cells, records, options);
  for (std::size_t column = 0; column < cells.names.size(); ++column)
    if (column != target) features.read(column);
  return features.finish(std::move(table), name);
}

LabelledTable read_labelled_table(const std::filesystem::path& path, const LabelledTableOptions& options) {
  constexpr std::uint64_t largest_unpacked = std::uint64_t{1} << 32;
  const MappedFile file(path);
  if (is_gzip(file.text()))
    return parse_labelled_table(gunzip(file.text(), largest_unpacked, path.native()), path.native(), options);
  return parse_labelled_table(file.text(), path.native(), options);
}

LabelledTable select_records(const LabelledTable& table, const std::vector<Eigen::Index>& rows) {
  LabelledTable selected;
  selected.features = table.features;
  selected.classes = table.classes;
  selected.target = table.target;
  selected.values = table.values(rows, Eigen::all);
  for (const Eigen::Index row : rows)
    if (!table.labels.empty()) selected.labels.push_back(table.labels[static_cast<std::size_t>(row)]);
  if (table.response.size() > 0) selected.response = table.response(rows);
  return selected;
}

}  // namespace lehr::stats
