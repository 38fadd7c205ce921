// The clipped Slepian process: what the sign of X - level does, on average, after a crossing of the level.
//
// X stationary, Gaussian, variance 1, with an upcrossing of the level u at 0 (in the sense of Rice's
// counting), is
//   X(t) = u R(t) - R'(t) / sqrt(lambda2) xi + Delta(t),   xi standard Rayleigh,
//   cov(Delta(t), Delta(s)) = R(t - s) - R(t) R(s) - R'(t) R'(s) / lambda2
// (D. Slepian, "On the zeros of Gaussian noise", 1963). With a = -R' / sqrt(lambda2), S^2 = 1 - R^2,
// q = u sqrt((1 - R) / (1 + R)) / sqrt(1 - (a/S)^2) and w = u^2 (1 - R) / (2 (1 + R)):
//   E+(t) = E sgn(X(t) - u) after an upcrossing    = 2 Phi(-q) - 1 + 2 (a/S) e^-w Phi( q a/S)
//   E-(t) = the same after a downcrossing          = 2 Phi(-q) - 1 - 2 (a/S) e^-w Phi(-q a/S)
// At level 0, E+ = -E- = a / S, that is E(t) = -R'(t) / sqrt(lambda2 (1 - R(t)^2)), the derivative of
// -arcsin R(t) / sqrt(lambda2). E+ and E- tend to E(inf) = 1 - 2 Phi(u). What is left of a crossing's memory,
// D+ = E+ - E(inf) and D- = E(inf) - E-, is here.
//
// Sources: H. Bengtsson and K. Podgorski, "Slepian model based independent interval approximation of
// persistency and zero-level exceedance distributions", 2024, and its sequel on other levels, 2024.
#pragma once

#include "lehr/stats/persistence/covariance.hpp"

namespace lehr::stats {

class ClippedSlepian {
 public:
  // `level` in standard deviations, at most 4 in magnitude, otherwise InvalidInput. Throws InvalidInput where
  // lambda2 is not finite and positive.
  explicit ClippedSlepian(Covariance covariance, double level = 0);

  const Covariance& covariance() const { return covariance_; }
  double level() const { return level_; }
  // E(inf) = 1 - 2 Phi(level)
  double limit() const { return limit_; }

  // E at level 0, in [-1, 1]. Below 1e-3 / sqrt(lambda2), where the quotient loses its digits, 1 - E is the
  // power of t that the quotient has there.
  double expected_sign(double t) const;
  // The exponent p of 1 - E ~ t^p near 0: 2 for a smooth R, 1 where R has a term |t|^3.
  double power_at_zero() const { return power_; }

  // D+ falls from 1 - limit to 0, D- from 1 + limit. Relative accuracy is kept where R is small.
  double memory_above(double t) const;
  double memory_below(double t) const;

  // R'' (1 - R^2) + R R'^2, in units of lambda2: at least 0 for all t exactly where E never rises.
  double condition_margin(double t) const;

  // Mean length of an excursion above (below) the level, by Rice's formula; exact.
  double mean_above() const;
  double mean_below() const;

 private:
  double quotient(const CovarianceAt& at) const;
  double memory(double t, double side) const;

  Covariance covariance_;
  double level_, limit_;
  double start_ = 0, drop_ = 0, power_ = 2;  // 1 - E = drop (t / start)^power below `start`
};

}  // namespace lehr::stats
