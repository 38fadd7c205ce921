// Mixtures of normal laws, sum_c p_c N(mu_c, Sigma_c), on batches of points.
#pragma once

#include <vector>

#include "lehr/sample/multivariate_normal.hpp"

namespace lehr::sample {

class NormalMixture {
 public:
  // Without components: the density is 0 everywhere, and nothing can be drawn.
  NormalMixture() = default;
  NormalMixture(MultivariateNormal component)  // NOLINT(google-explicit-constructor)
      : weights_{1.0}, components_{std::move(component)} {}
  // Weights above 0 are scaled to sum 1. Throws InvalidInput where they are not, or sizes differ.
  NormalMixture(std::vector<double> weights, std::vector<MultivariateNormal> components);

  bool empty() const { return components_.empty(); }
  const std::vector<double>& weights() const { return weights_; }
  const std::vector<MultivariateNormal>& components() const { return components_; }

  // ln density of each column, into `to`. Serial, d^2 operations a point and component.
  void log_pdf(const Points& points, Eigen::Ref<Eigen::VectorXd> to) const;
  Eigen::VectorXd log_pdf(const Points& points) const;  // in parallel
  // Point i from the i-th column of `normal` and the i-th number of `choice` in [0, 1), which decides the
  // component.
  Eigen::MatrixXd transform(const Points& normal, const Eigen::Ref<const Eigen::VectorXd>& choice) const;
  // As a law to draw from. Copies the mixture.
  Density density() const;

 private:
  std::vector<double> weights_;
  std::vector<MultivariateNormal> components_;
};

}  // namespace lehr::sample
