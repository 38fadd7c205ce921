// The integrands f_j phi_j of a problem, relative to a reference density, and how signed ones are cut into
// parts that a nonnegative density can follow.
#pragma once

#include <string>
#include <vector>

#include "lehr/sample/expectation_estimate.hpp"
#include "lehr/sample/expectation_problem.hpp"

namespace lehr::sample {

enum class SignRule {
  absolute,  // one part a phi, fitted by |phi|
  split,     // two parts, phi = phi+ - phi-
  forbid     // a negative phi is refused
};

class IntegrandParts {
 public:
  IntegrandParts(const ExpectationProblem& problem, SignRule rule);

  Index count() const { return static_cast<Index>(parts_.size()); }
  Index expectations() const { return combination_.rows(); }
  std::vector<std::string> names() const;

  // n x K: f phi / exp(log_reference), of the parts. Throws InvalidInput for a negative phi where they are
  // forbidden.
  Eigen::MatrixXd values(const Eigen::MatrixXd& outputs, const Eigen::MatrixXd& log_laws,
                         const Eigen::VectorXd& log_reference) const;
  // n x K: |phi| (f / exp(log_reference))^exponent, each column scaled to largest entry 1 (0 where all are),
  // in log-space throughout.
  Eigen::MatrixXd fit_weights(const Eigen::MatrixXd& outputs, const Eigen::MatrixXd& log_laws,
                              const Eigen::VectorXd& log_reference, double exponent) const;

  // The expectations' estimate from that of the parts.
  ExpectationEstimate combine(const Eigen::VectorXd& means, const Eigen::MatrixXd& covariance,
                              std::int64_t draws) const;
  // K values from J: each part has its expectation's.
  Eigen::VectorXd spread(const Eigen::VectorXd& per_expectation) const;
  // Throws InvalidInput for an expectation of which all parts have only 0 among the values (n x K).
  void require_mass(const Eigen::MatrixXd& values) const;

 private:
  struct Part {
    Index expectation, output, law;
    int sign;  // 0: the whole; 1, -1: the positive and the negative part
  };
  Eigen::ArrayXd phi(const Eigen::MatrixXd& outputs, const Part& part) const;

  std::vector<std::string> names_;  // of the expectations
  SignRule rule_;
  std::vector<Part> parts_;
  Eigen::MatrixXd combination_;  // J x K
};

}  // namespace lehr::sample
