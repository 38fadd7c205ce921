// Ancestral sampling (DDPM) of a Gaussian mixture whose denoiser is exact.
//
//   x_s | x_t ~ N(mu, v I),   a_ts = a_t / a_s,   mu = a_ts s_s^2 / s_t^2 x_t + a_s (1 - a_ts^2) / s_t^2 x0_hat,
//   v = (1 - a_ts^2) s_s^2 / s_t^2,   x0_hat = E[x_0 | x_t]
//
//   x_0 | x_t, k ~ N(mu_k + U g (U'(x_t - a mu_k)), U diag(var) U'),   Sigma_k = U diag(lambda) U',
//   g = a lambda / (a^2 lambda + s^2),   var = lambda s^2 / (a^2 lambda + s^2),   P(k | x_t) ∝ w_k N(x_t; a mu_k, a^2 Sigma_k + s^2 I)
//
// A score that is added to the model's moves mu by (1 - a_ts^2) / a_ts times it. Source: Ho, Jain and Abbeel, "Denoising
// diffusion probabilistic models", 2020. Cost a step and column: O(K d^2), O(K d) for diagonal covariances.
#pragma once

#include <memory>
#include <vector>

#include "lehr/diffusion/guidance/reverse_model.hpp"
#include "lehr/diffusion/process.hpp"
#include "lehr/stats/gaussian_mixture.hpp"

namespace lehr::diffusion {

// p(x_0 | x_t) of a mixture: a mixture with the same number of components.
class MixturePosterior {
 public:
  explicit MixturePosterior(const stats::GaussianMixture& mixture);

  struct At {
    VectorXd shares;   // P(k | x_t)
    MatrixXd means;    // d x K, of x_0 in each component
    MatrixXd spreads;  // d x K, standard deviations along the component's axes
    VectorXd mean() const { return means * shares; }
  };
  At at(const ColumnRef& x, double a, double s) const;
  // A draw of x_0 from component k of a posterior.
  void draw(const At& at, Index component, Stream& random, Eigen::Ref<VectorXd> clean) const;
  Index components() const { return weights_.size(); }
  Index dimension() const { return means_.rows(); }

 private:
  VectorXd weights_;
  MatrixXd means_;
  MatrixXd eigenvalues_;        // d x K
  std::vector<MatrixXd> axes_;  // d x d each; empty where covariances are diagonal
};

// Times from T down to t0, evenly spaced, from N(0, I) on, so the process must preserve variance. The last state's
// E[x_0 | x_t] is the design.
ReverseModel mixture_diffusion(const stats::GaussianMixture& mixture, Index steps,
                               const Process& process = Process::vp_linear());

}  // namespace lehr::diffusion
