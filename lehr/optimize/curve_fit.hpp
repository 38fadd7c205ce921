// Robust fitting of positive curves in logarithms, with special care for models that are linear in most
// parameters.
//
//   minimise  sum_i Huber_delta(log predicted_i - log observed_i)  (+ prior)   over parameters >= their lower
//   bounds
//
// `refine` descends from a start near the optimum: each step minimises a quadratic model of the objective
// subject to the bounds, with the Huber loss replaced by its curvature (Newton) or its majorising weights
// (iteratively reweighted least squares). `fit_separable` finds the optimum of predicted = basis(theta) c, c
// >= 0, by variable projection: for given theta the linear parameters c follow from `fit_linear`, and theta,
// of few dimensions, is searched from a set of starts by L-BFGS-B with the gradient at fixed c (c is
// optimal). Source: Golub and Pereyra, "Separable nonlinear least squares: the variable projection method and
// its applications", Inverse Problems 19, 2003.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <vector>

#include "lehr/optimize/lbfgs.hpp"

namespace lehr::optimize {

struct CurveFit {
  Eigen::VectorXd parameters;  // for separable models: the linear ones, then theta
  Eigen::VectorXd predicted;   // at the points
  Eigen::VectorXd residuals;   // log predicted - log observed
  Eigen::VectorXd weights;     // Huber weights of the residuals
  Eigen::MatrixXd jacobian;    // of log predicted: points x parameters
  double objective = 0;
  int iterations = 0;
};

// A Gaussian prior's contribution to the objective: (p - center)' precision (p - center) / 2.
struct QuadraticPrior {
  Eigen::MatrixXd precision;
  Eigen::VectorXd center;
};

struct CurveModel {
  // Writes predictions (points) and their derivatives (points x parameters; both arrive with the right size).
  std::function<void(const Eigen::VectorXd& parameters, Eigen::VectorXd& predicted,
                     Eigen::MatrixXd& jacobian)>
      evaluate;
  Eigen::VectorXd lower;  // bound of each parameter
  QuadraticPrior prior;   // empty matrices: none
};

// The minimum near `start`, where all predictions must be positive (NumericalFailure otherwise). Steps end
// when one decreases the objective by less than `tolerance` of it.
CurveFit refine(const CurveModel& model, const Eigen::VectorXd& observed, const Eigen::VectorXd& start,
                double huber_delta, double tolerance = 1e-12);

// The best non-negative linear parameters for a fixed basis (points x parameters); `start` may be empty.
// Throws NumericalFailure when no start with positive predictions exists.
CurveFit fit_linear(const Eigen::MatrixXd& basis, const Eigen::VectorXd& observed, double huber_delta,
                    const Eigen::VectorXd& start = {}, double tolerance = 1e-12);

struct SeparableModel {
  Eigen::Index linear = 0;  // number of linear parameters
  // The basis, points x linear parameters, at theta; entries may have any sign.
  std::function<void(const Eigen::VectorXd& theta, Eigen::MatrixXd& basis)> basis;
  // d basis / d theta_j, of the same shape.
  std::function<void(const Eigen::VectorXd& theta, Eigen::Index j, Eigen::MatrixXd& derivative)> derivative;
  Box box;  // of theta; both sides given
};

// The best fit over the starts for theta (at least one).
CurveFit fit_separable(const SeparableModel& model, const Eigen::VectorXd& observed,
                       const std::vector<Eigen::VectorXd>& starts, double huber_delta);
// The fit to similar data near known parameters (linear, then theta): `refine` over all parameters at once.
CurveFit refit_separable(const SeparableModel& model, const Eigen::VectorXd& observed,
                         const Eigen::VectorXd& near, double huber_delta, double tolerance = 1e-12);

// argmin x' gram x / 2 - moment' x over x >= 0, gram positive semidefinite, by the active set method of
// Lawson and Hanson, "Solving least squares problems", 1974, chapter 23; for a handful of parameters.
Eigen::VectorXd nonnegative_least_squares(const Eigen::MatrixXd& gram, const Eigen::VectorXd& moment);

}  // namespace lehr::optimize
