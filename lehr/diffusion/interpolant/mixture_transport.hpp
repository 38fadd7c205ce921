// The exact fields of an interpolant between two Gaussian mixtures, x0 ~ sum p_i N(m_i, C_i) and x1 ~ sum q_j N(n_j, D_j), independent:
//
//   component ij:  weight p_i q_j, mean mu = alpha m_i + beta n_j, covariance S = alpha^2 C_i + beta^2 D_j + gamma^2 I
//   s = -sum w_ij(x) S^-1 (x - mu),    b = sum w_ij(x) [mu' + S'/2 S^-1 (x - mu)],    v = b + gamma gamma' s,    eta = -gamma s
//   S'/2 = alpha alpha' C_i + beta beta' D_j + gamma gamma' I
//
// with posteriors w_ij(x), and their divergences, exact too: with u = mu' + S'/2 S^-1 (x - mu), g = -S^-1 (x - mu) of each component
//   div b = sum w (tr(S'/2 S^-1) + u.g) - b.s,    div s = sum w (|g|^2 - tr S^-1) - |s|^2
//
// Cost per point: O(K d) where both mixtures have diagonal or spherical covariances, O(K d^2) otherwise, K = number of pairs.
#pragma once

#include "lehr/diffusion/interpolant/interpolant.hpp"
#include "lehr/diffusion/interpolant/transport_field.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

class MixtureTransport {
 public:
  // Throws InvalidInput where the dimensions differ, or where the path is one_sided and `from` is not N(0, I). With the path mirror
  // `from` is not looked at.
  MixtureTransport(stats::GaussianMixture from, stats::GaussianMixture to, Interpolant interpolant);

  Eigen::Index dimension() const { return to_.dimension(); }
  const stats::GaussianMixture& from() const { return from_; }
  const stats::GaussianMixture& to() const { return to_; }
  const Interpolant& interpolant() const { return interpolant_; }

  // b, s and their divergences. Refers to this object.
  TransportField field() const;
  // The law of x_t itself.
  stats::GaussianMixture law(double t) const;
  // The velocity without the part of the noise, v = E[d/dt (alpha x0 + beta x1) | x_t = x], and the denoiser eta = E[z | x_t = x].
  Eigen::MatrixXd conditional_velocity(double t, const PointsRef& x) const;
  Eigen::MatrixXd denoiser(double t, const PointsRef& x) const;
  // n draws of x_t (d x n); draw i depends on (seed, lane, i) alone. `t` one time for all, or one a draw.
  Eigen::MatrixXd draw(const Eigen::VectorXd& t, Eigen::Index n, Seed seed, std::uint64_t lane) const;

 private:
  stats::GaussianMixture from_, to_;
  Interpolant interpolant_;
};

stats::GaussianMixture standard_normal(Eigen::Index dimension);

}  // namespace lehr::diffusion
