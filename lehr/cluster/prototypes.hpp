// Prototypes: many rows as a few thousand weighted points that keep the rows' first and second moments exactly.
//
// The rows' cells are the leaves of a tree that is cut at the median along each cell's first principal axis, until there
// are `most` of them or they are all small (their box's diagonal below 0.02 of that of all rows). Cells with the largest
// SSE are cut first where not all can be. What is lost is
//
//   loss = sum over the cells of SSE within the cell / SSE of all rows
//
// and while it is above `loss_max` cells are cut further, up to 8 * most of them. No random number is drawn, and sums
// have a fixed order. Cost O(n d^2) per level of the tree.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::cluster {

using Eigen::Index;

struct PrototypeOptions {
  std::int64_t most = 20000;
  double loss_max = 0.05;
  double small = 0.02;  // of the data's diagonal
};

struct Prototypes {
  std::vector<std::vector<Index>> cells;  // the rows of each, ascending
  double loss = 0;
  Index count() const { return static_cast<Index>(cells.size()); }
};

// Of rows (d x n, a row per column).
Prototypes make_prototypes(const Eigen::MatrixXd& rows, const PrototypeOptions& options = {});

// The cells as weighted points of the chosen columns (rows' numbers of a column, in the order given), with the rows'
// covariance in the cell as scatter of this shape.
stats::WeightedPoints weighted_points(const Eigen::MatrixXd& rows, const Prototypes& prototypes,
                                      const std::vector<Index>& columns, stats::CovarianceShape shape);

}  // namespace lehr::cluster
