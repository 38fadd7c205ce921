#include "lehr/sample/multivariate_normal.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

std::optional<MultivariateNormal> MultivariateNormal::make(VectorXd mean, MatrixXd covariance) {
  if (!mean.allFinite() || !covariance.allFinite()) return std::nullopt;
  MatrixXd factor = linalg::cholesky_factor(covariance);
  if (factor.size() == 0) return std::nullopt;
  MultivariateNormal law;
  const Index d = mean.size();
  law.mean_ = std::move(mean);
  law.covariance_ = std::move(covariance);
  law.factor_ = std::move(factor);
  law.whitening_ = law.factor_.triangularView<Eigen::Lower>().solve(MatrixXd::Identity(d, d));
  law.log_normaliser_ =
      -law.factor_.diagonal().array().log().sum() - 0.918938533204672741780 * static_cast<double>(d);
  if (!law.whitening_.allFinite()) return std::nullopt;
  return law;
}

MultivariateNormal::MultivariateNormal(VectorXd mean, MatrixXd covariance) {
  if (covariance.rows() != mean.size() || covariance.cols() != mean.size())
    throw InvalidInput("normal law: the mean has {} entries, the covariance is {} x {}", mean.size(),
                       covariance.rows(), covariance.cols());
  std::optional<MultivariateNormal> law = make(std::move(mean), std::move(covariance));
  if (!law) throw InvalidInput("normal law: the covariance is not positive definite");
  *this = std::move(*law);
}

void MultivariateNormal::log_pdf(const Points& points, Eigen::Ref<VectorXd> to) const {
  to = (log_normaliser_ - 0.5 * whiten(points).colwise().squaredNorm().transpose().array()).matrix();
}

MatrixXd MultivariateNormal::transform(const Points& normal) const {
  return (factor_ * normal).colwise() + mean_;
}

MatrixXd MultivariateNormal::whiten(const Points& points) const {
  MatrixXd whitened(points.rows(), points.cols());
  whitened.noalias() = whitening_ * (points.colwise() - mean_);
  return whitened;
}

std::optional<MultivariateNormal> fit_normal(const Points& points, const Eigen::Ref<const VectorXd>& weights,
                                             CovarianceShape shape, double ridge) {
  const VectorXd shares = weights / weights.sum();
  VectorXd mean = points * shares;
  const MatrixXd centered = points.colwise() - mean;
  MatrixXd covariance;
  if (shape == CovarianceShape::full) {
    covariance.noalias() = (centered * shares.asDiagonal()) * centered.transpose();
    covariance = 0.5 * (covariance + covariance.transpose()).eval();
  } else {
    covariance = (centered.array().square().matrix() * shares).asDiagonal();
  }
  covariance.diagonal() *= 1 + ridge;
  return MultivariateNormal::make(std::move(mean), std::move(covariance));
}

}  // namespace lehr::sample
