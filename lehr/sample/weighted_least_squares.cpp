#include "lehr/sample/weighted_least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::sample {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double least_diagonal =
    1e-13;  // of R, as a share of its largest: below, features depend on each other
constexpr double full_leverage = 1 - 1e-10;

void check_runs(const MatrixXd& features, const VectorXd& weights, const MatrixXd& values) {
  if (weights.size() != features.cols() || values.cols() != features.cols())
    throw InvalidInput("wls: {} points, {} weights and {} values", features.cols(), weights.size(),
                       values.cols());
  if (features.cols() < features.rows())
    throw InvalidInput("wls: {} runs for {} functions; at least as many are needed", features.cols(),
                       features.rows());
  for (Index i = 0; i < weights.size(); ++i)
    if (!(weights(i) > 0) || !std::isfinite(weights(i)))
      throw InvalidInput("wls: the weight of run {} must be above 0 and finite, found {}", i + 1, weights(i));
  const Index missing = (values.array().isFinite().colwise().all() == false).count();
  if (missing > 0)
    throw InvalidInput("wls: {} of {} runs have no finite value; leave those rows out", missing,
                       values.cols());
}

bool full_rank(const linalg::ThinQr& qr) {
  const VectorXd diagonal = qr.r.diagonal().cwiseAbs();
  return diagonal.minCoeff() >= least_diagonal * diagonal.maxCoeff();
}

// lambda^(-1/2) C_n + C_2.
double norm_factor(double embedding, double sample_norm, double lambda_min) {
  return lambda_min > 0 ? embedding + sample_norm / std::sqrt(lambda_min) : INFINITY;
}

double kernel_factor(const ReproducingKernel& kernel, const Points& points, const VectorXd& weights,
                     double lambda_min) {
  const VectorXd root = (weights / static_cast<double>(weights.size())).cwiseSqrt();
  const VectorXd eigenvalues =
      linalg::symmetric_eigenvalues(root.asDiagonal() * kernel.matrix(points, points) * root.asDiagonal());
  return norm_factor(std::sqrt(kernel.operator_norm), std::sqrt(eigenvalues.tail(1)(0)), lambda_min);
}

// 2 tr(C^2) without the terms of a run with itself, C = sum_i e_i^2 z_i z_i', z_i = R^-1 q_i: the variance of
// |c - c*|^2 about its diagonal terms.
double coefficient_fluctuation(const linalg::ThinQr& qr, const VectorXd& squares) {
  const MatrixXd influences =  // m x n
      linalg::solve_upper(qr.r, MatrixXd(qr.q.transpose())) * squares.cwiseSqrt().asDiagonal();
  const MatrixXd covariance = influences * influences.transpose();
  return std::max(0.0,
                  2 * (covariance.squaredNorm() - influences.colwise().squaredNorm().array().square().sum()));
}

// The leave-one-out error from weighted residuals sqrt(w) r, and its error as the header has it.
void leave_one_out(const linalg::ThinQr& qr, const VectorXd& residuals, Fit& fit) {
  fit.leave_one_out = fit.leave_one_out_error = std::numeric_limits<double>::quiet_NaN();
  const VectorXd rest = 1 - qr.q.rowwise().squaredNorm().array();  // 1 - leverage
  if (rest.minCoeff() < 1 - full_leverage || rest.size() < 2) return;
  const VectorXd squares = residuals.cwiseQuotient(rest).cwiseAbs2();
  const VectorXd first_order = residuals.cwiseAbs2().cwiseQuotient(rest);
  fit.leave_one_out = std::sqrt(squares.mean());
  fit.leave_one_out_error = 0;
  if (!(fit.leave_one_out > 0)) return;
  const double error =
      stats::standard_error({first_order.data(), static_cast<std::size_t>(first_order.size())});
  const double variance = error * error + 4 * coefficient_fluctuation(qr, squares);
  fit.leave_one_out_error = std::sqrt(variance) / (2 * fit.leave_one_out);
}

}  // namespace

MatrixXd empirical_gram(const MatrixXd& features, const VectorXd& weights, Index leading) {
  const MatrixXd rows =
      features.topRows(leading) * (weights / static_cast<double>(weights.size())).cwiseSqrt().asDiagonal();
  MatrixXd gram = MatrixXd::Zero(leading, leading);
  gram.selfadjointView<Eigen::Lower>().rankUpdate(rows);
  return gram.selfadjointView<Eigen::Lower>();
}

double least_eigenvalue(const MatrixXd& gram) {
  return std::max(0.0, linalg::symmetric_eigenvalues(gram)(0));
}

Certificate certify(const FunctionSpace& space, const Points& points, const VectorXd& weights) {
  const MatrixXd features = space.features(points);
  const VectorXd eigenvalues =
      linalg::symmetric_eigenvalues(empirical_gram(features, weights, space.size)).cwiseMax(0);
  Certificate certificate;
  certificate.runs = points.cols();
  certificate.functions = space.size;
  certificate.lambda_min = points.cols() < space.size ? 0 : eigenvalues(0);
  certificate.lambda_max = eigenvalues.tail(1)(0);
  certificate.christoffel_max = christoffel(features, space.size).maxCoeff();
  certificate.weight_max = weights.maxCoeff();
  certificate.sup_factor = norm_factor(1, std::sqrt(weights.mean()), certificate.lambda_min);
  if (space.kernel)
    certificate.kernel_factor = kernel_factor(*space.kernel, points, weights, certificate.lambda_min);
  return certificate;
}

bool determines_a_fit(const MatrixXd& features, const VectorXd& weights) {
  return features.cols() >= features.rows() &&
         full_rank(linalg::thin_qr(weights.cwiseSqrt().asDiagonal() * features.transpose()));
}

std::vector<Fit> weighted_least_squares(const MatrixXd& features, const VectorXd& weights,
                                        const MatrixXd& values) {
  check_runs(features, weights, values);
  const VectorXd root = weights.cwiseSqrt();
  const linalg::ThinQr qr = linalg::thin_qr(root.asDiagonal() * features.transpose());
  if (!full_rank(qr))
    throw InvalidInput(
        "wls: these {} runs do not determine {} coefficients: lambda_min is {:.2g}; draw another design, or "
        "more runs",
        features.cols(), features.rows(),
        least_eigenvalue(empirical_gram(features, weights, features.rows())));
  std::vector<Fit> fits;
  for (Index output = 0; output < values.rows(); ++output) {
    const VectorXd right = root.cwiseProduct(values.row(output).transpose());
    const VectorXd along = qr.q.transpose() * right;
    const VectorXd residuals = right - qr.q * along;
    Fit fit;
    fit.coefficients = linalg::solve_upper(qr.r, along);
    fit.residual = residuals.norm() / std::sqrt(static_cast<double>(weights.size()));
    leave_one_out(qr, residuals, fit);
    fits.push_back(std::move(fit));
  }
  return fits;
}

VectorXd evaluate_fit(const FunctionSpace& space, const VectorXd& coefficients, const Points& points) {
  return space.features(points).topRows(coefficients.size()).transpose() * coefficients;
}

}  // namespace lehr::sample
