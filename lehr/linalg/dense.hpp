// Decompositions of small dense matrices. Eigen's, compiled here once: each costs the compiler seconds
// wherever it is used. Cost: O(n^3).
#pragma once

#include <Eigen/Core>

namespace lehr::linalg {

// A = V diag(values) V' with ascending values and orthonormal columns V.
struct SymmetricEigen {
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};

// Of the symmetric n x n matrix whose lower half is that of `matrix`. Where the iteration does not converge
// (entries that are not finite) all values are NaN.
SymmetricEigen symmetric_eigen(const Eigen::MatrixXd& matrix);
// The values alone, at a third of the cost.
Eigen::VectorXd symmetric_eigenvalues(const Eigen::MatrixXd& matrix);

// Solves A X = B by LDL' with diagonal pivoting: A symmetric and positive or negative semidefinite, of which
// the lower half is read. Directions in which A is singular stay zero.
Eigen::VectorXd solve_semidefinite(const Eigen::MatrixXd& a, const Eigen::VectorXd& b);
Eigen::MatrixXd solve_semidefinite(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b);

// The lower factor L of A = L L', A symmetric positive definite, of which the lower half is read; empty where
// it is not.
Eigen::MatrixXd cholesky_factor(const Eigen::MatrixXd& a);

// A = Q R of an n x m matrix, n >= m, by Householder reflections: Q is n x m with orthonormal columns, R is m
// x m and upper triangular.
struct ThinQr {
  Eigen::MatrixXd q, r;
};
ThinQr thin_qr(const Eigen::MatrixXd& a);

// R^-1 B for an upper triangular R without zeros on its diagonal.
Eigen::MatrixXd solve_upper(const Eigen::MatrixXd& r, const Eigen::MatrixXd& b);

// Ascending eigenvalues of the symmetric tridiagonal matrix with these n diagonal and n - 1 off-diagonal
// entries. Cost: O(n^2).
Eigen::VectorXd tridiagonal_eigenvalues(const Eigen::VectorXd& diagonal, const Eigen::VectorXd& off_diagonal);

// A^-1 B and A^-1 by LU with partial pivoting; A must be invertible.
Eigen::VectorXd solve(const Eigen::MatrixXd& a, const Eigen::VectorXd& b);
Eigen::MatrixXd inverse(const Eigen::MatrixXd& a);

}  // namespace lehr::linalg
