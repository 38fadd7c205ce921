#include "lehr/linalg/dense.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
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

ThinQr thin_qr(const MatrixXd& a) {
  const Eigen::HouseholderQR<MatrixXd> reflections(a);
  ThinQr qr;
  qr.q = reflections.householderQ() * MatrixXd::Identity(a.rows(), a.cols());
  qr.r = reflections.matrixQR().topRows(a.cols()).triangularView<Eigen::Upper>();
  return qr;
}

MatrixXd solve_upper(const MatrixXd& r, const MatrixXd& b) {
  return r.triangularView<Eigen::Upper>().solve(b);
}

VectorXd tridiagonal_eigenvalues(const VectorXd& diagonal, const VectorXd& off_diagonal) {
  SymmetricSolver solver;
  solver.computeFromTridiagonal(diagonal, off_diagonal, Eigen::EigenvaluesOnly);
  return values_of(solver);
}

VectorXd solve(const MatrixXd& a, const VectorXd& b) { return a.partialPivLu().solve(b); }
MatrixXd inverse(const MatrixXd& a) { return a.partialPivLu().inverse(); }

}  // namespace lehr::linalg
