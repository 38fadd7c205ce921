#include "lehr/linalg/symmetric_product.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "lehr/core/random.hpp"

namespace lehr::linalg {
namespace {

Eigen::MatrixXd random_matrix(Eigen::Index n, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("matrix"));
  Eigen::MatrixXd matrix(n, n);
  for (Eigen::Index j = 0; j < n; ++j)
    for (Eigen::Index i = 0; i <= j; ++i) matrix(i, j) = matrix(j, i) = normal(random);
  return matrix;
}

TEST(SymmetricProduct, IsTheProduct) {
  for (const Eigen::Index n : {1, 2, 7, 8, 9, 31, 100}) {
    const Eigen::MatrixXd matrix = random_matrix(n, 1);
    const Eigen::VectorXd x = random_matrix(n, 2).col(0);
    Eigen::VectorXd y;
    const SymmetricProduct product(matrix);
    product.multiply(x, y);
    EXPECT_LT((y - matrix * x).norm(), 1e-13 * static_cast<double>(n)) << n;
    Eigen::VectorXd in_place = x;
    product.multiply(in_place, in_place);
    EXPECT_EQ(in_place, y);
  }
}

TEST(SymmetricProduct, IsEqualOnEveryInstructionSet) {
  const SymmetricProduct product(random_matrix(45, 3));
  const Eigen::VectorXd x = random_matrix(45, 4).col(0);
  Eigen::VectorXd expected, y;
  product.multiply(x, expected);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    product.multiply(x, y);
    EXPECT_EQ(y, expected) << hwy::TargetName(target);
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace
}  // namespace lehr::linalg
