#include "lehr/linalg/dense.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <limits>

namespace lehr::linalg {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using SymmetricSolver = Eigen::SelfAdjointEigenSolver<MatrixXd>;

namespace {

VectorXd values_of(const SymmetricSolver& solver) {
  if (solver.info() == Eigen::Success) return solver.eigenvalues();
  return VectorXd::Constant(solver.eigenvalues().size(), std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

SymmetricEigen symmetric_eigen(const MatrixXd& matrix) {
  const SymmetricSolver solver(matrix);
  if (solver.info() != Eigen::Success)
    return {values_of(solver), MatrixXd::Identity(matrix.rows(), matrix.cols())};
  return {values_of(solver), solver.eigenvectors()};
}

VectorXd symmetric_eigenvalues(const MatrixXd& matrix) {
  return values_of(SymmetricSolver(matrix, Eigen::EigenvaluesOnly));
}

VectorXd solve_semidefinite(const MatrixXd& a, const VectorXd& b) { return a.ldlt().solve(b); }
MatrixXd solve_semidefinite(const MatrixXd& a, const MatrixXd& b) { return a.ldlt().solve(b); }

MatrixXd cholesky_factor(const MatrixXd& a) {
  const Eigen::LLT<MatrixXd> cholesky(a);
  if (cholesky.info() != Eigen::Success) return {};
  MatrixXd factor = cholesky.matrixL();
  return factor.allFinite() ? factor : MatrixXd();
}

VectorXd solve(const MatrixXd& a, const VectorXd& b) { return a.partialPivLu().solve(b); }
MatrixXd inverse(const MatrixXd& a) { return a.partialPivLu().inverse(); }

}  // namespace lehr::linalg
