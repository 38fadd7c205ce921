#include "lehr/cluster/bisect.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/cluster/principal_axis.hpp"
#include "lehr/linalg/dense.hpp"
#include "tests/cluster/tables.hpp"

namespace lehr::cluster {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST(PrincipalAxis, IsTheFirstEigenvectorWithAFixedSign) {
  MatrixXd covariance(3, 3);
  covariance << 4, 1, 0.5, 1, 3, -0.2, 0.5, -0.2, 2;
  const PrincipalAxis axis = principal_axis(covariance);
  EXPECT_TRUE((covariance * axis.direction).isApprox(axis.variance * axis.direction, 1e-12));
  Index largest = 0;
  axis.direction.cwiseAbs().maxCoeff(&largest);
  EXPECT_GT(axis.direction[largest], 0);
}

TEST(PrincipalAxis, EqualEigenvaluesAreDecided) {
  EXPECT_TRUE(principal_axis(MatrixXd::Identity(3, 3)).direction.isApprox(VectorXd::Unit(3, 0)));
  // The plane of the first two columns holds all the variance, turned so that its basis is not along the columns.
  MatrixXd covariance = MatrixXd::Zero(3, 3);
  covariance(0, 0) = covariance(1, 1) = 2, covariance(2, 2) = 1;
  EXPECT_TRUE(principal_axis(covariance).direction.isApprox(VectorXd::Unit(3, 0), 1e-12));
  EXPECT_TRUE(principal_axis(MatrixXd::Zero(2, 2)).direction.isApprox(VectorXd::Unit(2, 0)));
}

TEST(PrincipalAxis, PowerIterationAgreesWithDecomposition) {
  constexpr Index d = 80;
  Stream random(Seed{1}, lane("matrix"));
  MatrixXd factor(d, d);
  for (double& x : factor.reshaped()) x = normal(random);
  factor.row(3) *= 4;  // a gap after the first eigenvalue
  const MatrixXd covariance = factor * factor.transpose();
  const PrincipalAxis axis = principal_axis(covariance);
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(covariance);
  EXPECT_NEAR(axis.variance, eigen.values[d - 1], 1e-9 * eigen.values[d - 1]);
  EXPECT_NEAR(std::abs(axis.direction.dot(eigen.vectors.col(d - 1))), 1, 1e-9);
}

TEST(Bisection, CutsWhereTheSseIsLargest) {
  // Three groups on a line; the far one is cut off first, then the two near ones.
  WeightedPoints points{MatrixXd(1, 12), {}, {}};
  points.points << 0, 0.1, 0.2, 0.3, 2, 2.1, 2.2, 2.3, 9, 9.1, 9.2, 9.3;
  const std::vector<Partition> parts = bisect(points, 3, 2);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[1].labels, (std::vector<int>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(parts[2].labels, (std::vector<int>{0, 0, 0, 0, 2, 2, 2, 2, 1, 1, 1, 1}));
  EXPECT_GT(parts[0].total_sse(), parts[1].total_sse());
  EXPECT_NEAR(parts[2].total_sse(), 3 * 0.05, 1e-12);
}

TEST(Bisection, RespectsTheLeastMass) {
  const GeneratedTable table = test::blobs(200, 2, 3, 0.5, 1);
  const WeightedPoints points{table.points, {}, {}};
  EXPECT_EQ(bisect(points, 6, 101).size(), 1u);
  for (const Partition& partition : bisect(points, 6, 20))
    if (partition.cells() == 2) {
      EXPECT_GE(partition.masses.minCoeff(), 20);
    }
}

TEST(Bisection, EqualPointsAreNotCut) {
  const WeightedPoints points{MatrixXd::Constant(3, 50, 0.1), {}, {}};
  EXPECT_EQ(bisect(points, 4, 2).size(), 1u);
}

}  // namespace
}  // namespace lehr::cluster
