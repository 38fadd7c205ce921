// Denoising steps bought where they are worth most: given how the error of each token falls with its number of steps, the counts N_i that
// minimise sum_i e_i(N_i) under sum_i N_i <= budget.
//
// Few steps of a stochastic sampler lose variance, and what an early token lost all that follow from it have lost too. So e_i(N) is the
// variance of whole sequences that N steps at token i lose: with r_i = token - E[token | earlier], the part of token i that the earlier ones
// leave open, drawn (') and true, and B_i the regression of the later tokens on r_i,
//
//   e_i(N) = E |A_i r_i|^2 - E |A_i r_i'|^2,   A_i = (I at token i, B_i at the later tokens)
//
// Either on measured curves, made falling (pool adjacent violators) and convex (lower hull), or, since curves of a few hundred sequences are
// noisy, on the law e_i(N) = c_i N^-p with one p for all tokens. On convex curves, buying the best next step is optimal.
#pragma once

#include <vector>

#include "lehr/core/random.hpp"
#include "lehr/diffusion/tokens/token_model.hpp"

namespace lehr::diffusion {

struct ErrorCurves {
  std::vector<std::int64_t> counts;  // rising: N at which the errors were measured
  Eigen::MatrixXd errors;            // ranks x counts: e_i(N)
};

// e_i(N) = c_i N^-p, c_i >= 0.
struct ErrorLaw {
  double exponent = 1;     // p, in [0.3, 2]
  Eigen::VectorXd scales;  // c_i
};
// Least squares with weights N; the exponent by search.
ErrorLaw fit_error_law(const ErrorCurves& curves);
// The law at the counts of `curves`, and at each integer in between.
ErrorCurves smoothed(const ErrorCurves& curves);

// `sequences` (D x n): true ones, at least 8. Cost: tokens * sum of counts calls a sequence.
ErrorCurves measure_error_curves(const TokenModel& model, const Eigen::MatrixXd& sequences,
                                 std::string_view head, const std::vector<std::int64_t>& counts, Seed seed,
                                 double temperature = 1);

// The curve as a falling convex one through integers [counts.front(), counts.back()]: straight between the corners of the hull.
std::vector<double> convex_curve(const std::vector<std::int64_t>& counts, const Eigen::VectorXd& errors);

// N_i of each rank, between counts.front() and counts.back(); the sum is the budget unless more steps bring nothing. Throws InvalidInput
// where the budget does not pay the least count of every token.
std::vector<std::int64_t> allocate_steps(const ErrorCurves& curves, std::int64_t budget);

}  // namespace lehr::diffusion
