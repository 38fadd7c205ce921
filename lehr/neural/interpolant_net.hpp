// Learning the fields of a stochastic interpolant x_t = alpha x0 + beta x1 + gamma z, as a method: one advance is one step of AdamW over
// the parameters of both networks on one batch of (t, x0, x1, z). Each objective is quadratic, with the field as its only minimiser:
//
//   L_b   = E[|b|^2 / 2 - (I' + gamma' z).b],     b = E[I' + gamma' z | x_t],   I' = alpha' x0 + beta' x1
//   L_v   = E[|v|^2 / 2 - I'.v],                  v = E[I' | x_t]
//   L_eta = E[|eta|^2 / 2 - z.eta],               eta = E[z | x_t]
//   L_s   = E[|s|^2 / 2 + z.s / gamma],           s = score of x_t = -eta / gamma
//
// with |.|^2 summed over coordinates. Every draw enters as the pair x_t = I + gamma z and I - gamma z (z and -z): near the ends gamma' z and
// z / gamma diverge, but the pair's difference stays bounded. On a one-sided path x0 is the noise: alpha takes gamma's place and x0 that of
// z, as long as x0 and x1 are independent.
//
// Batches are addressed by (seed, step): a resumed run equals the uninterrupted one bit for bit. An average of the parameters is what is
// saved. Source: Albergo et al. (2023), sections 3.1, 6 and appendix C.
#pragma once

#include <torch/types.h>

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/quick_random.hpp"
#include "lehr/core/row.hpp"
#include "lehr/diffusion/interpolant/learned_field.hpp"
#include "lehr/neural/averaged_training.hpp"
#include "lehr/neural/noise_net.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::neural {

// Draws x0 and x1, d numbers each.
using DrawPair = std::function<void(QuickStream& random, std::span<double> x0, std::span<double> x1)>;
// Points (d x n, d x m) drawn independently, or column by column (`paired`, n = m). An empty `from`: the standard normal law.
// The points must outlive the result. Throws InvalidInput where the dimensions, or the pairs, do not fit.
DrawPair draws_of(const Eigen::MatrixXd& from, const Eigen::MatrixXd& to, bool paired);
// The uniform law on the squares of side 2 of [-4, 4]^2 with an even sum of indices; `from` is the standard normal law.
DrawPair checkerboard_draws();
void draw_checkerboard(QuickStream& random, std::span<double> x);

struct TrainInterpolantSettings {
  diffusion::LearnedParts parts;
  NoiseNetSize size;  // of each network
  Schedule learning_rate;
  AdamW optimizer;
  std::int64_t batch = 256;              // draws of a step; each is a pair of points
  Schedule average = 0.999;              // decay of the parameters' average
  double score_weight = 1;               // of the second loss
  double first = 1e-3, last = 1 - 1e-3;  // t is uniform between them
  bool minibatch_ot = false;  // x0 and x1 of a batch are assigned to each other at the least squared distance
  bool antithetic = true;
  bool noise_is_start = false;  // x0 is the noise (one-sided path, independent coupling)
};

class TrainInterpolant {
 public:
  struct State {
    AveragedParameters training;  // of the first network, then of the second
    LossMean velocity, score;
  };
  struct Batch {
    torch::Tensor x, t;                           // m x d, m; m = 2 batch for pairs
    torch::Tensor velocity_target, score_target;  // m x d: each loss is the mean of |f|^2 / 2 - target.f
  };
  struct Losses {
    torch::Tensor velocity, score;  // not defined where the part is not learned
  };

  // Throws InvalidInput where parts and interpolant do not fit, gamma is 0 between `first` and `last` though a score is learned, and for
  // a coupling without independent noise on a one-sided path.
  TrainInterpolant(diffusion::Interpolant interpolant, DrawPair draw, TrainInterpolantSettings settings);

  State start(const Moment& now) const;
  // Throws NumericalFailure where loss or gradient are not finite.
  void advance(State& state, const Moment& now) const;
  void measure(const State& state, Row& row) const;

  Batch batch(const Moment& now) const;
  Losses losses(const torch::Tensor& parameters, const Batch& batch) const;
  const NoiseNet& net() const { return net_; }
  // The averaged parameters of the first and second network; empty where it is not learned.
  std::vector<float> velocity_parameters(const State& state) const;
  std::vector<float> score_parameters(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    state.training.fields(visit);
    state.velocity.fields(visit, "velocity");
    state.score.fields(visit, "score");
  }

 private:
  struct Draws {
    Eigen::MatrixXd start, target;  // d x batch
  };
  Draws draw_ends(QuickStream& random) const;
  torch::Tensor part(const torch::Tensor& parameters, bool second) const;

  diffusion::Interpolant interpolant_;
  DrawPair draw_;
  TrainInterpolantSettings settings_;
  NoiseNet net_;
};

}  // namespace lehr::neural
