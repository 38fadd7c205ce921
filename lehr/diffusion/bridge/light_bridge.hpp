// The light Schroedinger bridge: an entropic transport plan between two laws whose adjusted potential is a Gaussian mixture, so that
// everything about it is closed form.
//
//   v(y)     = sum_k alpha_k N(y; r_k, eps S_k)
//   c(x)     = sum_k alpha_k exp((x'S_k x + 2 r_k'x) / (2 eps))
//   pi(y|x)  = sum_k w_k(x) N(y; r_k + S_k x, eps S_k),   w_k(x) = alpha_k exp((x'S_k x + 2 r_k'x) / (2 eps)) / c(x)
//
// The process between the two laws is dX = g(X, t) dt + sqrt(eps) dW, t in [0, 1]. With D_k(t) = t S_k + (1 - t) I
//
//   g(x, t)  = eps grad log phi_t(x) = sum_k w_k(x, t) D_k^-1 (r_k + (S_k - I) x)
//   phi_t(x) = sum_k alpha_k |D_k|^-1/2 exp(((x'(S_k - I) D_k^-1 x + 2 x'D_k^-1 r_k - t r_k'D_k^-1 r_k) / (2 eps))
//
// which is the usual form with A_k = t / (eps (1-t)) I + S_k^-1 / eps and h_k = x / (eps (1-t)) + S_k^-1 r_k / eps, its terms in
// 1 / (1-t) and S_k^-1 cancelled by hand: it neither overflows nor loses digits as t -> 1 or S_k -> 0. From (x, t) the endpoint is
//
//   y | x_t = x  ~  sum_k w_k(x, t) N(D_k^-1 (S_k x + (1-t) r_k), eps (1-t) S_k D_k^-1).
//
// Source: A. Korotin, N. Gushchin, E. Burnaev, "Light Schroedinger bridge", ICLR 2024 (arXiv:2310.01174). Cost per point: O(K d) for
// diagonal S_k, O(K d^2) for full ones.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "lehr/diffusion/quality.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

using Eigen::Index;

// Plain data, in units in which one unit is `scale` of the user's.
struct LightBridge {
  stats::CovarianceShape shape = stats::CovarianceShape::diagonal;  // or full
  double epsilon = 1;
  double scale = 1;
  Eigen::VectorXd log_alpha = {};  // K, not normalised: a common factor of all alpha_k changes nothing
  Eigen::MatrixXd r = {};          // d x K
  Eigen::MatrixXd S = {};          // a column per component: d variances, or d * d numbers

  Index dimension() const { return r.rows(); }
  Index components() const { return r.cols(); }
  Eigen::MatrixXd spread(Index component) const;  // S_k, d x d
};

// Shares alpha_k / sum alpha, and exp of their entropy: how many components are in use.
Eigen::VectorXd alpha_shares(const Eigen::VectorXd& log_alpha);
double effective_components(const Eigen::VectorXd& log_alpha);

// v as a plain mixture in the user's units; components whose share of alpha underflows are left out.
stats::GaussianMixture potential_mixture(const LightBridge& model);

// A bridge made ready for evaluation. Points are in the model's units.
class BridgePlan {
 public:
  // Throws InvalidInput where sizes do not fit, numbers are not finite, or an S_k is not positive definite.
  explicit BridgePlan(LightBridge model);

  const LightBridge& model() const { return model_; }
  // Extremes of the eigenvalues of the S_k.
  double smallest_spread() const { return spreads_.minCoeff(); }
  double largest_spread() const { return spreads_.maxCoeff(); }

  Eigen::VectorXd log_c(const PointsRef& x) const;
  Eigen::VectorXd log_v(const PointsRef& y) const;
  // log phi_t(x); t in [0, 1].
  Eigen::VectorXd log_potential(const PointsRef& x, double t) const;
  // w_k(x, t): n x K, rows sum to 1.
  Eigen::MatrixXd responsibilities(const PointsRef& x, double t = 0) const;
  // g(x, t): d x n.
  Eigen::MatrixXd drift(const PointsRef& x, double t) const;
  // E[y | x]: d x n.
  Eigen::MatrixXd conditional_mean(const PointsRef& x) const;
  // Mean and covariance of pi(. | x).
  Moments conditional_moments(const Eigen::VectorXd& x) const;

  // What pi(y | x_t = x) of component k is in its own axes: see the head of this file.
  struct EndpointLaw {
    Eigen::MatrixXd slope, centre, deviation;  // d x K: mean = slope * x + centre
  };
  EndpointLaw endpoint_law(double t) const;
  // Into the axes of component k and back (nothing to do for diagonal S).
  Eigen::MatrixXd into_axes(Index component, const PointsRef& x) const;
  Eigen::MatrixXd from_axes(Index component, const PointsRef& x) const;

 private:
  // Exponents of the terms of phi_t: square_k . x^2 + linear_k . x + constant_k in the axes of component k.
  struct Exponents {
    Eigen::MatrixXd square, linear;  // d x K
    Eigen::VectorXd constant;        // K
  };
  Exponents potential_exponents(double t) const;
  Eigen::MatrixXd terms(const Exponents& exponents, const PointsRef& x) const;  // n x K
  Eigen::VectorXd log_sums(const Exponents& exponents, const PointsRef& x) const;

  LightBridge model_;
  Eigen::MatrixXd spreads_, centres_;  // d x K: eigenvalues of S_k, r_k in its axes
  std::vector<Eigen::MatrixXd> axes_;  // full: eigenvectors of S_k
};

// Turns rows of logarithms into shares that sum to 1; returns the rows' log-sum-exp.
Eigen::VectorXd normalise_rows(Eigen::Ref<Eigen::MatrixXd> terms);

}  // namespace lehr::diffusion
