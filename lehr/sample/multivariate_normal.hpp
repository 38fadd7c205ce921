// The normal law N(mu, Sigma) in R^d, evaluated on batches: ln density = -|W (x - mu)|^2 / 2 - ln det L - d/2
// ln 2 pi with Sigma = L L' and W = L^-1, so that a batch costs one matrix product, d^2 operations a point.
#pragma once

#include <optional>
#include <string>

#include "lehr/sample/density.hpp"

namespace lehr::sample {

class MultivariateNormal {
 public:
  MultivariateNormal() = default;
  // Throws InvalidInput unless the covariance is d x d and positive definite (its lower half is read).
  MultivariateNormal(Eigen::VectorXd mean, Eigen::MatrixXd covariance);
  // Nothing where the covariance is not positive definite or not finite.
  static std::optional<MultivariateNormal> make(Eigen::VectorXd mean, Eigen::MatrixXd covariance);

  Index dimension() const { return mean_.size(); }
  const Eigen::VectorXd& mean() const { return mean_; }
  const Eigen::MatrixXd& covariance() const { return covariance_; }

  // Of each column; `to` has one entry per column. Serial: callers cut batches into blocks.
  void log_pdf(const Points& points, Eigen::Ref<Eigen::VectorXd> to) const;
  // mu + L z of standard normal columns z.
  Eigen::MatrixXd transform(const Points& normal) const;
  // Its inverse W (x - mu).
  Eigen::MatrixXd whiten(const Points& points) const;

 private:
  Eigen::VectorXd mean_;
  Eigen::MatrixXd covariance_, factor_, whitening_;  // Sigma, L, L^-1
  double log_normaliser_ = 0;                        // -ln det L - d/2 ln 2 pi
};

// How a fit shapes its covariance.
enum class CovarianceShape { full, diagonal };

// Weighted mean and covariance of n points, the covariance with `ridge` times its own diagonal added to the
// diagonal (relative, so that badly scaled inputs are fitted alike):
//   mu = sum_i v_i x_i,  Sigma = sum_i v_i (x_i - mu)(x_i - mu)' (1 + ridge on the diagonal),  v = weights / sum
// `weights` are at least 0 and not all 0. Nothing where Sigma is not positive definite. Cost n d^2.
std::optional<MultivariateNormal> fit_normal(const Points& points,
                                             const Eigen::Ref<const Eigen::VectorXd>& weights,
                                             CovarianceShape shape = CovarianceShape::full,
                                             double ridge = 1e-6);

}  // namespace lehr::sample
