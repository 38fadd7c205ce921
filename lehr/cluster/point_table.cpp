#include "lehr/cluster/point_table.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "lehr/cluster/text_columns.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/inflate.hpp"
#include "lehr/core/matrix_market.hpp"
#include "lehr/core/npy.hpp"

namespace lehr::cluster {

using Eigen::Index;
using Eigen::MatrixXd;

namespace {

constexpr std::uint64_t largest_text = std::uint64_t{1} << 33;
constexpr std::size_t fewest_numbered_rows = 10;  // below, integers that follow each other may be data

FileColumns from_matrix(const MatrixXd& points) {
  FileColumns file;
  for (Index j = 0; j < points.rows(); ++j)
    file.columns.push_back({.name = fmt::format("c{}", j + 1),
                            .numbers = {points.row(j).begin(), points.row(j).end()},
                            .texts = {}});
  return file;
}

FileColumns read_npz(const std::filesystem::path& path, const std::string& array) {
  const Npz archive(path);
  if (array.empty() && archive.names().size() != 1)
    throw InvalidInput("{}: holds {} arrays; name one, as in {}:{}", path.string(), archive.names().size(),
                       path.filename().string(), archive.names().empty() ? "x" : archive.names().front());
  return from_matrix(points_of(archive.read(array.empty() ? archive.names().front() : array).view()));
}

FileColumns read_file_columns(const std::filesystem::path& path) {
  const std::string text = path.string();
  const std::size_t colon = text.rfind(".npz:");
  if (colon != std::string::npos) return read_npz(text.substr(0, colon + 4), text.substr(colon + 5));
  const std::string extension = path.extension().string();
  if (extension == ".npy") return from_matrix(points_of(read_npy(path).view()));
  if (extension == ".npz") return read_npz(path, "");
  if (extension == ".mtx") return from_matrix(to_dense(read_matrix_market(path)).transpose());
  if (extension == ".h5" || extension == ".hdf5")
    throw InvalidInput("{}: HDF5 is not read; save the data set as .npy or .csv", text);
  const MappedFile file(path);
  return read_text_columns(
      is_gzip(file.text()) ? gunzip(file.text(), largest_text, text) : std::string(file.text()), text);
}

// Whether the column holds consecutive integers, each once, in any order.
bool numbers_rows(const FileColumn& column) {
  if (column.is_text() || column.rows() < fewest_numbered_rows) return false;
  const auto [low, high] = std::ranges::minmax(column.numbers);
  const auto n = static_cast<double>(column.rows());
  if (!(std::abs(low) <= 1) || high - low != n - 1) return false;
  std::vector<bool> seen(column.rows(), false);
  for (const double value : column.numbers) {
    if (!(value == std::floor(value))) return false;
    const auto at = static_cast<std::size_t>(value - low);
    if (seen[at]) return false;
    seen[at] = true;
  }
  return true;
}

void take_labels(const FileColumn& column, const std::vector<std::string>& group_names, PointTable& table) {
  std::vector<std::string> cells = column.texts;
  if (!column.is_text() && cells.empty())
    for (const double value : column.numbers)
      cells.push_back(std::isnan(value) ? "missing" : fmt::format("{}", value));
  std::map<std::string, int> numbers;
  for (std::string& cell : cells) {
    cell = without_blanks(cell);
    numbers.emplace(cell, 0);
  }
  int next = 0;
  for (auto& [group, number] : numbers) {
    number = next++;
    const auto index = number_in(group);
    const bool named = index && *index >= 0 && *index < static_cast<double>(group_names.size());
    table.groups.push_back(named ? group_names[static_cast<std::size_t>(*index)] : group);
  }
  for (const std::string& cell : cells) table.labels.push_back(numbers.at(cell));
}

// Missing numbers become the mean of the others, summed in rising order so that the order of the rows does not matter.
std::size_t impute(std::vector<double>& numbers) {
  std::vector<double> known;
  for (const double value : numbers)
    if (!std::isnan(value)) known.push_back(value);
  std::ranges::sort(known);
  double mean = 0;
  for (const double value : known) mean += value / static_cast<double>(known.size());
  for (double& value : numbers)
    if (std::isnan(value)) value = mean;
  return numbers.size() - known.size();
}

class PointTableBuilder {
 public:
  PointTableBuilder(FileColumns file, const std::string& name, const PointTableOptions& options)
      : file_(std::move(file)), options_(options) {
    table_.name = name;
    for (const FileColumn& column : file_.columns) names_.push_back(column.name);
  }

