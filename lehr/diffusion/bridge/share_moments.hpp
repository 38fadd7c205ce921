// Sums of the points of a side under their shares in a mixture of exponentials of quadratic forms: all that the objective of a bridge and
// its gradient need of the points.
//
//   term_k(z) = constant_k + factors_k . f(z),    p_k(z) = e^term_k / sum_j e^term_j
//   f(z) = (z_1..z_d, z_1^2..z_d^2)              diagonal, 2 d features
//   f(z) = (z_1..z_d, z_1 z_1, z_2 z_1, z_2 z_2, z_3 z_1, ..)   full: products of pairs a >= b, d + d (d+1) / 2 features
//
// Both the terms and the moments are products of a matrix of features with one of K columns (linalg/product_lanes.hpp); features are
// made panel by panel, and points may be picked from a cloud by number, so that a minibatch is never copied as a whole.
// Cost: O(n K features). Sums run over blocks of fixed size in a fixed order: the result does not depend on threads.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "lehr/diffusion/quality.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

// Some points of a cloud, a number may come more than once; all of them where `order` is empty.
struct PickedPoints {
  PointsRef points;
  std::span<const Eigen::Index> order = {};

  Eigen::Index count() const {
    return order.empty() ? points.cols() : static_cast<Eigen::Index>(order.size());
  }
  const double* operator[](Eigen::Index i) const {
    return points.data() + points.outerStride() * (order.empty() ? i : order[static_cast<std::size_t>(i)]);
  }
};

struct QuadraticTerms {
  stats::CovarianceShape shape = stats::CovarianceShape::diagonal;  // or full
  Eigen::Index dimension = 1;
  Eigen::VectorXd constant = {};  // K
  Eigen::MatrixXd factors = {};   // features x K

  Eigen::Index features() const { return features(shape, dimension); }
  static Eigen::Index features(stats::CovarianceShape shape, Eigen::Index dimension) {
    return shape == stats::CovarianceShape::full ? dimension + dimension * (dimension + 1) / 2
                                                 : 2 * dimension;
  }
};

struct ShareMoments {
  double log_sum = 0;        // sum of log sum_k e^term_k
  Eigen::VectorXd mass;      // K: sum of shares
  Eigen::MatrixXd features;  // features x K: sum of share * f(z); empty where it is not wanted
};

struct ShareSide {
  const QuadraticTerms& terms;
  const PickedPoints& points;
};
// One or several sides, their blocks in parallel together where there is enough to do.
std::vector<ShareMoments> share_moments(std::span<const ShareSide> sides, bool with_features);

// term_k of `count` points from `first` on, a multiple of 16 lanes: to[k * stride + i]. Lanes that are no points get the terms of 0.
void put_terms(const QuadraticTerms& terms, const PickedPoints& points, Eigen::Index first,
               Eigen::Index count, double* to, Eigen::Index stride);

}  // namespace lehr::diffusion
