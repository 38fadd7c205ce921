// Labelled tables from CSV files: one record a row, some columns of numbers or of categories, one column that
// names the class (or holds the number) to predict.
//
// Files are taken as they occur. Separators are commas, semicolons, tabs or runs of blanks; the header may be
// absent (a first line that holds data) or be scikit-learn's "records,features,class names"; columns of one
// name are told apart. Cells that are empty, `?`, NA, NaN or null are missing: a record without a target
// is left out, a missing number becomes the column's median, a missing category a category of its own. Numbers
// may have a decimal comma where commas do not separate. A category of two levels becomes one 0/1 feature,
// "colour=red", one of more levels a feature for each. Columns that are constant, that number the records, or
// that hold more than `most_levels` categories (names, free text) are left out. Each of these leaves a note.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::stats {

struct LabelledTable {
  std::vector<std::string> features;
  Eigen::MatrixXd values;   // records x features: column-major, as tree learners read features
  std::vector<int> labels;  // of each record, in [0, classes.size())
  std::vector<std::string> classes;
  Eigen::VectorXd response;  // the target as a number; empty where it is not one
  std::string target;
  std::vector<std::string> notes;

  Eigen::Index records() const { return values.rows(); }
  // Records of each class.
  std::vector<std::int64_t> class_counts() const;
  bool is_binary(Eigen::Index feature) const;  // holds 0 and 1 alone
};

struct LabelledTableOptions {
  // Name of the target's column, or its number from 1; empty: a column called class, target, label or y, else
  // the last one.
  std::string target = {};
  // Empty: as many classes as the target has levels; "c": class c against the rest; ">x" or "<=x": numbers
  // above x (at most x) against the rest.
  std::string positive = {};
  bool numeric_target = false;  // the target is a number and not a class: `labels` and `classes` stay empty
  std::int64_t most_levels = 50;
};

// Throws InvalidInput for fewer than 10 records, a single class, more than 100 classes, a target of numbers
// with more than 20 different values (unless numeric_target or `positive` says what to do), and tables without
// a feature.
LabelledTable parse_labelled_table(std::string_view text, std::string_view name,
                                   const LabelledTableOptions& options = {});
LabelledTable read_labelled_table(const std::filesystem::path& path,
                                  const LabelledTableOptions& options = {});

// The records at `rows`, with all features and classes.
LabelledTable select_records(const LabelledTable& table, const std::vector<Eigen::Index>& rows);

}  // namespace lehr::stats
