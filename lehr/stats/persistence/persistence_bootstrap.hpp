// How far the persistence of one series can be known: a parametric bootstrap.
//
// Each replicate samples a series of the same length from the fitted covariance (circulant embedding), fits
// the same family to its autocovariances, and computes the exponent and the survival function of the Slepian
// independent interval approximation. A step adds a few replicates, in parallel. Intervals are
//
//   u - m -+ t sqrt(s^2 (1 + 1 / n) + m^2),   u = ln theta or ln(-ln S(t)),   m = median of u_1 .. u_n less u
//
// with s the deviation of the n replicates and t of Student with n - 1 degrees of freedom. The bias m is taken off, but it is
// that of a fit of the fit's series, and what it is at the true parameters is only known to be of its size: so it also
// widens the interval. Coverage of 95 % intervals by 39 replicates over 1000 series of 2000 values, theta and S(t):
//
//                                              these          basic          percentile
//   gaussian, frequency inside of its bounds   0.938 - 0.948  0.894 - 0.944  0.920 - 0.954
//   random_acceleration                        0.953 - 0.954  0.930 - 0.932  0.850
//   gaussian, frequency 0, on its bound        0.923 - 0.974  0.921 - 0.975  0.880 - 0.929
//
// On a bound of the parameters no bootstrap of this kind is consistent (D. Andrews, "Inconsistency of the bootstrap when a
// parameter is on the boundary of the parameter space", 2000). What the intervals know is how well the series determines the
// parameters of its family: not whether the family is the right one, nor what the approximation misses. Sources: B. Efron
// and R. Tibshirani, "An Introduction to the Bootstrap", 1993, section 6.5; A. Davison and D. Hinkley, "Bootstrap Methods
// and their Application", 1997, sections 2.2 and 5.2.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"
#include "lehr/stats/persistence/circulant_embedding.hpp"
#include "lehr/stats/persistence/covariance_fit.hpp"
#include "lehr/stats/persistence/slepian_iia.hpp"
#include "lehr/stats/summary.hpp"

namespace lehr::stats {

class PersistenceBootstrap {
 public:
  struct State {
    std::vector<double> theta;     // of each replicate; NaN where there is none
    std::vector<double> interval;  // mean interval of each
    std::vector<double> survival;  // a row of times for each
  };

  // `series_length` >= the fit's lags + 2; `times` of the survival function above `level`; otherwise
  // InvalidInput.
  PersistenceBootstrap(CovarianceFit fit, std::int64_t series_length, std::vector<double> times, double level,
                       std::int64_t replicates);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return count(state) >= replicates_; }
  // replicates; theta_mean, where there is one
  void measure(const State& state, Row& row) const;
  std::int64_t steps() const;  // that finish the run

  // Intervals by the replicates that have an exponent, and of the survival function at each time; NaN where the fit has no
  // exponent or fewer than two replicates have one.
  Interval theta_interval(const State& state, double confidence = 0.95) const;
  std::vector<Interval> survival_intervals(const State& state, double confidence = 0.95) const;

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("theta", state.theta);
    visitor("interval", state.interval);
    visitor("survival", state.survival);
  }

 private:
  struct Estimate {
    double theta = 0, interval = 0;
    std::vector<double> survival;
  };
  Estimate estimate(const CovarianceFit& fit) const;
  Estimate replicate(Stream random) const;
  std::int64_t count(const State& state) const { return static_cast<std::int64_t>(state.theta.size()); }

  CovarianceFit fit_;
  std::vector<double> times_;
  double level_;
  std::int64_t replicates_, series_length_;
  CirculantEmbedding embedding_;
  Estimate estimate_;  // from the fit itself, on the replicates' grid
};

}  // namespace lehr::stats
