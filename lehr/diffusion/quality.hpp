// How far two samples are apart: what stands in for the FID of images. Points are columns.
//
//   energy distance   2 E|X - Y| - E|X - X'| - E|Y - Y'|, pairs of different points only, so that it is unbiased (0 in the
//                     mean for two samples of one law, negative as often as positive; Szekely and Rizzo, 2013)
//   sliced W2         (mean over directions u of W2(u'X, u'Y)^2)^1/2, directions uniform on the sphere and addressed by the
//                     seed, so that the same seed compares the same way (Bonneel et al., 2015)
//   RBF MMD^2         E k(X, X') + E k(Y, Y') - 2 E k(X, Y), k = exp(-|x - y|^2 / 2 h^2), unbiased (Gretton et al., 2012)
//   Frechet distance  |m_X - m_Y|^2 + tr(C_X + C_Y - 2 (C_X C_Y)^1/2) of means and covariances (Dowson and Landau, 1982);
//                     biased upwards by O(1/n): compare equal n only
//
// Each has a noise floor, the same statistic between two true samples: a distance below it says nothing. Cost: energy and MMD
// O((n + m)^2 d), sliced W2 O(projections (n + m)(d + log n)), Frechet O((n + m) d^2 + d^3). Sums have a fixed order, so results do not
// depend on threads.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::diffusion {

using PointsRef = Eigen::Ref<const Eigen::MatrixXd>;

// d x n and d x m, at least two points each. Throws InvalidInput where the dimensions differ.
double energy_distance(const PointsRef& x, const PointsRef& y);

double sliced_wasserstein(const PointsRef& x, const PointsRef& y, std::int64_t projections = 128,
                          Seed seed = {1});
// W2 of two samples on the line: the root of the mean squared difference of their quantile functions.
double wasserstein_1d(std::vector<double> x, std::vector<double> y);

// h: the median distance between the first 500 points of each side where `bandwidth` is 0.
double squared_mmd(const PointsRef& x, const PointsRef& y, double bandwidth = 0);

// Means and covariances (divided by n) of a sample, or known ones.
struct Moments {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};
Moments moments_of(const PointsRef& x);
// Adds `ridge` to both diagonals (for samples smaller than their dimension).
double frechet_distance(const Moments& a, const Moments& b, double ridge = 0);

// The coordinates along the `count` principal components of x: a map of d x n points to count x n. Throws InvalidInput unless count is in
// [1, d].
std::function<Eigen::MatrixXd(const PointsRef& points)> principal_features(const PointsRef& x,
                                                                           Eigen::Index count);

// Shares of the points that are nearest to each of the means (columns), and half the sum of absolute differences of two such vectors.
Eigen::VectorXd nearest_mean_shares(const PointsRef& points, const PointsRef& means);
double total_variation(const Eigen::VectorXd& p, const Eigen::VectorXd& q);

}  // namespace lehr::diffusion
