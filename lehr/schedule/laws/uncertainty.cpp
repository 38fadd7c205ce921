#include "lehr/schedule/laws/uncertainty.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"
#include "lehr/stats/distributions.hpp"

namespace lehr::laws {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double significance = 0.05;
constexpr double largest_autocorrelation = 0.995;

// R x for the AR(1) correlation matrix R_ij = rho^|i-j| within each curve, columns of x apart: two
// recursions.
MatrixXd correlate(const std::vector<Index>& begin, double rho, const MatrixXd& x) {
  MatrixXd y = x;
  for (std::size_t c = 0; c + 1 < begin.size(); ++c) {
    const Index first = begin[c], count = begin[c + 1] - first;
    Eigen::RowVectorXd back = Eigen::RowVectorXd::Zero(x.cols()), ahead = back;
    for (Index i = 0; i < count; ++i) {
      y.row(first + i) += back;
      back = rho * (back + x.row(first + i));
      y.row(first + count - 1 - i) += ahead;
      ahead = rho * (ahead + x.row(first + count - 1 - i));
    }
  }
  return y;
}

// Each row replaced by its successor in the same curve; a curve's last row by zero.
MatrixXd successor(const std::vector<Index>& begin, const MatrixXd& x) {
  MatrixXd y = MatrixXd::Zero(x.rows(), x.cols());
  for (std::size_t c = 0; c + 1 < begin.size(); ++c) {
    const Index first = begin[c], pairs = begin[c + 1] - first - 1;
    y.middleRows(first, pairs) = x.middleRows(first + 1, pairs);
  }
  return y;
}

// The inverse of the objective's Hessian, J'WJ plus the prior's precision, computed with unit diagonal.
MatrixXd inverse_hessian(const Estimate& at) {
  const MatrixXd hessian =
      at.jacobian.transpose() * at.weights.asDiagonal() * at.jacobian + at.prior_precision;
  const VectorXd scale = hessian.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  MatrixXd scaled = scale.asDiagonal() * hessian * scale.asDiagonal();
  scaled.diagonal().array() += 1e-12;
  const MatrixXd identity = MatrixXd::Identity(hessian.rows(), hessian.cols());
  return scale.asDiagonal() * linalg::solve_semidefinite(scaled, identity) * scale.asDiagonal();
}

// H^-1 J'W: how the free parameters follow the log losses.
MatrixXd response(const Estimate& at) {
  return inverse_hessian(at) * (at.weights.asDiagonal() * at.jacobian).transpose();
}

// Expected sum of squares, and of products of neighbours, of the residuals that a fit leaves of unit AR(1)
// noise: traces of (I - J Q) R (I - J Q)' and of its successor, Q the response.
struct ResidualMoments {
  double squares, products;
};
ResidualMoments expected_moments(const std::vector<Index>& begin, const MatrixXd& jacobian, const MatrixXd& q,
                                 double rho) {
  const MatrixXd rqt = correlate(begin, rho, q.transpose());  // R Q'
  const MatrixXd qrq = q * rqt;
  const MatrixXd next = successor(begin, jacobian);  // D J
  const MatrixXd next_rqt = successor(begin, rqt);   // D R Q'
  const double n = static_cast<double>(jacobian.rows()), pairs = n - static_cast<double>(begin.size() - 1);
  const double squares =
      n - 2 * jacobian.cwiseProduct(rqt).sum() + (jacobian * qrq).cwiseProduct(jacobian).sum();
  const double products = pairs * rho - next.cwiseProduct(rqt).sum() - jacobian.cwiseProduct(next_rqt).sum() +
                          (next * qrq).cwiseProduct(jacobian).sum();
  return {squares, products};
}

// Residuals with outliers pulled in to six robust standard deviations, so that spikes do not pass for noise.
VectorXd without_spikes(const VectorXd& residuals) {
  std::vector<double> sizes(residuals.begin(), residuals.end());
  for (double& r : sizes) r = std::abs(r);
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  const double limit = 6 * 1.4826 * *middle;
  return limit > 0 ? VectorXd(residuals.cwiseMax(-limit).cwiseMin(limit)) : residuals;
}

// A moving-block resample of the residuals: every curve is filled with segments drawn from all curves.
VectorXd resample(const std::vector<Index>& begin, const VectorXd& residuals, Index block, Stream stream) {
  std::vector<Index> first_rows;
  for (std::size_t c = 0; c + 1 < begin.size(); ++c)
    for (Index row = begin[c]; row + block <= begin[c + 1]; ++row) first_rows.push_back(row);
  VectorXd drawn(residuals.size());
  for (std::size_t c = 0; c + 1 < begin.size(); ++c) {
    for (Index row = begin[c]; row < begin[c + 1]; row += block) {
      const Index count = std::min(block, begin[c + 1] - row);
      const auto pick = uniform_index(stream, static_cast<std::int64_t>(first_rows.size()));
      drawn.segment(row, count) = residuals.segment(first_rows[static_cast<std::size_t>(pick)], count);
    }
  }
  return drawn;
}

Index block_length(const Rows& rows, const ErrorModel& errors, std::int64_t wanted) {
  Index shortest = rows.losses.size();
  for (std::size_t c = 0; c + 1 < rows.begin.size(); ++c)
    shortest = std::min(shortest, rows.begin[c + 1] - rows.begin[c]);
  if (wanted > 0) return std::min<Index>(wanted, shortest);
  const double memory = (1 + errors.autocorrelation) / (1 - errors.autocorrelation);
  const Index least = std::min<Index>(4, shortest), most = std::max<Index>(shortest / 3, least);
  return std::clamp<Index>(static_cast<Index>(std::ceil(2 * memory)), least, most);
}

// The derivatives of log predictions with respect to the free parameters, by central differences.
MatrixXd prediction_jacobian(const FitOptions& options, const std::vector<Index>& free,
                             const VectorXd& parameters, const Curve& curve) {
  MatrixXd jacobian(static_cast<Index>(curve.steps.size()), static_cast<Index>(free.size()));
  for (std::size_t j = 0; j < free.size(); ++j) {
    const double value = parameters[free[j]], step = 1e-5 * std::max(std::abs(value), 1e-3);
    VectorXd up = parameters, down = parameters;
    up[free[j]] += step;
    down[free[j]] -= step;
    const auto log_losses = [&](const VectorXd& p) -> VectorXd {
      return predict_fast(law_from(options, p), curve.plan, curve.steps).array().log();
    };
    jacobian.col(static_cast<Index>(j)) = (log_losses(up) - log_losses(down)) / (2 * step);
  }
  return jacobian;
}

// Sum of squared prediction errors on a left-out curve, its expectation without discrepancy, and the sum of
// squared covariances, which gives the degrees of freedom of the chi-square law that approximates their ratio
// (Satterthwaite).
struct Fold {
  double squares = 0, expected = 0, expected_square = 0;
  Index points = 0;
};

Fold leave_out(std::size_t c, const ErrorModel& errors, const Rows& rows, const Estimate& near,
               const FitOptions& options) {
  const Rows others = rows.without(c);
  const FitProblem problem = make_problem(others, options);
  if (!problem.identified) return {};
  const Estimate estimate = problem.solve(others.losses, &near, {});
  const Curve& curve = rows.curves[c];
  const Index n = static_cast<Index>(curve.steps.size());
  const VectorXd predicted = predict_fast(law_from(options, estimate.parameters), curve.plan, curve.steps);
  const VectorXd e = predicted.array().log() - rows.losses.segment(rows.begin[c], n).array().log();
  const MatrixXd g = prediction_jacobian(options, problem.free, estimate.parameters, curve);
  MatrixXd covariance = g * linear_covariance(others, estimate, errors, options.prior_weight) * g.transpose();
  covariance +=
      errors.scale * errors.scale * correlate({0, n}, errors.autocorrelation, MatrixXd::Identity(n, n));
  return {e.squaredNorm(), covariance.trace(), covariance.squaredNorm(), n};
}

}  // namespace

