#include "lehr/stats/rashomon/ridge_volume.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

Eigen::MatrixXd normal_matrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("test.design"));
  Eigen::MatrixXd matrix(rows, columns);
  for (double& x : matrix.reshaped()) x = normal(random);
  return matrix;
}

double ridge_loss(const Eigen::MatrixXd& X, const Eigen::VectorXd& y, const Eigen::VectorXd& w, double C) {
  return (y - X * w).squaredNorm() + C * w.squaredNorm();
}

// The share of a box around the set that satisfies the definition J(w) <= J(w^) + theta, from 400,000 points:
// relative standard error about 0.003.
TEST(RidgeVolume, AgreesWithTheShareOfABox) {
  const Eigen::MatrixXd X = normal_matrix(60, 4, 1);
  const Eigen::VectorXd y = X * Eigen::Vector4d(1, -2, 0.5, 0) + 0.3 * normal_matrix(60, 1, 2).col(0);
  const RidgeSet set = ridge_set(X, y, 1, 3);
  const Eigen::VectorXd reach = set.half_widths();
  constexpr int points = 400'000;
  int inside = 0;
  Stream random(Seed{3}, lane("test.box"));
  for (int k = 0; k < points; ++k) {
    Eigen::VectorXd w = set.center;
    for (Eigen::Index j = 0; j < 4; ++j) w(j) += reach(j) * (2 * uniform(random) - 1);
    inside += ridge_loss(X, y, w, 1) <= ridge_loss(X, y, set.center, 1) + 3;
  }
  const double box = std::log(16.0) + reach.array().log().sum();
  const double sampled = std::exp(box) * inside / points;
  EXPECT_NEAR(std::exp(set.log_volume) / sampled, 1, 0.02);
}

// One feature: the set is an interval of half-width sqrt(theta / (x'x + C)).
TEST(RidgeVolume, OneFeatureIsAnInterval) {
  const Eigen::MatrixXd X = Eigen::Vector3d(1, 2, 2);
  const RidgeSet set = ridge_set(X, Eigen::Vector3d(1, 1, 1), 7, 4);
  EXPECT_NEAR(std::exp(set.log_volume), 2 * std::sqrt(4.0 / 16), 1e-12);
  EXPECT_NEAR(set.center(0), 5.0 / 16, 1e-12);
  EXPECT_NEAR(set.shortest_semi_axis(), 0.5, 1e-12);
  EXPECT_NEAR(set.half_widths()(0), 0.5, 1e-12);
}

TEST(RidgeVolume, VolumesOfBallsAndBoxes) {
  EXPECT_NEAR(std::exp(log_ball_volume(3, 2)), 4.0 / 3 * std::numbers::pi * 8, 1e-10);
  EXPECT_NEAR(std::exp(log_box_volume(3, 2)), 64, 1e-10);
}

// The median of (J - J^) / theta of uniform draws from a p-dimensional ellipsoid is 2^(-2/p); all lie inside.
TEST(RidgeVolume, MembersFillTheEllipsoid) {
  const Eigen::MatrixXd X = normal_matrix(50, 5, 4);
  const Eigen::VectorXd y = normal_matrix(50, 1, 5).col(0);
  const RidgeSet set = ridge_set(X, y, 0.5, 2);
  const double median = std::pow(2.0, -2.0 / 5);
  int below = 0;
  for (const Eigen::VectorXd& w : ridge_members(set, 4000, Seed{1})) {
    const double share = (ridge_loss(X, y, w, 0.5) - set.loss) / 2;
    EXPECT_LE(share, 1 + 1e-9);
    below += share < median;
  }
  EXPECT_NEAR(below, 2000, 4 * std::sqrt(1000));
}

TEST(RidgeVolume, RefusesDegenerateDesigns) {
  Eigen::MatrixXd X = normal_matrix(20, 3, 1);
  X.col(2) = X.col(0) + X.col(1);
  const Eigen::VectorXd y = X.col(0);
  EXPECT_THROW(ridge_set(X, y, 0, 1), InvalidInput);
  EXPECT_NO_THROW(ridge_set(X, y, 0.1, 1));
  EXPECT_THROW(ridge_set(X, y, -1, 1), InvalidInput);
  EXPECT_THROW(ridge_set(X, y, 1, 0), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