  PointTable build() {
    choose_label();
    std::vector<FileColumn*> chosen;
    if (options_.columns.empty())
      chosen = usable_columns();
    else
      for (const std::string& name : options_.columns) chosen.push_back(&number_column(name));
    if (chosen.empty()) throw InvalidInput("{}: no column of numbers to cluster", table_.name);
    const auto n = static_cast<Index>(chosen.front()->rows());
    if (n == 0) throw InvalidInput("{}: no rows", table_.name);
    table_.points.resize(static_cast<Index>(chosen.size()), n);
    for (std::size_t j = 0; j < chosen.size(); ++j) {
      complete(*chosen[j]);
      table_.points.row(static_cast<Index>(j)) =
          Eigen::Map<const Eigen::RowVectorXd>(chosen[j]->numbers.data(), n);
      table_.names.push_back(chosen[j]->name);
    }
    return std::move(table_);
  }

 private:
  FileColumn& find(const std::string& name) {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end())
      throw InvalidInput("{}: no column {}{}", table_.name, quote(name), hint(name, names_));
    return file_.columns[static_cast<std::size_t>(found - names_.begin())];
  }

  void choose_label() {
    label_ = options_.label.empty() ? file_.label : options_.label;
    if (label_.empty()) return;
    take_labels(find(label_), file_.groups, table_);
    if (options_.label.empty())
      table_.notes.push_back(
          "The last column is the class that the file's first line names; it is not clustered.");
  }

  FileColumn& number_column(const std::string& name) {
    FileColumn& column = find(name);
    if (name == label_)
      throw InvalidInput("{}: column {} is the label, it cannot be clustered too", table_.name, quote(name));
    if (column.is_text())
      throw InvalidInput("{}: row 1, column {}: expected a number, found {}", table_.name, quote(name),
                         quote(column.texts.front()));
    return column;
  }

  std::vector<FileColumn*> usable_columns() {
    std::vector<FileColumn*> usable;
    for (FileColumn& column : file_.columns) {
      if (column.name == label_) continue;
      if (column.is_text()) {
        const std::set<std::string> values(column.texts.begin(), column.texts.end());
        table_.notes.push_back(fmt::format(
            "Column {} is text ({} different values) and was left out{}.", quote(column.name), values.size(),
            label_.empty() && values.size() <= 100
                ? fmt::format("; --label {} compares the clusters with it", quote(column.name))
                : ""));
      } else if (std::ranges::all_of(column.numbers, [](double x) { return std::isnan(x); })) {
        table_.notes.push_back(fmt::format("Column {} is empty and was left out.", quote(column.name)));
      } else if (numbers_rows(column)) {
        table_.notes.push_back(fmt::format(
            "Column {} numbers the rows and was left out; --columns can name it.", quote(column.name)));
      } else {
        usable.push_back(&column);
      }
    }
    return usable;
  }

  // Refuses what is not a finite number, fills in what is missing where that is allowed.
  void complete(FileColumn& column) {
    for (std::size_t i = 0; i < column.numbers.size(); ++i) {
      const double value = column.numbers[i];
      if (std::isfinite(value)) continue;
      const std::string cell = i < column.texts.size() ? column.texts[i] : "";
      const bool gap = std::isnan(value) && is_missing(cell);
      if (gap && options_.impute_mean) continue;
      throw InvalidInput("{}: row {}, column {}: expected a {}number, found {}{}", table_.name, i + 1,
                         quote(column.name), std::isinf(value) ? "finite " : "",
                         std::isinf(value) ? fmt::format("{}", value)
                         : gap             ? "a missing one"
                                           : quote(cell),
                         gap ? "; --impute mean fills them in"
                             : "; --columns chooses columns, --label names one that is not clustered");
    }
    const std::size_t filled = impute(column.numbers);
    if (filled == column.numbers.size())
      throw InvalidInput("{}: column {} has no number", table_.name, quote(column.name));
    if (filled > 0)
      table_.notes.push_back(fmt::format("{} missing number{} of column {} became its mean.", filled,
                                         filled == 1 ? "" : "s", quote(column.name)));
  }

  FileColumns file_;
  const PointTableOptions& options_;
  std::vector<std::string> names_;
  std::string label_;
  PointTable table_;
};

}  // namespace

PointTable parse_points(std::string_view text, const std::string& name, const PointTableOptions& options) {
  return PointTableBuilder(read_text_columns(std::string(text), name), name, options).build();
}

PointTable read_points(const std::filesystem::path& path, const PointTableOptions& options) {
  return PointTableBuilder(read_file_columns(path), path.string(), options).build();
}

}  // namespace lehr::cluster
