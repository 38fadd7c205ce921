// The law of a model's inputs: named variables with marginal laws F_k, dependent through a Gaussian copula
// with correlation matrix R:
//
//   u ~ N(0, I),  z = C u (R = C C'),  x_k = F_k^-1(Phi(z_k))
//   ln f(x) = sum_k ln f_k(x_k) - ln det C - |C^-1 z|^2 / 2 + |z|^2 / 2,   z_k = Phi^-1(F_k(x_k))
//
// u is called the standard point of x. Cost a point: that of the marginals, and d^2 where R is not the
// identity. Source of the map: P.-L. Liu and A. Der Kiureghian, "Multivariate distribution models with
// prescribed marginals and covariances", 1986 (R is the correlation of z, not of x).
#pragma once

#include <string>
#include <vector>

#include "lehr/sample/density.hpp"
#include "lehr/sample/marginal.hpp"

namespace lehr::sample {

struct Variable {
  std::string name;
  Marginal marginal;
};

class Law {
 public:
  // Throws InvalidInput for no variables, equal names, or a correlation matrix that is not d x d, symmetric
  // with unit diagonal, and positive definite; an empty matrix means independence.
  explicit Law(std::vector<Variable> variables, Eigen::MatrixXd correlation = {});

  Index dimension() const { return static_cast<Index>(variables_.size()); }
  const std::vector<Variable>& variables() const { return variables_; }
  std::vector<std::string> names() const;
  bool independent() const { return factor_.size() == 0; }
  const Eigen::MatrixXd& correlation() const { return correlation_; }
  bool has_density() const;

  // Batches, d x n; in parallel.
  Eigen::VectorXd log_pdf(const Points& points) const;
  Eigen::MatrixXd from_standard(const Points& standard) const;
  Eigen::MatrixXd to_standard(const Points& points) const;
  Eigen::MatrixXd sample(const Stream& stream, Index count) const;
  // The law as a Density, which holds a copy.
  Density density() const;

 private:
  std::vector<Variable> variables_;
  Eigen::MatrixXd correlation_, factor_, whitening_;  // R, C and C^-1; the latter empty where independent
  double log_determinant_ = 0;                        // of C
};

// The uniform mixture of several densities of one dimension.
Density uniform_mixture(std::vector<Density> densities);

}  // namespace lehr::sample