ErrorModel estimate_errors(const Rows& rows, const Estimate& estimate) {
  const VectorXd r = without_spikes(estimate.residuals);
  const double squares = r.squaredNorm(), products = r.dot(successor(rows.begin, r).col(0));
  const MatrixXd q = response(estimate);
  const auto excess = [&](double rho) {
    const ResidualMoments expected = expected_moments(rows.begin, estimate.jacobian, q, rho);
    return expected.products * squares - products * expected.squares;
  };
  double low = -0.5, high = largest_autocorrelation;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (excess(middle) < 0 ? low : high) = middle;
  }
  ErrorModel errors;
  errors.autocorrelation = 0.5 * (low + high);
  const double freedom = expected_moments(rows.begin, estimate.jacobian, q, errors.autocorrelation).squares;
  errors.scale = std::sqrt(squares / std::max(freedom, 1.0));
  const double rho = std::max(errors.autocorrelation, 0.0);
  errors.effective_points = static_cast<double>(r.size()) * (1 - rho) / (1 + rho);
  errors.degrees_of_freedom =
      std::max(1.0, errors.effective_points - static_cast<double>(estimate.jacobian.cols()));
  return errors;
}

MatrixXd linear_covariance(const Rows& rows, const Estimate& estimate, const ErrorModel& errors,
                           double prior_weight) {
  const double variance = errors.scale * errors.scale;
  const MatrixXd q = response(estimate);
  MatrixXd covariance = variance * (q * correlate(rows.begin, errors.autocorrelation, q.transpose()));
  if (estimate.prior_precision.isZero(0)) return covariance;
  const MatrixXd inverse = inverse_hessian(estimate);
  return covariance + std::min(prior_weight, variance) * (inverse * estimate.prior_precision * inverse);
}

