// How much the earlier tokens decide a later one, rank by rank: what says whether a model gains from step annealing (DiSA, section 3).
//
//   r_squared     share of the token's variance that a linear regression on the earlier tokens explains, on sequences that the regression
//                 has not seen (two folds, a ridge of 1e-6 of the mean variance); from sequences alone
//   unexplained   E tr Cov(token | earlier) / tr Cov(token) by the model; where it does not tell its variances,
//                 E |token - E[token | earlier]|^2 / tr Cov(token) with the true tokens and the mean that the model expects
//   straightness  |x_0 - x_T| / length of the path x_T -> x_0, mean over sequences: 1 for a straight path
//   bend          mean square of the velocity's deviation from its mean along the path, over the mean square of the velocity
//
// Paths are those of the probability flow dx/dt = (x - x0hat) / t on a = 1 - t, s = t in `path_steps` Euler steps, given true earlier tokens.
#pragma once

#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/diffusion/tokens/token_model.hpp"

namespace lehr::diffusion {

// Of each rank. `order`: position of each rank. At least 4 sequences (D x n).
std::vector<double> prefix_r_squared(const Eigen::MatrixXd& sequences, Index token_dim,
                                     const std::vector<std::int64_t>& order);

struct TokenConstraint {
  std::vector<double> r_squared, unexplained, straightness, bend;  // of each rank
};
// `sequences` (D x n): of the law that the model has learned. Cost: tokens * path_steps calls a sequence, and O(n D^2 + D^4 / tokens) for the regressions.
TokenConstraint token_constraint(const TokenModel& model, const Eigen::MatrixXd& sequences, Seed seed,
                                 std::int64_t path_steps = 60);

// Goes through all sequences in blocks, in parallel: visit(block, rank, conditional, first, count, values) for each rank in turn, where `values`
// (rows x dim) are the true tokens of sequences [first, first + count); the model then takes them in.
using VisitToken = std::function<void(std::int64_t block, Index rank, TokenConditional& conditional,
                                      Index first, Index count, const Lanes& values)>;
void visit_tokens(const TokenModel& model, const Eigen::MatrixXd& sequences, const VisitToken& visit);

}  // namespace lehr::diffusion
