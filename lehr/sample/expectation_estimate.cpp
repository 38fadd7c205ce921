#include "lehr/sample/expectation_estimate.hpp"

#include <cmath>

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

stats::Interval ExpectationEstimate::interval(Index j, double confidence) const {
  const double error = std::sqrt(std::max(0.0, covariance(j, j)));
  return stats::t_interval(values[j], error, static_cast<double>(std::max<std::int64_t>(1, points - 1)),
                           confidence);
}

VectorXd relative_variance_weights(const ExpectationEstimate& estimate) {
  const Eigen::ArrayXd scale = estimate.values.cwiseAbs().cwiseMax(estimate.standard_errors()).array();
  return (scale > 0).select(scale.max(1e-150).square().inverse(), 1.0).matrix();
}

void JointMoments::add(const Eigen::Ref<const MatrixXd>& rows) {
  if (rows.rows() == 0) return;
  const auto before = static_cast<double>(count_), added = static_cast<double>(rows.rows());
  const VectorXd mean = rows.colwise().mean().transpose();
  const MatrixXd deviations = rows.rowwise() - mean.transpose();
  const VectorXd shift = mean - mean_;
  products_.noalias() += deviations.transpose() * deviations;
  products_.noalias() += shift * shift.transpose() * (before * added / (before + added));
  mean_ += shift * (added / (before + added));
  count_ += rows.rows();
}

MatrixXd JointMoments::covariance() const {
  if (count_ < 2) return MatrixXd::Zero(mean_.size(), mean_.size());
  return products_ / static_cast<double>(count_ - 1);
}

VectorXd column_variances(const Eigen::Ref<const MatrixXd>& rows) {
  const Eigen::RowVectorXd mean = rows.colwise().mean();
  const auto n = static_cast<double>(rows.rows());
  return (rows.rowwise() - mean).colwise().squaredNorm().transpose() / std::max(1.0, n - 1);
}

}  // namespace lehr::sample
