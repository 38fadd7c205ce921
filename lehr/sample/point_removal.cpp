#include "lehr/sample/point_removal.hpp"

#include <algorithm>

#include "lehr/linalg/dense.hpp"

namespace lehr::sample {
namespace {

// 1 - sum_k z_k^2 / (l_k - mu), mu below every l_k.
double secular_value(const Eigen::Ref<const Eigen::VectorXd>& z, const Eigen::VectorXd& l, double mu) {
  return 1 - (z.array().square() / (l.array() - mu)).sum();
}

}  // namespace

PointRemoval best_removal(const Eigen::MatrixXd& rows) {
  const linalg::SymmetricEigen eigen = linalg::symmetric_eigen(rows * rows.transpose());
  const Eigen::MatrixXd z = eigen.vectors.transpose() * rows;
  const double top = eigen.values(0);
  PointRemoval best{0, 0};
  for (Eigen::Index i = 0; i < rows.cols(); ++i) {
    double low = best.lambda_min, high = top;
    if (high <= low || secular_value(z.col(i), eigen.values, low) <= 0) continue;
    best.point = i;
    for (int halving = 0; halving < 60 && high - low > 1e-14 * top; ++halving) {
      const double middle = 0.5 * (low + high);
      (secular_value(z.col(i), eigen.values, middle) > 0 ? low : high) = middle;
    }
    best.lambda_min = low;
  }
  best.lambda_min /= static_cast<double>(rows.cols() - 1);
  return best;
}

}  // namespace lehr::sample
