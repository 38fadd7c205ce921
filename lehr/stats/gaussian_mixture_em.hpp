// Maximum likelihood of a Gaussian mixture on weighted points by expectation maximisation, with variance floors and
// annealing.
//
//   E  r_ik  proportional to  (w_k N(x_i; mu_k, Sigma_k))^b                                    b: the step's exponent
//   M  N_k = sum_i v_i r_ik,   w_k = N_k / sum_i v_i,   mu_k = sum_i v_i r_ik x_i / N_k
//      Sigma_k = sum_i v_i r_ik ((x_i - mu_k)(x_i - mu_k)' + S_i) / N_k + diag(floor)          v_i: the point's weight
//
// With b = 1 and without floor no step lowers the log-likelihood (A. Dempster, N. Laird and D. Rubin, 1977); exponents
// that rise to 1 are deterministic annealing (N. Ueda and R. Nakano, "Deterministic annealing EM algorithm", 1998); as
// covariances are fitted too, a step with exponent b shrinks small differences between components by about the factor b,
// so a long annealing from low exponents makes all components one. There is no random number: the start decides. One pass over the points per step, O(n K d^2) full, O(n K d) otherwise; sums
// have a fixed order, so that the result does not depend on threads.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::stats {

// What one of the first steps does otherwise than the later ones.
struct AnnealedStep {
  double exponent = 1;  // of the posteriors, in (0, 1]
  double widening = 0;  // added variance, as a share of the points' variance in each dimension
};

struct MixtureFitOptions {
  double tolerance = 1e-6;  // ends when a step gains less log-likelihood than this times its magnitude
  std::int64_t steps = 200;
  Eigen::VectorXd floor = {};  // d variances, added to the diagonal of each covariance; empty: none
  double least_mass = 0;       // a component with less weight (N_k) starves, and the fit ends
  std::vector<AnnealedStep> annealing = {};  // the first steps
};

enum class MixtureEnd { converged, steps, starved, collapsed };
const char* name(MixtureEnd end);

struct MixtureFit {
  GaussianMixture mixture;
  double log_likelihood = 0;  // of `mixture`: sum_i v_i log p(x_i)
  Eigen::VectorXd masses;     // N_k under `mixture`
  std::int64_t steps = 0;     // passes over the points
  MixtureEnd end = MixtureEnd::converged;
  double bic = 0;  // with the sum of the weights as the number of rows

  bool sound() const { return end == MixtureEnd::converged || end == MixtureEnd::steps; }
};

// Responsibilities (K x n, columns sum to 1) from labels in [0, components); a negative label belongs to all equally.
Eigen::MatrixXd responsibilities_of(const std::vector<int>& labels, Index components);

// The M step alone: the mixture that the responsibilities say, with `floor` (d variances, or empty).
GaussianMixture maximise(const WeightedPoints& points, const Eigen::MatrixXd& responsibilities,
                         CovarianceShape shape, const Eigen::VectorXd& floor = {});

// Fits a mixture from where `start` stands. A component that starves or whose covariance collapses ends the fit with what
// had been reached; `end` says so. Throws InvalidInput for points, weights or options that do not fit together.
MixtureFit fit_gaussian_mixture(const WeightedPoints& points, const GaussianMixture& start,
                                const MixtureFitOptions& options = {});
// The same from responsibilities, or from labels.
MixtureFit fit_gaussian_mixture(const WeightedPoints& points, const Eigen::MatrixXd& responsibilities,
                                CovarianceShape shape, const MixtureFitOptions& options = {});
MixtureFit fit_gaussian_mixture(const WeightedPoints& points, const std::vector<int>& labels,
                                Index components, CovarianceShape shape,
                                const MixtureFitOptions& options = {});

}  // namespace lehr::stats
