// Internal to the laws: what `fit` needs to know about a law, so that uncertainty is computed once for all of
// them.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lehr/schedule/laws/fit.hpp"

namespace lehr::laws {

// How many left-out curves the assumed discrepancy counts as, where curves show one of their own.
inline constexpr std::int64_t assumed_folds = 2;

// The relative decrease of the objective that ends a refit to resampled losses.
inline constexpr double refit_tolerance = 1e-8;

// The rows that a fit uses, curve after curve; rows inside a warm-up are left out.
struct Rows {
  std::vector<Curve> curves;
  Eigen::VectorXd losses;
  std::vector<Eigen::Index> begin;  // first row of each curve, and one past the last

  Rows without(std::size_t curve) const;
};
Rows gather_rows(std::span<const Curve> curves, std::vector<std::string>& warnings);

// A minimum of the fit's objective.
struct Estimate {
  Eigen::VectorXd parameters;       // all of the law's, fixed ones included
  Eigen::VectorXd residuals;        // log predicted - log logged
  Eigen::VectorXd weights;          // Huber weights of the residuals
  Eigen::MatrixXd jacobian;         // of log predicted with respect to the free parameters
  Eigen::MatrixXd prior_precision;  // of the free parameters, in units of the objective
  double objective = 0;
  double condition_number = 0;  // of the Hessian in scaled (log-)parameters
  std::int64_t iterations = 0;
};

struct FitProblem {
  std::vector<std::string> names;
  std::vector<Eigen::Index> free;  // the parameters that the data (or a prior) determine
  Eigen::Index priors = 0;         // number of prior terms
  bool identified = true;          // the data determine every parameter of the law (a prior does not count)
  std::vector<std::string> warnings;
  // Minimises for these losses, from `near` when given (a refit to similar data). `prior_shift`, empty or one
  // value per prior term, moves the prior's centres by that many of its standard deviations.
  std::function<Estimate(const Eigen::VectorXd& losses, const Estimate* near,
                         const Eigen::VectorXd& prior_shift)>
      solve;
};
FitProblem make_problem(const Rows& rows, const FitOptions& options);
FitProblem annealing_problem(const Rows& rows, const FitOptions& options);  // annealing and power
FitProblem model_size_problem(const Rows& rows, const FitOptions& options);
FitProblem multi_power_problem(const Rows& rows, const FitOptions& options);

// The law of options.law with these parameters, in the order of FitProblem::names.
Law law_from(const FitOptions& options, const Eigen::VectorXd& parameters);

// As `predict`, but the multi-power law gathers its drops into blocks: for the many laws of a bootstrap.
Eigen::VectorXd predict_fast(const Law& law, const Plan& plan, std::span<const std::int64_t> steps);

// S1 and S2 at the rows, all curves in one vector each. Throws InvalidInput for a row before which all rates
// are 0.
struct RowAreas {
  Eigen::VectorXd forward, annealing;
};
RowAreas row_areas(const Rows& rows, double lambda, WarmupArea warmup);

// The condition number of jacobian' W jacobian + prior with columns of unit diagonal.
double scaled_condition_number(const Eigen::MatrixXd& hessian);

}  // namespace lehr::laws
