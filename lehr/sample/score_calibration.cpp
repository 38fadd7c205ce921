#include "lehr/sample/score_calibration.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "lehr/core/errors.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::sample {
namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// Newton's iteration for (b, a); the log-likelihood is concave. Empty where it does not end, as with outcomes that log-odds separate.
std::vector<double> fit_logistic(const std::vector<ScoredPrefix>& prefixes) {
  Eigen::Vector2d coefficients(0, 0);
  for (int iteration = 0; iteration < 100; ++iteration) {
    Eigen::Vector2d gradient = Eigen::Vector2d::Zero();
    Eigen::Matrix2d curvature = Eigen::Matrix2d::Zero();
    for (const ScoredPrefix& prefix : prefixes) {
      const Eigen::Vector2d x(1, prefix.log_odds);
      const double p = logistic(coefficients.dot(x));
      gradient += (prefix.outcome - p) * x;
      curvature += p * (1 - p) * x * x.transpose();
    }
    const Eigen::Vector2d step =
        linalg::solve_semidefinite(Eigen::MatrixXd(curvature), Eigen::VectorXd(gradient));
    coefficients += step * std::min(1.0, 2 / (1e-300 + step.cwiseAbs().maxCoeff()));
    if (!coefficients.allFinite() || coefficients.cwiseAbs().maxCoeff() > 1e4) return {};
    if (step.cwiseAbs().maxCoeff() < 1e-10) return {coefficients(0), coefficients(1)};
  }
  return {};
}

// The sandwich H^-1 (sum over groups of g g') H^-1, g the sum of a group's gradients.
double sandwich_slope_error(const std::vector<ScoredPrefix>& prefixes, double intercept, double slope) {
  Eigen::Matrix2d curvature = Eigen::Matrix2d::Zero();
  std::map<std::int64_t, Eigen::Vector2d> gradients;
  for (const ScoredPrefix& prefix : prefixes) {
    const Eigen::Vector2d x(1, prefix.log_odds);
    const double p = logistic(intercept + slope * prefix.log_odds);
    curvature += p * (1 - p) * x * x.transpose();
    gradients.try_emplace(prefix.group, Eigen::Vector2d::Zero()).first->second += (prefix.outcome - p) * x;
  }
  Eigen::Matrix2d spread = Eigen::Matrix2d::Zero();
  for (const auto& [group, gradient] : gradients) spread += gradient * gradient.transpose();
  const Eigen::MatrixXd inverse = linalg::inverse(curvature);
  return std::sqrt((inverse * spread * inverse)(1, 1));
}

ReliabilityBin reliability_bin(std::span<const ScoredPrefix> prefixes) {
  ReliabilityBin bin{0, 0, 0, static_cast<std::int64_t>(prefixes.size())};
  const auto count = static_cast<double>(prefixes.size());
  for (const ScoredPrefix& prefix : prefixes) {
    bin.predicted += logistic(prefix.log_odds) / count;
    bin.observed += prefix.outcome / count;
  }
  std::map<std::int64_t, double> deviations;
  for (const ScoredPrefix& prefix : prefixes) deviations[prefix.group] += prefix.outcome - bin.observed;
  double squares = 0;
  for (const auto& [group, deviation] : deviations) squares += deviation * deviation;
  bin.error = std::sqrt(squares) / count;
  return bin;
}

}  // namespace

ScoreCalibration calibrate(std::span<const ScoredPrefix> all, std::int64_t bins) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  std::vector<ScoredPrefix> prefixes;
  for (const ScoredPrefix& prefix : all) {
    if (!(prefix.outcome >= 0 && prefix.outcome <= 1))
      throw InvalidInput("calibration: outcomes must be in [0, 1], found {}", prefix.outcome);
    if (std::isfinite(prefix.log_odds)) prefixes.push_back(prefix);
  }
  if (prefixes.empty()) throw InvalidInput("calibration: there is no prefix with a finite score");
  std::ranges::stable_sort(prefixes, {}, &ScoredPrefix::log_odds);
  ScoreCalibration result{unknown, unknown, unknown, 0, {}};
  const auto count = static_cast<std::int64_t>(prefixes.size());
  for (const ScoredPrefix& prefix : prefixes)
    result.brier += std::pow(logistic(prefix.log_odds) - prefix.outcome, 2) / static_cast<double>(count);
  for (std::int64_t k = 0; k < bins; ++k) {
    const auto first = static_cast<std::size_t>(k * count / bins),
               last = static_cast<std::size_t>((k + 1) * count / bins);
    if (last > first)
      result.bins.push_back(reliability_bin(std::span(prefixes).subspan(first, last - first)));
  }
  const auto [low, high] = std::ranges::minmax(prefixes, {}, &ScoredPrefix::outcome);
  if (low.outcome == high.outcome || prefixes.front().log_odds == prefixes.back().log_odds) return result;
  const std::vector<double> fit = fit_logistic(prefixes);
  if (fit.empty()) return result;
  result.intercept = fit[0], result.slope = fit[1];
  result.slope_error = sandwich_slope_error(prefixes, fit[0], fit[1]);
  return result;
}

}  // namespace lehr::sample
