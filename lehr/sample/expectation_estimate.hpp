// Estimates of several expectations with their joint covariance, and the running moments behind them.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "lehr/stats/summary.hpp"

namespace lehr::sample {

using Eigen::Index;

struct ExpectationEstimate {
  std::vector<std::string> names;
  Eigen::VectorXd values;      // J
  Eigen::MatrixXd covariance;  // J x J, of the estimates
  std::int64_t points = 0;     // draws behind them

  Eigen::VectorXd standard_errors() const { return covariance.diagonal().cwiseMax(0).cwiseSqrt(); }
  // sum_j w_j Var(estimate_j): what the allocation of draws minimises.
  double weighted_variance(const Eigen::Ref<const Eigen::VectorXd>& weights) const {
    return weights.dot(covariance.diagonal());
  }
  // Of the j-th expectation, by Student's t with points - 1 degrees of freedom.
  stats::Interval interval(Index j, double confidence = 0.95) const;
};

// 1 / max(|I_j|, standard error of I_j)^2: weights under which the weighted variance is a sum of squared
// relative errors. An expectation that is 0 within its error counts by the error.
Eigen::VectorXd relative_variance_weights(const ExpectationEstimate& estimate);

// Mean and sum of products of deviations of R-vectors, added in batches in a fixed order (T. Chan, G. Golub
// and R. LeVeque, 1979). Cost R^2 a vector.
class JointMoments {
 public:
  explicit JointMoments(Index size = 0)
      : mean_(Eigen::VectorXd::Zero(size)), products_(Eigen::MatrixXd::Zero(size, size)) {}

  // n x R, a vector per row.
  void add(const Eigen::Ref<const Eigen::MatrixXd>& rows);
  std::int64_t count() const { return count_; }
  const Eigen::VectorXd& mean() const { return mean_; }
  // Of one vector, divisor count - 1; 0 for fewer than two.
  Eigen::MatrixXd covariance() const;

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    visit(name + ".count", count_);
    visit(name + ".mean", mean_);
    visit(name + ".products", products_);
  }

 private:
  std::int64_t count_ = 0;
  Eigen::VectorXd mean_;
  Eigen::MatrixXd products_;
};

// Variance of each column, divisor n - 1.
Eigen::VectorXd column_variances(const Eigen::Ref<const Eigen::MatrixXd>& rows);

}  // namespace lehr::sample
