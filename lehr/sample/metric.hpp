// The scale on which a chain moves: an estimate of the target's covariance Sigma, diagonal or dense, from the chain's own
// past, in windows that double in length.
//
//   proposals and momenta:  Sigma^(1/2) z  and  Sigma^(-1/2) z,   z ~ N(0, I)
//   estimate over n draws:  n / (n + 5) S + 5e-3 / (n + 5) I
//
// The warm-up has a first part (15 %) in which only the step adapts, windows of 25, 50, 100, ... iterations at whose ends
// the metric is renewed and the step adapts afresh, and a last part (10 %) for the step alone. Source: the regularisation
// and the windows are those of Stan (Carpenter et al., "Stan: a probabilistic programming language", 2017, and its
// reference manual).
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>

#include "lehr/core/random.hpp"

namespace lehr::sample {

enum class MetricShape { identity, diagonal, dense };

class Metric {
 public:
  Metric() = default;
  // The identity of this dimension; `shape` is what it can become.
  Metric(Eigen::Index dimension, MetricShape shape);

  Eigen::Index dimension() const { return dimension_; }
  MetricShape shape() const { return shape_; }
  // y = Sigma^(1/2) z, Sigma^(-1/2)' z and Sigma z; y must not be z.
  void scale(const Eigen::VectorXd& z, Eigen::VectorXd& y) const;
  void unscale(const Eigen::VectorXd& z, Eigen::VectorXd& y) const;
  void multiply(const Eigen::VectorXd& z, Eigen::VectorXd& y) const;
  // sqrt(Sigma_ii)
  double deviation(Eigen::Index i) const;

  // Takes the covariance (dense), or its diagonal. A matrix that is not positive definite leaves the metric as it is.
  void set_variances(const Eigen::VectorXd& variances);
  void set_covariance(const Eigen::MatrixXd& covariance);

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    auto shape = static_cast<std::int64_t>(shape_), dimension = static_cast<std::int64_t>(dimension_);
    visit(name + ".shape", shape);
    visit(name + ".dimension", dimension);
    shape_ = static_cast<MetricShape>(shape), dimension_ = dimension;
    visit(name + ".deviations", deviations_);
    visit(name + ".factor", factor_);
  }

 private:
  Eigen::Index dimension_ = 0;
  MetricShape shape_ = MetricShape::identity;
  Eigen::VectorXd deviations_;  // identity, diagonal: sqrt of the variances; empty while all are 1
  Eigen::MatrixXd factor_;      // dense: lower Cholesky factor; empty while it is I
};

// Mean and covariance (or variances) of a stream of vectors, by Welford's update.
class MomentAccumulator {
 public:
  MomentAccumulator() = default;
  MomentAccumulator(Eigen::Index dimension, MetricShape shape);
  void add(const Eigen::VectorXd& x);
  std::int64_t count() const { return count_; }
  // Renews `metric` by the regularised estimate, and forgets everything.
  void renew(Metric& metric);

  template <class Visitor>
  void fields(Visitor& visit, const std::string& name) {
    auto shape = static_cast<std::int64_t>(shape_);
    visit(name + ".shape", shape);
    shape_ = static_cast<MetricShape>(shape);
    visit(name + ".count", count_);
    visit(name + ".mean", mean_);
    visit(name + ".squares", squares_);
    visit(name + ".products", products_);
  }

 private:
  MetricShape shape_ = MetricShape::identity;
  std::int64_t count_ = 0;
  Eigen::VectorXd mean_, squares_;
  Eigen::MatrixXd products_;
};

// Which iterations of the warm-up teach the metric, and at which of them a window ends.
class WarmUpWindows {
 public:
  explicit WarmUpWindows(std::int64_t warm_up);
  bool learns(std::int64_t iteration) const { return first_ <= iteration && iteration < last_; }
  bool window_ends(std::int64_t iteration) const;

 private:
  std::int64_t first_, last_, base_ = 25;
};

}  // namespace lehr::sample
