// Internal to the laws: how uncertain a quantity is that follows from a fit.
#pragma once

#include <Eigen/Core>
#include <functional>

#include "lehr/schedule/laws/fit.hpp"

namespace lehr::laws {

// Variances of the entries of quantity(law) under the parameters' uncertainty: over the bootstrap draws, or
// by sigma points of the covariance when there are none. Laws run in parallel.
Eigen::VectorXd parameter_variance(const Fit& fit,
                                   const std::function<Eigen::VectorXd(const Law&)>& quantity);

// Half the width of the interval at `level` for a quantity with variance `variance` from the residuals
// (parameters, noise) and `discrepancy` from the law's error across schedules, each with its own degrees of
// freedom (Welch and Satterthwaite).
double half_width(const ErrorModel& errors, double variance, double discrepancy, double level);

}  // namespace lehr::laws
