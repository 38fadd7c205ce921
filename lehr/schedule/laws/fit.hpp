// Fits a learning-rate law to training curves and predicts other runs, with uncertainty.
//
// All laws minimise  sum over rows of Huber_delta(log predicted - log logged).  The annealing law is linear
// in L0, A, C for a given alpha (variable projection); the multi-power law, which data alone identify weakly,
// has a prior on B, C, beta and gamma (maximum a posteriori, L-BFGS on log-parameters).
//
//   const Fit fitted = fit(curves, {.law = "annealing"});
//   const Band band = predict_band(fitted, plan, report_steps(plan));
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lehr/core/options.hpp"
#include "lehr/core/random.hpp"
#include "lehr/schedule/laws/annealing_law.hpp"
#include "lehr/schedule/laws/curve.hpp"
#include "lehr/schedule/laws/model_size_law.hpp"
#include "lehr/schedule/laws/multi_power_law.hpp"

namespace lehr::laws {

using Law = std::variant<AnnealingLaw, MultiPowerLaw, ModelSizeLaw>;
std::vector<double> predict(const Law& law, const Plan& plan, std::span<const std::int64_t> steps);
double final_loss(const Law& law, const Plan& plan);
double final_loss(const Law& law, const Plan& plan, std::vector<double>& gradient);

struct FitOptions {
  std::string law = "annealing";     // annealing, multi_power, power, model_size
  double huber_delta = 1e-3;         // residuals beyond it count linearly
  std::string warmup_area = "ramp";  // ramp, peak: how the warm-up counts in S1 (not for multi_power)
  double lambda = 0.999;             // memory of the annealing area
  bool profile_lambda = false;       // choose lambda from a grid instead
  bool legacy_warmup_gaps = false;   // multi_power: count the warm-up's gaps
  double prior_weight = 1e-5;        // multi_power: weight of the prior
  // Typical relative error of the law on unseen schedules (0.002 to 0.004 for language models). Used as it is
  // where the curves cannot tell (leaving one out needs two that anneal), and with the weight of two curves
  // where they show one.
  double assumed_discrepancy = 0.003;
  std::int64_t draws = 200;  // bootstrap refits for the uncertainty; 0: linearised covariance alone
  std::int64_t block = 0;    // rows per bootstrap block; 0: from the residuals' autocorrelation
  std::int64_t seed = 1;

  void describe(OptionTable& table);
};

struct Parameter {
  std::string name;
  double value = 0;
  double standard_error = 0;  // 0 when fixed
  double low = 0, high = 0;   // 95 % interval
  bool fixed = false;         // not estimated from the data
};

// How well predictions meet a curve: errors are |predicted - logged| (absolute) or divided by the logged loss
// (relative).
struct CurveQuality {
  std::string name;
  std::int64_t points = 0;
  double mae = 0, rmse = 0, r2 = 0;
  double mean_relative_error = 0, worst_relative_error = 0, final_relative_error = 0;
};
CurveQuality quality(const Law& law, const Curve& curve);

// What the residuals of the fit (in log loss) say about noise: they are autocorrelated along a curve, and the
// law itself is off from schedule to schedule.
struct ErrorModel {
  double scale = 0;             // standard deviation of a logged point around the law, corrected for the fit
  double autocorrelation = 0;   // of neighbouring rows, corrected for the fit
  double effective_points = 0;  // independent points that the rows are worth
  double degrees_of_freedom = 1;  // effective points minus estimated parameters, at least 1
  double discrepancy = 0;         // extra standard deviation of an unseen schedule's curve
  std::int64_t folds = 0;         // left-out curves that the discrepancy was estimated from; 0: it is assumed
};

struct Fit {
  Law law;
  std::string law_name;
  // annealing: L0 A alpha C lambda; multi_power: L0 A alpha B C beta gamma; power: L0 A alpha; model_size: L0
  // A alpha B beta C gamma lambda.
  std::vector<Parameter> parameters;
  Eigen::MatrixXd covariance, correlation;  // in the order of `parameters`; rows of fixed ones are zero
  std::vector<CurveQuality> curves;         // the quality on the curves fitted
  std::vector<std::string> warnings;        // plain sentences
  double objective = 0;                     // the minimised sum
  double condition_number = 0;              // of the objective's Hessian in scaled (log-)parameters
  std::int64_t iterations = 0;
  ErrorModel errors;
  std::vector<Law> draws;  // refits to bootstrap samples: joint uncertainty of the parameters
  FitOptions options;
};

// Throws InvalidInput when there are no curves, too few rows for the law's parameters, or options out of
// range.
Fit fit(std::span<const Curve> curves, const FitOptions& options = {});

// Predictions with bounds that a logged loss keeps with probability `level`, point by point: parameter
// uncertainty, autocorrelated noise and the law's own discrepancy across schedules.
struct Band {
  std::vector<std::int64_t> steps;
  std::vector<double> loss, low, high;
  double level = 0.95;
};
Band predict_band(const Fit& fit, const Plan& plan, std::vector<std::int64_t> steps, double level = 0.95);

}  // namespace lehr::laws
