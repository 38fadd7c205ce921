#include "lehr/linalg/product_lanes.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <Eigen/Core>

#include "lehr/core/random.hpp"

namespace lehr::linalg {
namespace {

Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("matrix"));
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return normal(random); });
}

// Rows of 16 lanes are columns of a 16 x depth matrix.
TEST(PanelProduct, IsTheProduct) {
  for (const Eigen::Index depth : {0, 1, 2, 7, 50})
    for (const Eigen::Index columns : {1, 2, 3, 4, 5, 10, 23}) {
      const Eigen::MatrixXd panel = normal_matrix(16, depth, 1),
                            factors = normal_matrix(depth + 2, columns, 2);
      const Eigen::VectorXd start = normal_matrix(columns, 1, 3);
      Eigen::MatrixXd out = Eigen::MatrixXd::Constant(20, columns, -7);
      panel_product(panel.data(), depth, factors.data(), depth + 2, columns, start.data(), out.data(), 20);
      Eigen::MatrixXd expected = panel * factors.topRows(depth);
      expected.rowwise() += start.transpose();
      EXPECT_LT((out.topRows(16) - expected).norm(), 1e-13 * (1 + expected.norm()))
          << depth << " " << columns;
      EXPECT_TRUE((out.bottomRows(4).array() == -7).all());  // nothing is written beside the lanes
      panel_product(panel.data(), depth, factors.data(), depth + 2, columns, nullptr, out.data(), 20);
      expected.rowwise() -= start.transpose();
      EXPECT_LT((out.topRows(16) - expected).norm(), 1e-13 * (1 + expected.norm()));
    }
}

TEST(PanelProduct, IsEqualOnEveryInstructionSet) {
  const Eigen::MatrixXd panel = normal_matrix(16, 33, 4), factors = normal_matrix(33, 11, 5);
  Eigen::MatrixXd expected(16, 11), out(16, 11);
  panel_product(panel.data(), 33, factors.data(), 33, 11, nullptr, expected.data(), 16);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    panel_product(panel.data(), 33, factors.data(), 33, 11, nullptr, out.data(), 16);
    EXPECT_EQ(out, expected) << hwy::TargetName(target);
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace
}  // namespace lehr::linalg
