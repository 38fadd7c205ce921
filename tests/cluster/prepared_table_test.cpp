#include "lehr/cluster/prepared_table.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "tests/cluster/tables.hpp"

namespace lehr::cluster {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST(PreparedTable, RowOrderLeavesNoTrace) {
  const GeneratedTable table = test::blobs(500, 3, 4, 1, 1);
  const PreparedTable first = prepare(table.points);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<Index> order = test::permutation(500, seed);
    const PreparedTable other = prepare(table.points(Eigen::all, order));
    EXPECT_EQ(other.rows, first.rows);
    EXPECT_EQ(other.shift, first.shift);
    EXPECT_EQ(other.floor(), first.floor());
    for (std::size_t i = 0; i < 500; ++i)
      EXPECT_EQ(order[static_cast<std::size_t>(other.original[i])], first.original[i]);
  }
}

TEST(PreparedTable, ScalesAndDropsConstants) {
  MatrixXd points(3, 5);
  points << 1, 2, 3, 4, 10, 7, 7, 7, 7, 7, 0, 0, 0, 0, 3;
  const PreparedTable zscored = prepare(points);
  EXPECT_EQ(zscored.columns, (std::vector<Index>{0, 2}));
  EXPECT_EQ(zscored.constant, (std::vector<Index>{1}));
  EXPECT_DOUBLE_EQ(zscored.shift[0], 4);
  EXPECT_DOUBLE_EQ(zscored.scale[0], std::sqrt(10.0));
  EXPECT_TRUE(zscored.variances().isApprox(VectorXd::Ones(2), 1e-14));
  const PreparedTable robust = prepare(points, "robust");
  EXPECT_DOUBLE_EQ(robust.shift[0], 3);
  EXPECT_NEAR(robust.scale[0], 2 / 1.3489795003921634, 1e-15);
  EXPECT_DOUBLE_EQ(robust.scale[1], 1.2);  // no interquartile range: the standard deviation
  EXPECT_EQ(prepare(points, "none").scale, VectorXd::Ones(2));
}

TEST(PreparedTable, ZeroHasOneSign) {
  MatrixXd points(1, 3);
  points << 0.0, -0.0, 1;
  const PreparedTable table = prepare(points, "none");
  EXPECT_FALSE(std::signbit(table.rows(0, 0)) || std::signbit(table.rows(0, 1)));
}

TEST(PreparedTable, RoundedColumnsGetAFloor) {
  MatrixXd points(2, 100);
  for (Index i = 0; i < 100; ++i)
    points.col(i) << 0.5 * static_cast<double>(i % 10), std::sin(static_cast<double>(i));
  const PreparedTable table = prepare(points, "none");
  EXPECT_DOUBLE_EQ(table.tie_floor[0], 0.25);
  EXPECT_EQ(table.tie_floor[1], 0);
  EXPECT_DOUBLE_EQ(table.floor()[1], 1e-6 * table.variances()[1]);
}

TEST(PreparedTable, MapsThereAndBack) {
  const GeneratedTable made = test::blobs(200, 3, 3, 1, 2);
  const PreparedTable table = prepare(made.points);
  const MatrixXd covariance = table.rows * table.rows.transpose() / 200;
  const PreparedTable white = mapped(table, whitening(covariance));
  EXPECT_TRUE((white.rows * white.rows.transpose() / 200).isApprox(MatrixXd::Identity(3, 3), 1e-10));
  MatrixXd sorted(3, 200);
  for (Index i = 0; i < 200; ++i)
    sorted.col(i) = made.points.col(table.original[static_cast<std::size_t>(i)]);
  EXPECT_TRUE(means_in_table_units(white, white.rows).isApprox(sorted, 1e-10));
  EXPECT_TRUE(means_in_table_units(table, table.rows).isApprox(sorted, 1e-12));
  const MatrixXd centered = sorted.colwise() - sorted.rowwise().mean().eval();
  EXPECT_TRUE(covariance_in_table_units(white, MatrixXd::Identity(3, 3))
                  .isApprox(centered * centered.transpose() / 200, 1e-10));
  const PreparedTable axes = mapped(table, principal_components(table, 2));
  EXPECT_EQ(axes.dimension(), 2);
  EXPECT_GE(axes.variances()[0], axes.variances()[1]);
  const PreparedTable second = restricted(table, {1});
  EXPECT_EQ(second.rows.row(0), table.rows.row(1));
  EXPECT_EQ(second.columns, (std::vector<Index>{1}));
}

TEST(PreparedTable, RefusesWhatIsNoTable) {
  EXPECT_THROW(prepare(MatrixXd(2, 0)), InvalidInput);
  EXPECT_THROW(prepare(MatrixXd(0, 2)), InvalidInput);
  MatrixXd points = MatrixXd::Zero(1, 2);
  points(0, 1) = std::nan("");
  EXPECT_THROW(prepare(points), InvalidInput);
  points(0, 1) = 1e200;
  EXPECT_THROW(prepare(points), InvalidInput);
}

}  // namespace
}  // namespace lehr::cluster
