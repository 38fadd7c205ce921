// Training of a token network on sequences, as a method: one advance is one step of AdamW on one batch of sequences. Every token of a
// sequence is noised once, x = cos(phi) x0 + sin(phi) xi, and denoised given the true earlier tokens:
//
//   loss = mean of w |v_theta(x, phi; y_k, position) - v|^2 / dim,   v = cos(phi) xi - sin(phi) x0
//
// w = cos^2(phi) makes it the error of the predicted noise, |xihat - xi|^2, the loss of diffusion heads; w = 1 weighs high noise more. Levels are
// those of the table of 1000 (token_head.hpp), uniform. The token after k known ones is that of rank k, or, for masked models, of any later rank.
// With an order of any, each sequence of a batch has a random order of its own. Labels are left out at a rate, so that the network also
// knows the law without them.
//
// Batches are addressed by (seed, step): a resumed run equals the uninterrupted one bit for bit. Source: Li et al., 2024; Zhao et al.,
// 2025; Salimans and Ho, "Progressive distillation", 2022 (v).
#pragma once

#include <torch/types.h>

#include <Eigen/Core>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/neural/averaged_training.hpp"
#include "lehr/neural/token_net.hpp"
#include "lehr/schedule/schedule.hpp"

namespace lehr::neural {

struct TrainTokensSettings {
  Schedule learning_rate;
  AdamW optimizer;
  std::int64_t batch = 64;               // sequences
  std::int64_t repeats = 1;              // noisy copies of each token: the backbone runs once for all
  Schedule average = 0.999;              // decay of the parameters' average
  bool noise_loss = true;                // else w = 1
  std::vector<std::int64_t> order = {};  // position of each rank; empty: any
  bool masked = false;
  double unlabelled = 0.1;  // share of a batch whose labels are left out
};

class TrainTokens {
 public:
  struct State {
    AveragedParameters training;
    LossMean loss;
  };
  // One noised token a row; B sequences, K = tokens - 1 known ones, R repeats: M = R B tokens rows.
  struct Batch {
    torch::Tensor tokens, positions, labels;  // B x K x dim, B x K, B
    torch::Tensor targets;                    // position of the token after k known ones: B x (K + 1)
    torch::Tensor x, phi, v, weight;          // M x dim, M, M x dim, M
  };

  // sequences: (tokens * dim) x n with a size of about 1, a column a sequence in the order of positions; labels: n, or empty. All must
  // outlive the method. Throws InvalidInput where they do not fit the network.
  TrainTokens(const TokenNet& net, const Eigen::MatrixXd& sequences, const std::vector<std::int64_t>& labels,
              TrainTokensSettings settings);

  State start(const Moment& now) const;
  // Throws NumericalFailure where loss or gradient are not finite.
  void advance(State& state, const Moment& now) const;
  void measure(const State& state, Row& row) const;
  std::vector<float> averaged(const State& state) const { return flat_vector(state.training.average); }

  Batch batch(Stream random) const;
  torch::Tensor loss(const torch::Tensor& parameters, const Batch& batch) const;

  template <class Visitor>
  void fields(Visitor& visit, State& state) const {
    state.training.fields(visit);
    state.loss.fields(visit, "loss");
  }

 private:
  const TokenNet& net_;
  const Eigen::MatrixXd& sequences_;
  const std::vector<std::int64_t>& labels_;
  TrainTokensSettings settings_;
  std::vector<double> angles_;  // phi of each level of the table
};

}  // namespace lehr::neural
