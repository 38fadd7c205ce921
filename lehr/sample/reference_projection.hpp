// The best approximation P f of a function in a space, found at leisure, as a measure for fits from few runs:
//
//   |f - f_hat|^2 = |f - P f|^2 + |c - c*|^2,   c*_j = integral f phi_j dmu
//
// By Gauss rules where the measure is a product and the grid has at most 300,000 nodes; by all points of a
// finite domain; otherwise by least squares from many independent points, whose error is then reported.
#pragma once

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

// Throws InvalidInput where the function is not finite at a node.
ReferenceProjection reference_projection(const FunctionSpace& space, const ScalarModel& function, Seed seed);

}  // namespace lehr::sample
