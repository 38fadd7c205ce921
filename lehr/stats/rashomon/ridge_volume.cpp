#include "lehr/stats/rashomon/ridge_volume.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::stats {

using Eigen::MatrixXd;
using Eigen::VectorXd;

double RidgeSet::shortest_semi_axis() const { return std::sqrt(theta / eigenvalues.maxCoeff()); }
double RidgeSet::longest_semi_axis() const { return std::sqrt(theta / eigenvalues.minCoeff()); }

VectorXd RidgeSet::half_widths() const {
  return (theta * (axes.cwiseAbs2() * eigenvalues.cwiseInverse())).cwiseSqrt();
}

double log_ball_volume(Eigen::Index p, double radius) {
  const double half = 0.5 * static_cast<double>(p);
  return half * std::log(std::numbers::pi) - std::lgamma(half + 1) + 2 * half * std::log(radius);
}

double log_box_volume(Eigen::Index p, double half_width) {
  return static_cast<double>(p) * std::log(2 * half_width);
}

RidgeSet ridge_set(const MatrixXd& design, const VectorXd& response, double C, double theta) {
  if (!(C >= 0) || !std::isfinite(C))
    throw InvalidInput("ridge: C must be at least 0 and finite, found {}", C);
  if (!(theta > 0) || !std::isfinite(theta))
    throw InvalidInput("ridge: theta must be above 0 and finite, found {}", theta);
  if (design.rows() != response.size() || design.cols() < 1)
    throw InvalidInput("ridge: a design of {} x {} and {} responses", design.rows(), design.cols(),
                       response.size());
  const MatrixXd gram = design.transpose() * design;
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(gram);
  if (!eigen.values.allFinite()) throw NumericalFailure("ridge: the design's singular values are not finite");
  const double rounding = 1e-12 * static_cast<double>(design.cols()) * eigen.values.maxCoeff();
  if (C == 0 && eigen.values.minCoeff() <= rounding)
    throw InvalidInput("ridge: with C = 0 the features must be linearly independent; give C > 0");
  RidgeSet set;
  set.theta = theta;
  set.axes = eigen.vectors;
  set.eigenvalues = eigen.values.cwiseMax(0).array() + C;
  const VectorXd moment = eigen.vectors.transpose() * (design.transpose() * response);
  set.center = eigen.vectors * moment.cwiseQuotient(set.eigenvalues);
  set.loss = (response - design * set.center).squaredNorm() + C * set.center.squaredNorm();
  set.log_volume =
      log_ball_volume(design.cols(), std::sqrt(theta)) - 0.5 * set.eigenvalues.array().log().sum();
  return set;
}

std::vector<VectorXd> ridge_members(const RidgeSet& set, std::int64_t count, Seed seed) {
  const Eigen::Index p = set.center.size();
  std::vector<VectorXd> members;
  for (std::int64_t m = 0; m < count; ++m) {
    Stream random(seed, lane("rashomon.ridge"), static_cast<std::uint64_t>(m));
    VectorXd in_ball(p);
    for (double& x : in_ball) x = normal(random);
    in_ball *= std::pow(uniform(random), 1.0 / static_cast<double>(p)) / in_ball.norm();
    members.push_back(set.center +
                      std::sqrt(set.theta) * (set.axes * in_ball.cwiseQuotient(set.eigenvalues.cwiseSqrt())));
  }
  return members;
}

}  // namespace lehr::stats
