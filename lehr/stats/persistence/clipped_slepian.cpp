#include "lehr/stats/persistence/clipped_slepian.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

double clipped_phi(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

// Phi(b) - Phi(a) for difference = b - a, which may be known better than a and b are.
double phi_difference(double a, double difference) {
  if (std::abs(difference) > 1e-3) return clipped_phi(a + difference) - clipped_phi(a);
  const double middle = a + difference / 2;
  const double density = std::exp(-middle * middle / 2) / std::sqrt(2 * std::numbers::pi);
  return density * difference * (1 + (middle * middle - 1) * difference * difference / 24);
}

}  // namespace

ClippedSlepian::ClippedSlepian(Covariance covariance, double level)
    : covariance_(std::move(covariance)), level_(level), limit_(-std::erf(level / std::numbers::sqrt2)) {
  if (!(covariance_.lambda2 > 0) || !std::isfinite(covariance_.lambda2))
    throw InvalidInput("{}: -R''(0) must be above 0 and finite, found {}", covariance_.text,
                       covariance_.lambda2);
  if (!(std::abs(level) <= 4))
    throw InvalidInput("level: expected at most 4 standard deviations, found {}", level);
  start_ = 1e-3 / std::sqrt(covariance_.lambda2);
  drop_ = std::max(1 - quotient(covariance_.at(start_)), 1e-300);
  const double half = std::max(1 - quotient(covariance_.at(start_ / 2)), 1e-300);
  power_ = std::clamp(std::log2(drop_ / half), 1e-3, 8.0);
}

double ClippedSlepian::quotient(const CovarianceAt& at) const {
  const double square = at.one_minus_r * (1 + at.r);  // 1 - R^2
  if (!(square > 0))
    throw InvalidInput("{}: |R| reaches 1 at a lag above 0: the process is periodic", covariance_.text);
  return std::clamp(-at.slope / std::sqrt(covariance_.lambda2 * square), -1.0, 1.0);
}

double ClippedSlepian::expected_sign(double t) const {
  if (t <= 0) return 1;
  return t < start_ ? 1 - drop_ * std::pow(t / start_, power_) : quotient(covariance_.at(t));
}

double ClippedSlepian::memory(double t, double side) const {
  if (t <= 0) return 1 - side * limit_;
  const double sign = expected_sign(t);
  if (level_ == 0) return sign;
  const CovarianceAt at = covariance_.at(t);
  const double odds = at.one_minus_r / (1 + at.r);
  const double rest = t < start_ ? drop_ * std::pow(t / start_, power_) : 1 - sign;  // 1 - a/S
  const double unexplained = std::max(rest * (1 + sign), 1e-300);                    // 1 - (a/S)^2
  const double ratio = std::sqrt(odds / unexplained);                                // q / u
  // ratio^2 - 1, from which q - u keeps its digits where R is small.
  const double excess = (sign * sign * (1 + at.r) - 2 * at.r) / ((1 + at.r) * unexplained);
  const double q = level_ * ratio, change = level_ * excess / (ratio + 1);
  const double shift = -2 * phi_difference(level_, change);  // 2 Phi(-q) - 2 Phi(-u)
  return side * shift + 2 * sign * std::exp(-level_ * level_ * odds / 2) * clipped_phi(side * q * sign);
}

double ClippedSlepian::memory_above(double t) const { return memory(t, 1); }
double ClippedSlepian::memory_below(double t) const { return memory(t, -1); }

double ClippedSlepian::condition_margin(double t) const {
  const CovarianceAt at = covariance_.at(t);
  return (at.curvature * at.one_minus_r * (1 + at.r) + at.r * at.slope * at.slope) / covariance_.lambda2;
}

double ClippedSlepian::mean_above() const {
  return covariance_.mean_interval() * std::erfc(level_ / std::numbers::sqrt2) *
         std::exp(level_ * level_ / 2);
}

double ClippedSlepian::mean_below() const {
  return covariance_.mean_interval() * std::erfc(-level_ / std::numbers::sqrt2) *
         std::exp(level_ * level_ / 2);
}

}  // namespace lehr::stats
