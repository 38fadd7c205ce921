#include "lehr/diffusion/bridge/gaussian_sb.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {

using Eigen::MatrixXd;

LightBridge gaussian_sb(const Moments& from, const Moments& to, double epsilon) {
  const Index d = from.mean.size();
  if (to.mean.size() != d || from.covariance.rows() != d || to.covariance.rows() != d)
    throw InvalidInput("gaussian_sb: laws of {} and {} dimensions", d, to.mean.size());
  if (!(epsilon > 0)) throw InvalidInput("gaussian_sb: epsilon {:g} is not above 0", epsilon);
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(from.covariance);
  if (!(eigen.values.minCoeff() > 0) || !(linalg::symmetric_eigenvalues(to.covariance).minCoeff() > 0))
    throw InvalidInput("gaussian_sb: a covariance is not positive definite");
  const auto power = [&](double exponent) {
    return MatrixXd(eigen.vectors * eigen.values.array().pow(exponent).matrix().asDiagonal() *
                    eigen.vectors.transpose());
  };
  const MatrixXd root = power(0.5), inverse_root = power(-0.5);
  MatrixXd inner = 4 * root * to.covariance * root;
  inner.diagonal().array() += epsilon * epsilon;
  const linalg::SymmetricEigen of_inner = linalg::symmetric_eigen(inner);
  const MatrixXd inner_root =
      of_inner.vectors * of_inner.values.cwiseSqrt().asDiagonal() * of_inner.vectors.transpose();
  MatrixXd spread = 0.5 * (inverse_root * inner_root * inverse_root - epsilon * power(-1));
  spread = 0.5 * (spread + spread.transpose()).eval();
  LightBridge model{.shape = stats::CovarianceShape::full, .epsilon = epsilon};
  model.log_alpha = Eigen::VectorXd::Zero(1);
  model.r = to.mean - spread * from.mean;
  model.S = spread.reshaped();
  return model;
}

}  // namespace lehr::diffusion
