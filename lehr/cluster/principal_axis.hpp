// Moments of weighted points and the direction in which they spread most, with every ambiguity decided.
//
// The principal axis is the eigenvector of the largest eigenvalue of the covariance, with the sign that makes its largest
// component (in size; the first of equal ones) positive. Where the largest eigenvalue is not simple, any direction of its
// eigenspace would do: taken is the projection of the axis of the column with the largest variance (the first of equal
// ones), so that the answer does not hang on rounding. Cost O(n d^2 + d^3).
#pragma once

#include <Eigen/Core>

#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::cluster {

using Eigen::Index;
using stats::WeightedPoints;

// sum_i w_i x_i / sum_i w_i and sum_i w_i (x_i - mean)(x_i - mean)' / sum_i w_i, scatter left out; sums in a fixed order.
Eigen::VectorXd weighted_mean(const WeightedPoints& points);
Eigen::MatrixXd weighted_covariance(const WeightedPoints& points, const Eigen::VectorXd& mean);

struct PrincipalAxis {
  Eigen::VectorXd direction;  // d, length 1
  double variance = 0;        // the largest eigenvalue
};

// Of a symmetric positive semidefinite d x d matrix: by decomposition up to d = 64, by power iteration above (to a change
// of 1e-12 in a component, or 1000 iterations).
PrincipalAxis principal_axis(const Eigen::MatrixXd& covariance);

}  // namespace lehr::cluster
