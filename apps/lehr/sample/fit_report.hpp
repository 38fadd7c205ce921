// What the tasks of least squares show of a design and of a fit.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/report.hpp"
#include "lehr/core/task.hpp"
#include "lehr/sample/design.hpp"
#include "lehr/sample/reference_projection.hpp"
#include "lehr/sample/weighted_least_squares.hpp"

namespace lehr::command {

// Metrics lambda_min, condition, christoffel_max, weight_max, factor_sup (, factor_kernel), and a table of
// them.
void add_certificate(const sample::FunctionSpace& space, const sample::Certificate& certificate,
                     Report& report);

// A fit, the runs it was made from, and where it stands among the spaces of the basis.
struct FittedRuns {
  const sample::FunctionSpace& space;
  const Eigen::MatrixXd& points;
  const Eigen::VectorXd& weights;
  const Eigen::VectorXd& values;
  const sample::Fit& fit;
};
// Metrics mean, deviation, residual, leave_one_out (and its error); tables of the largest coefficients and of
// the Sobol' indices; figures of the fit against the runs and of the coefficients' decay; the artifact
// `coefficients`. With `output` other than "" all names start with it.
void add_fit(const FittedRuns& runs, const std::string& output, Report& report);

// The coefficients as CSV: degree_1 .. degree_d (or function), coefficient.
std::string coefficients_csv(const sample::FunctionSpace& space, const Eigen::VectorXd& coefficients);

// The points over the Christoffel density: for one coordinate the density itself, else the density of the
// first coordinate and the points of the first two.
void add_point_figures(const sample::FunctionSpace& space, const sample::Design& design, Report& report);

using sample::root_mean_square, sample::RootMeanSquare;

// The distribution function of a sample as a curve of steps.
Series distribution_series(std::string label, std::vector<double> sample);

}  // namespace lehr::command