MatrixXd bootstrap(const FitProblem& problem, const Rows& rows, const Estimate& estimate,
                   const ErrorModel& errors, const FitOptions& options) {
  const VectorXd centered = estimate.residuals.array() - estimate.residuals.mean();
  const Index block = block_length(rows, errors, options.block);
  const MatrixXd q = response(estimate);
  const auto noise = [&](std::int64_t draw) {
    return resample(rows.begin, centered, block,
                    Stream({static_cast<std::uint64_t>(options.seed)}, lane("law bootstrap"),
                           static_cast<std::uint64_t>(draw)));
  };
  VectorXd resampled = VectorXd::Zero(q.rows());  // variances of the linearised draws
  for (std::int64_t draw = 0; draw < options.draws; ++draw) resampled += (q * noise(draw)).cwiseAbs2();
  resampled /= static_cast<double>(options.draws);
  const double variance = errors.scale * errors.scale;
  const VectorXd wanted =
      variance * (q * correlate(rows.begin, errors.autocorrelation, q.transpose())).diagonal();
  const double scale = std::sqrt((wanted.array() / resampled.array().max(1e-300)).mean());
  const double shift_scale =
      options.prior_weight > 0 ? std::min(1.0, errors.scale / std::sqrt(options.prior_weight)) : 0;

  const VectorXd fitted = (estimate.residuals.array().exp() * rows.losses.array()).matrix();
  const auto draws = parallel_map(options.draws, [&](std::int64_t draw) {
    const VectorXd losses = fitted.array() * (scale * noise(draw)).array().exp();
    Stream stream({static_cast<std::uint64_t>(options.seed)}, lane("law bootstrap prior"),
                  static_cast<std::uint64_t>(draw));
    VectorXd shift(problem.priors);
    for (double& z : shift) z = shift_scale * normal(stream);
    return problem.solve(losses, &estimate, shift).parameters;
  });
  MatrixXd parameters(estimate.parameters.size(), static_cast<Index>(draws.size()));
  for (std::size_t d = 0; d < draws.size(); ++d) parameters.col(static_cast<Index>(d)) = draws[d];
  return parameters;
}

void estimate_discrepancy(ErrorModel& errors, const FitProblem& problem, const Rows& rows,
                          const Estimate& estimate, const FitOptions& options) {
  if (rows.curves.size() < 2 || !problem.identified) return;
  const auto folds = parallel_map(static_cast<std::int64_t>(rows.curves.size()), [&](std::int64_t c) {
    return leave_out(static_cast<std::size_t>(c), errors, rows, estimate, options);
  });
  double statistic = 0, freedom = 0, excess = 0;
  for (const Fold& fold : folds) {
    if (fold.points == 0) continue;
    ++errors.folds;
    const double fold_freedom = fold.expected * fold.expected / fold.expected_square;
    freedom += fold_freedom;
    statistic += fold_freedom * fold.squares / fold.expected;
    excess += (fold.squares - fold.expected) / static_cast<double>(fold.points);
  }
  if (errors.folds == 0 || !(excess > 0)) return;
  if (stats::chi_square_tail(statistic, freedom) >= significance) return;
  const double assumed = options.assumed_discrepancy;
  const double weight = assumed > 0 ? static_cast<double>(assumed_folds) : 0;
  errors.discrepancy =
      std::sqrt((excess + weight * assumed * assumed) / (static_cast<double>(errors.folds) + weight));
}

}  // namespace lehr::laws
