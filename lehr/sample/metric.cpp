#include "lehr/sample/metric.hpp"

#include <cmath>

#include "lehr/linalg/dense.hpp"

namespace lehr::sample {

Metric::Metric(Eigen::Index dimension, MetricShape shape) : dimension_(dimension), shape_(shape) {}

void Metric::scale(const Eigen::VectorXd& z, Eigen::VectorXd& y) const {
  if (factor_.size() > 0)
    y.noalias() = factor_.triangularView<Eigen::Lower>() * z;
  else if (deviations_.size() > 0)
    y = deviations_.cwiseProduct(z);
  else
    y = z;
}

void Metric::unscale(const Eigen::VectorXd& z, Eigen::VectorXd& y) const {
  y = z;
  if (factor_.size() > 0)
    factor_.triangularView<Eigen::Lower>().transpose().solveInPlace(y);
  else if (deviations_.size() > 0)
    y = y.cwiseQuotient(deviations_);
}

void Metric::multiply(const Eigen::VectorXd& z, Eigen::VectorXd& y) const {
  if (factor_.size() > 0) {
    y.noalias() = factor_.triangularView<Eigen::Lower>().transpose() * z;
    y = factor_.triangularView<Eigen::Lower>() * y;
  } else if (deviations_.size() > 0) {
    y = deviations_.cwiseAbs2().cwiseProduct(z);
  } else {
    y = z;
  }
}

double Metric::deviation(Eigen::Index i) const {
  if (factor_.size() > 0) return factor_.row(i).norm();
  return deviations_.size() > 0 ? deviations_(i) : 1;
}

void Metric::set_variances(const Eigen::VectorXd& variances) {
  if ((variances.array() > 0).all() && variances.allFinite()) deviations_ = variances.cwiseSqrt();
}

void Metric::set_covariance(const Eigen::MatrixXd& covariance) {
  const Eigen::MatrixXd factor = linalg::cholesky_factor(covariance);
  if (factor.size() > 0) factor_ = factor;
}

MomentAccumulator::MomentAccumulator(Eigen::Index dimension, MetricShape shape)
    : shape_(shape), mean_(Eigen::VectorXd::Zero(dimension)), squares_(Eigen::VectorXd::Zero(dimension)) {
  if (shape == MetricShape::dense) products_ = Eigen::MatrixXd::Zero(dimension, dimension);
}

void MomentAccumulator::add(const Eigen::VectorXd& x) {
  if (shape_ == MetricShape::identity) return;
  ++count_;
  const Eigen::VectorXd before = x - mean_;
  mean_ += before / static_cast<double>(count_);
  if (shape_ == MetricShape::dense)
    products_.noalias() += before * (x - mean_).transpose();
  else
    squares_ += before.cwiseProduct(x - mean_);
}

void MomentAccumulator::renew(Metric& metric) {
  const auto n = static_cast<double>(count_);
  if (shape_ != MetricShape::identity && count_ >= 2) {
    const double share = n / (n + 5) / (n - 1), floor = 5e-3 / (n + 5);
    if (shape_ == MetricShape::dense)
      metric.set_covariance(share * 0.5 * (products_ + products_.transpose()) +
                            floor * Eigen::MatrixXd::Identity(mean_.size(), mean_.size()));
    else
      metric.set_variances((share * squares_).array() + floor);
  }
  *this = MomentAccumulator(mean_.size(), shape_);
}

WarmUpWindows::WarmUpWindows(std::int64_t warm_up) {
  first_ = warm_up * 15 / 100;
  last_ = warm_up - warm_up / 10;
  if (warm_up < 20) first_ = last_ = warm_up;
}

// Windows of base_, 2 base_, 4 base_, ... iterations; one that would leave too little for the next takes the rest.
bool WarmUpWindows::window_ends(std::int64_t iteration) const {
  if (!learns(iteration)) return false;
  std::int64_t end = first_, length = base_;
  while (end <= iteration) {
    end += length;
    length *= 2;
    if (end + length > last_) end = last_;
  }
  return iteration + 1 == end;
}

}  // namespace lehr::sample
