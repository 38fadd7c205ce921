// Denoising steps bought where they are worth most: given how much the error of each token falls with its number of steps, the counts
// N_i that minimise sum_i e_i(N_i) under sum_i N_i <= budget.
//
// e_i(N) is the energy distance between what N steps draw of token i given true earlier tokens and the true tokens, both less what the
// model expects of the token, E[token | earlier]: so it is in the units of the sequences, and a token that is almost decided has a small
// one. Measured curves are made falling (pool adjacent violators) and convex (lower hull), after which buying the best next step is optimal.
#pragma once

#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/diffusion/tokens/token_model.hpp"

namespace lehr::diffusion {

struct ErrorCurves {
  std::vector<std::int64_t> counts;  // rising: N at which the errors were measured
  Eigen::MatrixXd errors;            // ranks x counts
};

// `sequences` (D x n): true ones, at least 2. Cost: tokens * sum of counts calls a sequence, and O(n^2) per token and count.
ErrorCurves measure_error_curves(const TokenModel& model, const Eigen::MatrixXd& sequences,
                                 std::string_view head, const std::vector<std::int64_t>& counts, Seed seed,
                                 double temperature = 1);

// The curve as a falling convex one through integers [counts.front(), counts.back()]: straight between the corners of the hull.
std::vector<double> convex_curve(const std::vector<std::int64_t>& counts, const Eigen::VectorXd& errors);

// N_i of each rank, between counts.front() and counts.back(); the sum is the budget unless more steps bring nothing. Throws InvalidInput
// where the budget does not pay the least count of every token.
std::vector<std::int64_t> allocate_steps(const ErrorCurves& curves, std::int64_t budget);

}  // namespace lehr::diffusion
