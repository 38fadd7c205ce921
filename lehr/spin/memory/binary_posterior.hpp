// Independent weights +1 and -1 by their fields: P(w = +-1) = (1 +- m) / 2 with m = tanh(beta theta) and
// variance 1 - m^2.
#pragma once

#include <Eigen/Core>
#include <cmath>

namespace lehr::spin {

// tanh(beta theta), entry by entry.
template <class Matrix>
Matrix magnetisations(const Matrix& theta, double beta) {
  return (static_cast<typename Matrix::Scalar>(beta) * theta.array()).tanh().matrix();
}

// 1 - tanh(beta theta)^2, entry by entry.
template <class Matrix>
Matrix variances_of(const Matrix& theta, double beta) {
  return (1 - magnetisations(theta, beta).array().square()).matrix();
}

// ln(2 cosh x), also where cosh x overflows.
inline double log_two_cosh(double x) { return std::abs(x) + std::log1p(std::exp(-2 * std::abs(x))); }

// KL(q_theta || q_prior) of one weight: beta m (theta - prior) - ln cosh(beta theta) + ln cosh(beta prior).
inline double divergence(double theta, double prior, double beta) {
  return beta * std::tanh(beta * theta) * (theta - prior) - log_two_cosh(beta * theta) +
         log_two_cosh(beta * prior);
}

}  // namespace lehr::spin
