#include "lehr/cluster/scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::cluster {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

double pairs(double count) { return 0.5 * count * (count - 1); }

void check_lengths(std::size_t a, std::size_t b) {
  if (a != b || a == 0) throw InvalidInput("scores: {} labels against {}", a, b);
}

}  // namespace

MatrixXd contingency(std::span<const int> a, std::span<const int> b) {
  check_lengths(a.size(), b.size());
  if (std::ranges::min(a) < 0 || std::ranges::min(b) < 0) throw InvalidInput("scores: a negative label");
  MatrixXd counts = MatrixXd::Zero(std::ranges::max(a) + 1, std::ranges::max(b) + 1);
  for (std::size_t i = 0; i < a.size(); ++i) counts(a[i], b[i]) += 1;
  return counts;
}

double adjusted_rand_index(std::span<const int> a, std::span<const int> b) {
  const MatrixXd counts = contingency(a, b);
  const double both = counts.unaryExpr(&pairs).sum();
  const double first = counts.rowwise().sum().unaryExpr(&pairs).sum();
  const double second = counts.colwise().sum().unaryExpr(&pairs).sum();
  const double all = pairs(static_cast<double>(a.size()));
  const double expected = all > 0 ? first * second / all : 0, largest = 0.5 * (first + second);
  return largest == expected ? 1 : (both - expected) / (largest - expected);
}

VectorXd simplified_silhouette(const MatrixXd& points, const MatrixXd& centres, std::span<const int> labels) {
  check_lengths(static_cast<std::size_t>(points.cols()), labels.size());
  VectorXd values = VectorXd::Zero(points.cols());
  if (centres.cols() < 2) return values;
  for (Index i = 0; i < points.cols(); ++i) {
    double own = 0, other = std::numeric_limits<double>::infinity();
    for (Index c = 0; c < centres.cols(); ++c) {
      const double distance = (points.col(i) - centres.col(c)).norm();
      c == labels[static_cast<std::size_t>(i)] ? own = distance : other = std::min(other, distance);
    }
    values[i] = std::max(own, other) > 0 ? (other - own) / std::max(own, other) : 0;
  }
  return values;
}

double agreement(std::span<const int> a, std::span<const int> b, const VectorXd& weights) {
  check_lengths(a.size(), b.size());
  double equal = 0, all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double weight = weights.size() > 0 ? weights[static_cast<Index>(i)] : 1;
    all += weight;
    if (a[i] == b[i]) equal += weight;
  }
  return equal / all;
}

double posterior_clarity(const MatrixXd& posteriors, const VectorXd& weights) {
  if (posteriors.rows() < 2) return 0;
  double entropy = 0, all = 0;
  for (Index i = 0; i < posteriors.cols(); ++i) {
    const double weight = weights.size() > 0 ? weights[i] : 1;
    all += weight;
    for (const double p : posteriors.col(i))
      if (p > 0) entropy -= weight * p * std::log(p);
  }
  return 1 - entropy / all / std::log(static_cast<double>(posteriors.rows()));
}

}  // namespace lehr::cluster
