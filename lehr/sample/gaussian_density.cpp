#include "lehr/sample/gaussian_density.hpp"

#include <memory>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/linalg/symmetric_product.hpp"

namespace lehr::sample {
namespace {

struct GaussianDensity {
  Eigen::VectorXd mean;
  linalg::SymmetricProduct precision;

  // Leaves P (x - mean) in `product`.
  double at(const Eigen::VectorXd& x, Eigen::VectorXd& product) const {
    const Eigen::VectorXd deviation = x - mean;
    precision.multiply(deviation, product);
    return -0.5 * deviation.dot(product);
  }
};

}  // namespace

LogDensity gaussian_density(const Eigen::VectorXd& mean, const Eigen::MatrixXd& covariance) {
  if (covariance.rows() != mean.size() || covariance.cols() != mean.size() ||
      linalg::cholesky_factor(covariance).size() == 0)
    throw InvalidInput("gaussian_density: the covariance is no positive definite matrix of {} rows",
                       mean.size());
  const auto law = std::make_shared<const GaussianDensity>(
      GaussianDensity{mean, linalg::SymmetricProduct(linalg::inverse(covariance))});
  return {.dimension = mean.size(),
          .value =
              [law](const Eigen::VectorXd& x) {
                Eigen::VectorXd product;
                return law->at(x, product);
              },
          .with_gradient =
              [law](const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
                const double value = law->at(x, gradient);
                gradient = -gradient;
                return value;
              }};
}

}  // namespace lehr::sample
