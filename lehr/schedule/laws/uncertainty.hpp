// Internal to the laws: how uncertain a fit is.
//
// Residuals of a training curve are autocorrelated, and a law fits them partly away. Their scale and first
// autocorrelation are therefore estimated as those of AR(1) noise whose projected residuals would show the
// observed moments. That noise gives the linearised (sandwich) covariance; a block bootstrap over curve
// segments, its noise scaled to the same linearised covariance, gives joint draws. Sources: Kunsch, "The
// jackknife and the bootstrap for general stationary observations", Ann. Statist. 17, 1989 (moving blocks).
#pragma once

#include "lehr/schedule/laws/fit_problem.hpp"

namespace lehr::laws {

// Scale, autocorrelation, effective points and degrees of freedom of the residuals.
ErrorModel estimate_errors(const Rows& rows, const Estimate& estimate);

// The sandwich covariance of the free parameters under that noise.
Eigen::MatrixXd linear_covariance(const Rows& rows, const Estimate& estimate, const ErrorModel& errors,
                                  double prior_weight);

// Parameters (all of the law's, one column per draw) refitted to block-resampled residuals; runs in parallel.
Eigen::MatrixXd bootstrap(const FitProblem& problem, const Rows& rows, const Estimate& estimate,
                          const ErrorModel& errors, const FitOptions& options);

// Adds the law's discrepancy across schedules: each curve is predicted from the fit to the others. What the
// errors have beyond noise and parameter uncertainty, where that is significant at 5 %, is averaged with the
// assumed discrepancy.
void estimate_discrepancy(ErrorModel& errors, const FitProblem& problem, const Rows& rows,
                          const Estimate& estimate, const FitOptions& options);

}  // namespace lehr::laws
