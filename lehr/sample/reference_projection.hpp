// The best approximation P f of a function in a space, found at leisure, as a measure for fits from few runs:
//
//   |f - f_hat|^2 = |f - P f|^2 + |c - c*|^2,   c*_j = integral f phi_j dmu
//
// By Gauss rules where the measure is a product and the grid has at most 300,000 nodes; by all points of a
// finite domain; otherwise by least squares from many independent points, whose error is then reported.
#pragma once

#include <vector>

#include "lehr/sample/adaptive_least_squares.hpp"

namespace lehr::sample {

struct ReferenceProjection {
  Eigen::VectorXd coefficients;  // c*
  double best_error = 0;         // |f - P f|
  double best_error_error = 0;   // its standard error; 0 where integrals are exact to rounding
  Index evaluations = 0;         // of the function

  // |f - f_hat| of a fit with these coefficients (of the first functions; the others count as 0).
  double error_of(const Eigen::VectorXd& c) const;
};

// The root of the mean of squared errors of many fits, and its standard error s / (2 sqrt(n) root) by the delta method.
// Squares of fits have a long tail: at 10 runs a function intervals of +- 1.96 cover in 0.92 for 100 or 200
// designs, as the largest squares, which decide the mean, are seldom among them.
struct RootMeanSquare {
  double value = 0, error = 0;
};
RootMeanSquare root_mean_square(const std::vector<double>& squares);

// Throws InvalidInput where the function is not finite at a node.
ReferenceProjection reference_projection(const FunctionSpace& space, const ScalarModel& function, Seed seed);

}  // namespace lehr::sample
