#include "lehr/diffusion/quality.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::diffusion {
namespace {

Eigen::MatrixXd normals(Eigen::Index d, Eigen::Index n, std::uint64_t seed, double shift = 0,
                        double scale = 1) {
  Stream random(Seed{seed}, lane("test"));
  Eigen::MatrixXd points(d, n);
  for (double& value : points.reshaped()) value = shift + scale * normal(random);
  return points;
}

TEST(Quality, EnergyDistanceIsItsDefinition) {
  const Eigen::MatrixXd x = normals(3, 300, 1), y = normals(3, 270, 2, 0.5);
  double xx = 0, yy = 0, xy = 0;
  for (Eigen::Index i = 0; i < 300; ++i)
    for (Eigen::Index j = 0; j < i; ++j) xx += (x.col(i) - x.col(j)).norm() / (300 * 299 / 2.0);
  for (Eigen::Index i = 0; i < 270; ++i)
    for (Eigen::Index j = 0; j < i; ++j) yy += (y.col(i) - y.col(j)).norm() / (270 * 269 / 2.0);
  for (Eigen::Index i = 0; i < 300; ++i)
    for (Eigen::Index j = 0; j < 270; ++j) xy += (x.col(i) - y.col(j)).norm() / (300 * 270);
  EXPECT_NEAR(energy_distance(x, y), 2 * xy - xx - yy, 1e-12);
}

// Of two equal laws the unbiased estimates scatter about 0.
TEST(Quality, FloorsAreUnbiased) {
  double energy = 0, mmd = 0;
  std::vector<double> energies;
  for (std::uint64_t s = 0; s < 100; ++s) {
    const Eigen::MatrixXd x = normals(2, 200, 2 * s + 1), y = normals(2, 200, 2 * s + 2);
    energies.push_back(energy_distance(x, y));
    energy += energies.back() / 100;
    mmd += squared_mmd(x, y, 1.0) / 100;
  }
  double variance = 0;
  for (const double e : energies) variance += (e - energy) * (e - energy) / 99;
  EXPECT_LT(std::abs(energy), 3.5 * std::sqrt(variance / 100));
  EXPECT_LT(std::abs(mmd), 1e-3);
}

// N(0,1) against N(m, s^2) on the line: W2^2 = m^2 + (s - 1)^2; the energy distance of N(0,1) and N(m,1) is
// 2 (E|Z sqrt2 + m| - E|Z sqrt2|).
TEST(Quality, KnownDistances) {
  const Eigen::MatrixXd x = normals(1, 40000, 5), y = normals(1, 40000, 6, 1, 1.5);
  EXPECT_NEAR(sliced_wasserstein(x, y, 3), std::sqrt(1.25), 0.02);
  const Eigen::MatrixXd z = normals(1, 20000, 7, 1);
  const double r = std::sqrt(2.0), phi = std::exp(-0.25) / std::sqrt(2 * M_PI);
  const double expected = 2 * (2 * r * phi + std::erf(0.5) - r * std::sqrt(2 / M_PI));
  EXPECT_NEAR(energy_distance(x.leftCols(20000), z), expected, 0.02);
}

TEST(Quality, UnequalSizesUseTheQuantileFunctions) {
  EXPECT_NEAR(wasserstein_1d({0, 1}, {0, 0, 1, 1}), 0, 1e-15);
  EXPECT_NEAR(wasserstein_1d({0}, {1, 2, 3}), std::sqrt(14.0 / 3), 1e-15);
  EXPECT_NEAR(wasserstein_1d({0, 2, 4}, {1, 3}), 1.0,
              1e-12);  // thirds against halves: |difference| is 1 everywhere
}

TEST(Quality, FrechetOfExactMomentsIsTheClosedForm) {
  Moments a{Eigen::Vector2d(0, 0), Eigen::Matrix2d::Identity()},
      b{Eigen::Vector2d(1, -2), Eigen::Matrix2d::Zero()};
  b.covariance << 2, 0.5, 0.5, 1;
  // tr of the root of a 2 x 2 matrix: sqrt(tr + 2 sqrt(det)).
  const double root_trace = std::sqrt(3 + 2 * std::sqrt(1.75));
  EXPECT_NEAR(frechet_distance(a, b), 5 + 2 + 3 - 2 * root_trace, 1e-10);
  EXPECT_NEAR(frechet_distance(b, b), 0, 1e-10);
}

TEST(Quality, Modes) {
  Eigen::MatrixXd means(1, 2), points(1, 4);
  means << -1, 1;
  points << -2, -0.5, 0.1, 3;
  const Eigen::VectorXd shares = nearest_mean_shares(points, means);
  EXPECT_EQ(shares, Eigen::Vector2d(0.5, 0.5));
  EXPECT_DOUBLE_EQ(total_variation(shares, Eigen::Vector2d(0.25, 0.75)), 0.25);
}

TEST(Quality, DimensionsMustAgree) {
  EXPECT_THROW(energy_distance(normals(2, 5, 1), normals(3, 5, 1)), InvalidInput);
  EXPECT_THROW(sliced_wasserstein(normals(2, 5, 1), normals(3, 5, 1)), InvalidInput);
}

}  // namespace
}  // namespace lehr::diffusion
