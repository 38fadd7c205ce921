#include "lehr/linalg/dense.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace lehr::linalg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// The second difference of n points: values 2 - 2 cos(pi k / (n + 1)), vectors sin(pi j k / (n + 1)).
MatrixXd second_difference(Eigen::Index n) {
  MatrixXd matrix = 2 * MatrixXd::Identity(n, n);
  matrix.diagonal(1).setConstant(-1);
  matrix.diagonal(-1).setConstant(-1);
  return matrix;
}

TEST(SymmetricEigen, MatchesTheSecondDifference) {
  const Eigen::Index n = 9;
  const SymmetricEigen eigen = symmetric_eigen(second_difference(n));
  const VectorXd values = symmetric_eigenvalues(second_difference(n));
  for (Eigen::Index k = 1; k <= n; ++k) {
    EXPECT_NEAR(eigen.values[k - 1], 2 - 2 * std::cos(M_PI * double(k) / double(n + 1)), 1e-14);
    EXPECT_NEAR(values[k - 1], eigen.values[k - 1], 1e-14);
    VectorXd wave(n);
    for (Eigen::Index j = 0; j < n; ++j) wave[j] = std::sin(M_PI * double((j + 1) * k) / double(n + 1));
    EXPECT_NEAR(std::abs(wave.normalized().dot(eigen.vectors.col(k - 1))), 1, 1e-13);
  }
}

TEST(SymmetricEigen, SaysSoWhenAnEntryIsNotFinite) {
  MatrixXd matrix = MatrixXd::Identity(4, 4);
  matrix(2, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(symmetric_eigen(matrix).values.allFinite());
  EXPECT_FALSE(symmetric_eigenvalues(matrix).allFinite());
}

TEST(SolveSemidefinite, MatchesTheGreensFunctionOfTheSecondDifference) {
  const Eigen::Index n = 6;
  const MatrixXd green = solve_semidefinite(second_difference(n), MatrixXd(MatrixXd::Identity(n, n)));
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      EXPECT_NEAR(green(i, j), double((std::min(i, j) + 1) * (n - std::max(i, j))) / double(n + 1), 1e-14);
  const VectorXd column = solve_semidefinite(second_difference(n), VectorXd(VectorXd::Unit(n, 2)));
  EXPECT_NEAR((column - green.col(2)).norm(), 0, 1e-14);
}

TEST(SolveSemidefinite, LeavesSingularDirectionsAtZero) {
  MatrixXd matrix = MatrixXd::Zero(3, 3);
  matrix.diagonal() << 4, 0, 2;
  const VectorXd solution = solve_semidefinite(matrix, VectorXd(Eigen::Vector3d(8, 5, 1)));
  EXPECT_EQ(solution, VectorXd(Eigen::Vector3d(2, 0, 0.5)));
}

TEST(CholeskyFactor, IsTheLowerRoot) {
  MatrixXd matrix(2, 2), root(2, 2);
  matrix << 4, 2, 2, 10;
  root << 2, 0, 1, 3;
  EXPECT_NEAR((cholesky_factor(matrix) - root).norm(), 0, 1e-14);
  matrix(1, 1) = 0.5;
  EXPECT_EQ(cholesky_factor(matrix).size(), 0);
  matrix(1, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(cholesky_factor(matrix).size(), 0);
}

// The Hilbert matrix has an inverse of whole numbers.
TEST(Inverse, MatchesTheHilbertMatrix) {
  MatrixXd hilbert(3, 3), exact(3, 3);
  for (Eigen::Index i = 0; i < 3; ++i)
    for (Eigen::Index j = 0; j < 3; ++j) hilbert(i, j) = 1 / double(i + j + 1);
  exact << 9, -36, 30, -36, 192, -180, 30, -180, 180;
  EXPECT_NEAR((inverse(hilbert) - exact).cwiseAbs().maxCoeff(), 0, 1e-10);
  EXPECT_NEAR((solve(hilbert, VectorXd(Eigen::Vector3d(1, 0, 0))) - exact.col(0)).norm(), 0, 1e-11);
}

}  // namespace
}  // namespace lehr::linalg
