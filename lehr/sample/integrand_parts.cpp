#include "lehr/sample/integrand_parts.hpp"

#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"

namespace lehr::sample {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

IntegrandParts::IntegrandParts(const ExpectationProblem& problem, SignRule rule)
    : names_(problem.names()), rule_(rule) {
  for (std::size_t j = 0; j < problem.expectations.size(); ++j) {
    const Expectation& e = problem.expectations[j];
    const auto row = static_cast<Index>(j);
    if (rule == SignRule::split) {
      parts_.push_back({row, e.output, e.law, 1});
      parts_.push_back({row, e.output, e.law, -1});
    } else {
      parts_.push_back({row, e.output, e.law, 0});
    }
  }
  combination_ = MatrixXd::Zero(static_cast<Index>(names_.size()), count());
  for (Index k = 0; k < count(); ++k) {
    const Part& part = parts_[static_cast<std::size_t>(k)];
    combination_(part.expectation, k) = part.sign < 0 ? -1 : 1;
  }
}

std::vector<std::string> IntegrandParts::names() const {
  std::vector<std::string> list;
  for (const Part& part : parts_)
    list.push_back(names_[static_cast<std::size_t>(part.expectation)] + (part.sign > 0   ? "_positive"
                                                                         : part.sign < 0 ? "_negative"
                                                                                         : ""));
  return list;
}

ArrayXd IntegrandParts::phi(const MatrixXd& outputs, const Part& part) const {
  ArrayXd values = outputs.row(part.output).transpose().array();
  if (part.sign > 0) return values.max(0.0);
  if (part.sign < 0) return (-values).max(0.0);
  if (rule_ == SignRule::forbid && values.size() > 0 && values.minCoeff() < 0)
    throw InvalidInput("expectation {}: its function is negative ({}) at a point, and sign = forbid",
                       quote(names_[static_cast<std::size_t>(part.expectation)]), values.minCoeff());
  return values;
}

MatrixXd IntegrandParts::values(const MatrixXd& outputs, const MatrixXd& log_laws,
                                const VectorXd& log_reference) const {
  const MatrixXd ratios = (log_laws.colwise() - log_reference).array().exp();
  MatrixXd result(outputs.cols(), count());
  for (Index k = 0; k < count(); ++k) {
    const Part& part = parts_[static_cast<std::size_t>(k)];
    result.col(k) = (phi(outputs, part) * ratios.col(part.law).array()).matrix();
  }
  return result;
}

MatrixXd IntegrandParts::fit_weights(const MatrixXd& outputs, const MatrixXd& log_laws,
                                     const VectorXd& log_reference, double exponent) const {
  const double floor = std::numeric_limits<double>::lowest();
  MatrixXd result(outputs.cols(), count());
  for (Index k = 0; k < count(); ++k) {
    const Part& part = parts_[static_cast<std::size_t>(k)];
    const ArrayXd size = phi(outputs, part).abs();
    ArrayXd logarithm = size.max(std::numeric_limits<double>::min()).log() +
                        exponent * (log_laws.col(part.law) - log_reference).array().max(floor);
    logarithm = (size > 0).select(logarithm, floor);
    const double largest = logarithm.maxCoeff();
    const ArrayXd weights = (logarithm - largest).max(-700.0).exp();
    if (largest > 0.5 * floor)
      result.col(k) = (logarithm > largest - 700).select(weights, 0.0).matrix();
    else
      result.col(k).setZero();
  }
  return result;
}

ExpectationEstimate IntegrandParts::combine(const VectorXd& means, const MatrixXd& covariance,
                                            std::int64_t draws) const {
  return {names_, combination_ * means, combination_ * covariance * combination_.transpose(), draws};
}

VectorXd IntegrandParts::spread(const VectorXd& per_expectation) const {
  VectorXd values(count());
  for (Index k = 0; k < count(); ++k)
    values[k] = per_expectation[parts_[static_cast<std::size_t>(k)].expectation];
  return values;
}

void IntegrandParts::require_mass(const MatrixXd& values) const {
  const VectorXd mass = combination_.cwiseAbs() * values.colwise().lpNorm<1>().transpose();
  for (Index j = 0; j < mass.size(); ++j)
    if (!(mass[j] > 0))
      throw InvalidInput(
          "expectation {} sees no mass: its function is 0 at all {} points of the first batch; give a start "
          "law that reaches where it is not, or a larger budget",
          quote(names_[static_cast<std::size_t>(j)]), values.rows());
}

}  // namespace lehr::sample
