#include "lehr/cluster/principal_axis.hpp"

#include <cmath>

#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::cluster {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index moment_block = 4096;
constexpr Index largest_decomposed = 64;
constexpr double equal_eigenvalues = 1e-9;  // relative
constexpr int power_iterations = 1000;

VectorXd with_fixed_sign(VectorXd direction) {
  Index largest = 0;
  for (Index j = 1; j < direction.size(); ++j)
    if (std::abs(direction[j]) > std::abs(direction[largest])) largest = j;
  if (direction[largest] < 0) direction = -direction;
  return direction;
}

// The columns' numbers, the largest variance first, the lower number first among equal ones.
std::vector<Index> by_variance(const MatrixXd& covariance) {
  std::vector<Index> order(static_cast<std::size_t>(covariance.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, [&](Index a, Index b) { return covariance(a, a) > covariance(b, b); });
  return order;
}

PrincipalAxis decomposed_axis(const MatrixXd& covariance) {
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(covariance);
  const Index d = covariance.rows();
  const double largest = eigen.values[d - 1];
  Index simple = 1;
  while (simple < d && largest - eigen.values[d - 1 - simple] <= equal_eigenvalues * largest) ++simple;
  if (simple == 1) return {with_fixed_sign(eigen.vectors.col(d - 1)), largest};
  const MatrixXd space = eigen.vectors.rightCols(simple);
  for (const Index column : by_variance(covariance)) {
    const VectorXd projection = space * space.row(column).transpose();
    if (projection.norm() > 1e-6) return {with_fixed_sign(projection.normalized()), largest};
  }
  return {with_fixed_sign(eigen.vectors.col(d - 1)), largest};
}

// From the axis of the column with the largest variance, mixed with the covariances to it, so that the start is not
// orthogonal to the answer.
PrincipalAxis iterated_axis(const MatrixXd& covariance) {
  VectorXd direction = covariance.col(by_variance(covariance).front());
  if (!(direction.norm() > 0)) return {VectorXd::Unit(covariance.rows(), 0), 0};
  direction.normalize();
  for (int i = 0; i < power_iterations; ++i) {
    VectorXd next = covariance * direction;
    next.normalize();
    const double change = (next - direction).lpNorm<Eigen::Infinity>();
    direction = std::move(next);
    if (change < 1e-12) break;
  }
  return {with_fixed_sign(direction), direction.dot(covariance * direction)};
}

}  // namespace

VectorXd weighted_mean(const WeightedPoints& points) {
  const VectorXd sum = parallel_reduce(
      points.size(), moment_block, VectorXd(VectorXd::Zero(points.dimension())),
      [&](Index from, Index to) {
        VectorXd part = VectorXd::Zero(points.dimension());
        for (Index i = from; i < to; ++i) part += points.weight(i) * points.points.col(i);
        return part;
      },
      [](VectorXd all, const VectorXd& part) { return VectorXd(all + part); });
  return sum / points.total_weight();
}

MatrixXd weighted_covariance(const WeightedPoints& points, const VectorXd& mean) {
  const Index d = points.dimension();
  const MatrixXd lower = parallel_reduce(
      points.size(), moment_block, MatrixXd(MatrixXd::Zero(d, d)),
      [&](Index from, Index to) {
        MatrixXd part = MatrixXd::Zero(d, d);
        VectorXd centered(d);
        for (Index i = from; i < to; ++i) {
          centered.array() = points.points.col(i).array() - mean.array();
          for (Index j = 0; j < d; ++j)
            part.col(j).tail(d - j) += points.weight(i) * centered[j] * centered.tail(d - j);
        }
        return part;
      },
      [](MatrixXd all, const MatrixXd& part) { return MatrixXd(all + part); });
  return MatrixXd(lower.selfadjointView<Eigen::Lower>()) / points.total_weight();
}

PrincipalAxis principal_axis(const MatrixXd& covariance) {
  return covariance.rows() <= largest_decomposed ? decomposed_axis(covariance) : iterated_axis(covariance);
}

}  // namespace lehr::cluster
