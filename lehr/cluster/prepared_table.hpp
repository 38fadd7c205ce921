// A table made ready for clustering: rows in canonical order, constant columns dropped, columns scaled.
//
// The canonical order is lexicographic by the table's own numbers. All arithmetic runs in that order, so that no result
// depends on the order in which a file happens to list its rows, rounding included.
//
//   zscore  (x - mean) / standard deviation (of n)        robust  (x - median) / (interquartile range / 1.349)
//
// A column whose interquartile range is 0 is scaled by its standard deviation instead. Cost O(n log n d).
#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "lehr/core/options.hpp"

namespace lehr::cluster {

using Eigen::Index;

struct PreparedTable {
  Eigen::MatrixXd rows;          // p x n: scaled rows in canonical order, a row of the table per column
  std::vector<Index> original;   // number in the given table of each row
  std::vector<Index> columns;    // number in the given table of each scaled column
  std::vector<Index> constant;   // columns that were dropped, as all their values are equal
  Eigen::VectorXd shift, scale;  // by column: scaled = (value - shift) / scale
  // By scaled column: the square of the median gap between different values where more than 30 % of the values repeat
  // another one (rounded data), else 0.
  Eigen::VectorXd tie_floor;
  // rows = map * scaled columns, where principal components or whitened columns took their place; empty: none did.
  Eigen::MatrixXd map;

  Index dimension() const { return rows.rows(); }
  Index size() const { return rows.cols(); }
  bool mapped() const { return map.size() > 0; }
  // Variances (of n) of the rows' numbers.
  Eigen::VectorXd variances() const;
  // What is added to the diagonal of every covariance: tie_floor + 1e-6 * variances.
  Eigen::VectorXd floor() const;
};

// `points` is d x n, a row of the table per column. `scale` is zscore, robust or none. Throws InvalidInput for no rows or
// columns, and for numbers that are not finite or too large to square; `names` (d, or none) are for these messages.
PreparedTable prepare(const Eigen::MatrixXd& points, const std::string& scale = "zscore",
                      const std::vector<std::string>& names = {});

// The table with the chosen ones of its numbers alone.
PreparedTable restricted(const PreparedTable& table, const std::vector<Index>& chosen);

// What was prepared in the given table's units: means (p' x k, in the rows' space) as p x k numbers of table.columns, and a
// covariance (p' x p') as p x p. Principal components that were left out count as 0, their variance is missing.
Eigen::MatrixXd means_in_table_units(const PreparedTable& table, const Eigen::MatrixXd& means);
Eigen::MatrixXd covariance_in_table_units(const PreparedTable& table, const Eigen::MatrixXd& covariance);

// The rows under a linear map (p' x p); tie floors become the diagonal of the mapped ones.
PreparedTable mapped(const PreparedTable& table, const Eigen::MatrixXd& map);

// The map to the first `components` principal axes (at most p), in falling order of variance.
Eigen::MatrixXd principal_components(const PreparedTable& table, Index components);

// covariance^(-1/2), the symmetric map under which that covariance (p x p) becomes the identity. Throws NumericalFailure
// where it is not positive definite.
Eigen::MatrixXd whitening(const Eigen::MatrixXd& covariance);

}  // namespace lehr::cluster
