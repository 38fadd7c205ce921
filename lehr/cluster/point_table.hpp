// Tables of numbers as files hold them, for clustering.
//
//   .csv .tsv .txt .data (any text)  separated by commas, semicolons, tabs or blanks; with or without a header; gzip too.
//                                    scikit-learn's form (a first line "rows,columns,names of classes", the class last)
//   .npy  an array [rows, columns] or [rows];   .npz  its only array, or `file.npz:name`
//   .mtx  Matrix Market, a row of the matrix per row of the table
//
// A comma is a decimal point where semicolons separate and the first record has no point. A first line that is one name
// short (as R writes tables) leaves the first column, the rows' names, without one. A text file has a header unless a cell of its first line is a number in a column of numbers. Empty cells, NA, N/A, ?,
// nan, null and none are missing. A column without any number is text: it is left out (and named in `notes`) unless it is
// the label. A column of row numbers, the consecutive integers in any order, is left out too. Every error is an
// InvalidInput that names the file, the row (from 1, the header not counted) and the column.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <vector>

namespace lehr::cluster {

struct PointTableOptions {
  std::string label = {};                 // column of known groups, which is not clustered; empty: none
  std::vector<std::string> columns = {};  // the columns to take; empty: all that hold numbers
  bool impute_mean = false;  // missing numbers become their column's mean; otherwise they are refused
};

struct PointTable {
  std::string name;
  Eigen::MatrixXd points;          // d x n, a row of the table per column
  std::vector<std::string> names;  // d; c1, c2, ... where the file has none
  std::vector<int> labels;  // of the known groups, numbered in the order of their sorted names; may be empty
  std::vector<std::string> groups;  // their names
  std::vector<std::string> notes;   // what was left out or filled in
};

PointTable read_points(const std::filesystem::path& path, const PointTableOptions& options = {});
// The same from a text's content; `name` is for messages.
PointTable parse_points(std::string_view text, const std::string& name,
                        const PointTableOptions& options = {});

}  // namespace lehr::cluster
