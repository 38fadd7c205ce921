// Weighted expectation maximisation: the mixture of C normal laws that maximises sum_i v_i ln q(x_i) over
// points with weights v_i, which is the cross-entropy fit of a Gaussian mixture to a weighted sample.
//
//   r_ic = p_c N(x_i; mu_c, Sigma_c) / q(x_i),   p_c = sum_i v_i r_ic / sum_i v_i,
//   mu_c and Sigma_c the mean and covariance with weights v_i r_ic
//
// A component whose weights are worth few points would be far too narrow: with m = `prior_points` its
// covariance becomes (n_c Sigma_c + m Sigma) / (n_c + m), n_c the effective sample size of its weights and
// Sigma the whole sample's covariance.
//
// stats/gaussian_mixture_em.hpp has an EM of its own, and both stay: that one polishes a start that it is given, adds absolute
// variance floors, anneals, and ends with an account where a component starves or collapses, as model choice by BIC needs; this
// one seeds itself, shrinks towards the whole sample in proportion to effective sizes, drops components, and gives laws to draw
// from, as an adaptive proposal needs. Between them they share the E step's formula and nothing else.
//
// Source: A. Dempster, N. Laird and D. Rubin, "Maximum likelihood from incomplete data via the EM algorithm",
// 1977; weights as in S. Geyer, I. Papaioannou and D. Straub, "Cross entropy-based importance sampling using
// Gaussian densities revisited", 2019. Cost per iteration n C d^2.
#pragma once

#include <cstdint>

#include "lehr/sample/normal_mixture.hpp"

namespace lehr::sample {

struct MixtureFitOptions {
  std::int64_t components = 2;
  CovarianceShape shape = CovarianceShape::full;
  double ridge = 1e-6;      // times the diagonal of each covariance
  double prior_points = 0;  // worth of the whole sample's covariance in that of each component
  double tolerance = 1e-5;  // relative change of the log-likelihood
  std::int64_t iterations = 500;
};

struct MixtureFit {
  NormalMixture mixture;
  double log_likelihood = 0;  // weighted mean of ln q
  std::int64_t iterations = 0;
  bool converged = false;
};

// Starts from the cells around distinct points, drawn far from each other. Components whose mass falls
// below that of one in 10^6, or whose covariance becomes singular, are dropped; where none is left the
// mixture is empty. Weights are at least 0 and not all 0.
MixtureFit fit_mixture(const Points& points, const Eigen::Ref<const Eigen::VectorXd>& weights, Stream random,
                       const MixtureFitOptions& options = {});

}  // namespace lehr::sample
