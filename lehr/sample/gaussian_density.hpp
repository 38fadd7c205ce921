// The normal law N(mean, covariance) as a log density with gradient:
//   log p(x) = -(x - mean)' P (x - mean) / 2 + constant,   gradient = -P (x - mean),   P = covariance^-1.
// Cost: d^2 multiplications and additions.
#pragma once

#include "lehr/sample/log_density.hpp"

namespace lehr::sample {

// `covariance` is symmetric positive definite, d x d; otherwise InvalidInput.
LogDensity gaussian_density(const Eigen::VectorXd& mean, const Eigen::MatrixXd& covariance);

}  // namespace lehr::sample
