// Functions on finitely many points, given as a table: row i holds the m functions at point i, of measure
// p_i.
//
// The table is made orthonormal by a QR decomposition, diag(sqrt p) F = U R, phi = F R^-1; the squared norms
// of U's rows are the leverage scores, p_i k(x_i). Everything that is exact for a space on a continuous
// domain is exact here too. Cost: O(N m^2).
#pragma once

#include "lehr/sample/function_space.hpp"

namespace lehr::sample {

// `values`: N x m functions at the `points` (d x N); `probabilities` above 0 with any sum, empty: equal ones.
// Coefficients of the functions as given are space.to_user x those of phi. Throws InvalidInput for N < m,
// sizes that do not fit, entries that are not finite, and functions that are linearly dependent: the least
// eigenvalue of the Gram matrix of the functions, each scaled to norm 1, is below 1e-12.
FunctionSpace finite_space(const Eigen::MatrixXd& points, const Eigen::MatrixXd& values,
                           const Eigen::VectorXd& probabilities = {});
// The points are the numbers 0 .. N - 1 of the rows.
FunctionSpace finite_space(const Eigen::MatrixXd& values);

// The space of a domain whose matrix is orthonormal already; `features` as in FunctionSpace.
FunctionSpace space_on(std::shared_ptr<const FiniteDomain> domain,
                       std::function<Eigen::MatrixXd(const Points& points)> features);

}  // namespace lehr::sample
