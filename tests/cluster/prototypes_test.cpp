#include "lehr/cluster/prototypes.hpp"

#include <gtest/gtest.h>

#include <set>

#include "lehr/cluster/principal_axis.hpp"
#include "lehr/core/parallel.hpp"
#include "tests/cluster/tables.hpp"

namespace lehr::cluster {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST(Prototypes, ShareTheRowsAmongThem) {
  const GeneratedTable table = test::blobs(3000, 3, 5, 1, 1);
  const Prototypes prototypes = make_prototypes(table.points, {.most = 200, .loss_max = 1});
  EXPECT_EQ(prototypes.count(), 200);
  std::set<Index> seen;
  for (const std::vector<Index>& cell : prototypes.cells) seen.insert(cell.begin(), cell.end());
  EXPECT_EQ(seen.size(), 3000u);
}

TEST(Prototypes, KeepTheMomentsOfTheRows) {
  const GeneratedTable table = test::blobs(2000, 3, 5, 1, 2);
  const Prototypes prototypes = make_prototypes(table.points, {.most = 64, .loss_max = 1});
  const WeightedPoints rows{table.points({0, 2}, Eigen::all), {}, {}};
  const WeightedPoints cells =
      weighted_points(table.points, prototypes, {0, 2}, stats::CovarianceShape::full);
  const VectorXd mean = weighted_mean(rows);
  EXPECT_TRUE(weighted_mean(cells).isApprox(mean, 1e-12));
  MatrixXd covariance = weighted_covariance(cells, mean);
  const VectorXd scatter = cells.scatter * cells.weights / 2000;
  covariance(0, 0) += scatter[0], covariance(1, 0) += scatter[1], covariance(1, 1) += scatter[2];
  covariance(0, 1) = covariance(1, 0);
  EXPECT_TRUE(covariance.isApprox(weighted_covariance(rows, mean), 1e-12));
}

TEST(Prototypes, LossIsTheShareWithinCells) {
  const GeneratedTable table = test::blobs(2000, 2, 5, 1, 3);
  const Prototypes prototypes = make_prototypes(table.points, {.most = 32, .loss_max = 1});
  double within = 0;
  for (const std::vector<Index>& cell : prototypes.cells) {
    const MatrixXd rows = table.points(Eigen::all, cell);
    within += (rows.colwise() - rows.rowwise().mean().eval()).squaredNorm();
  }
  const double all = (table.points.colwise() - table.points.rowwise().mean().eval()).squaredNorm();
  EXPECT_NEAR(prototypes.loss, within / all, 1e-12);
}

TEST(Prototypes, CellsAreRefinedForTheLoss) {
  const GeneratedTable table = test::blobs(2000, 4, 5, 1, 4);
  const Prototypes coarse = make_prototypes(table.points, {.most = 10, .loss_max = 1});
  const Prototypes fine = make_prototypes(table.points, {.most = 10, .loss_max = 0.05});
  EXPECT_GT(coarse.loss, 0.05);
  EXPECT_LE(fine.loss, 0.05);
  EXPECT_GT(fine.count(), 10);
}

TEST(Prototypes, EqualRowsStayTogether) {
  MatrixXd rows(1, 1000);
  for (Index i = 0; i < 1000; ++i) rows(0, i) = static_cast<double>(i % 4);
  const Prototypes prototypes = make_prototypes(rows, {.most = 500});
  EXPECT_EQ(prototypes.loss, 0);
  EXPECT_LE(prototypes.count(), 16);
}

TEST(Prototypes, ThreadsDoNotMatter) {
  const GeneratedTable table = test::blobs(20000, 3, 5, 1, 5);
  set_threads(1);
  const Prototypes one = make_prototypes(table.points, {.most = 1000});
  set_threads(4);
  const Prototypes four = make_prototypes(table.points, {.most = 1000});
  set_threads(0);
  EXPECT_EQ(one.cells, four.cells);
  EXPECT_EQ(one.loss, four.loss);
}

}  // namespace
}  // namespace lehr::cluster
