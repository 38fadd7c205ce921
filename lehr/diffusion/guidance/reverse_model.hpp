// A pretrained diffusion model as guidance sees it: a law of the next, less noisy state given the present one, and an estimate of
// the clean design. Continuous and discrete processes differ in nothing else.
//
//   level 0 .. n     the grid's times t_0 = T > ... > t_n; x at level l is a d x count batch, a design per column
//   predict          one model call a column: p(x_0 | x_t) as far as the model knows it (marginals, or the posterior mean)
//   propose          a draw from p(x at level + 1 | x at level), given the prediction
//   decode           the clean design that the prediction says is most probable (discrete) or the mean (continuous)
//
// Discrete designs hold the symbols 0 .. K - 1, and K where a position is masked.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::diffusion {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using ColumnRef = Eigen::Ref<const VectorXd>;

// A Gaussian reverse step x_s = by_x x_t + by_clean x0 + N(0, variance I), and how much of a score added to the model's enters
// its mean.
struct GaussianStep {
  double by_x = 0, by_clean = 0, variance = 0, by_score = 0;
};

struct ReverseModel {
  Index rows = 0;     // d, or the length of a sequence
  Index symbols = 0;  // K; 0: continuous
  bool masked = false;
  std::int64_t calls = 1;  // model calls that one prediction of a column costs
  std::vector<double> times;
  std::vector<GaussianStep> gaussian;  // of each step; empty: discrete

  std::function<void(Stream& random, Eigen::Ref<VectorXd> x)> start;
  std::function<MatrixXd(const MatrixXd& x, Index level)> predict;
  // Writes the next state; returns ln p/q where it is drawn from another kernel q than the model's p, else 0.
  std::function<double(const ColumnRef& x, const ColumnRef& prediction, Index level, Stream& random,
                       Eigen::Ref<VectorXd> next)>
      propose;
  std::function<MatrixXd(const MatrixXd& x, const MatrixXd& prediction, Index level)> decode;
  // ln p(x_0) under the pretrained law, of clean designs.
  std::function<double(const ColumnRef& clean)> log_prior;

  Index steps() const { return static_cast<Index>(times.size()) - 1; }
  // Clean designs from the last level: one more model call a column.
  MatrixXd finish(const MatrixXd& x) const { return decode(x, predict(x, steps()), steps()); }
  // Share of the positions that are not masked; 1 - t / T for processes without masks.
  double revealed_share(const MatrixXd& x, Index level) const;
};

// n + 1 equally distant times from `from` down to `to`.
std::vector<double> even_times(double from, double to, Index steps);

// A batch of starts, one per column; column i depends on (seed, lane, i) alone.
MatrixXd draw_starts(const ReverseModel& model, Index count, Seed seed, std::uint64_t lane);

}  // namespace lehr::diffusion
