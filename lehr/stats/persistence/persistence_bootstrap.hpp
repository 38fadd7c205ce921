// How far the persistence of one series can be known: a parametric bootstrap.
//
// Each replicate samples a series of the same length from the fitted covariance (circulant embedding), fits
// the same family to its autocovariances, and computes the exponent and the survival function of the Slepian
// independent interval approximation. A step adds a few replicates, in parallel. Intervals are basic ones for
// u = ln theta and u = ln(-ln S(t)),
//   2 u - u_(1 - a/2), 2 u - u_(a/2),   u_p the value of rank (n + 1) p among n replicates,
// as a fit's exponent is skewed and biased upwards. Percentile intervals, which repeat the bias in place of
// taking it off, cover the true exponent in 0.67 to 0.83 (40 replicates); 39 replicates or more are needed for 95 %. Their
// own coverage, on 1000 Gaussian-covariance series of 80 and 160 mean intervals, is 0.93 to 0.975 for theta and
// 0.92 to 0.97 for S(t), not 0.95: the spread of ln theta still changes with theta, and single fits go far
// astray, which only a second level of replicates would correct, at the square of the cost. What the
// intervals know is how well the series determines the parameters of its family: not whether the family is
// the right one, nor what the approximation misses. Sources: B. Efron and R. Tibshirani, "An Introduction to
// the Bootstrap", 1993, section 6.5; A. Davison and D. Hinkley, "Bootstrap Methods and their Application",
// 1997, section 5.2.
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

  // Basic intervals by the replicates that have an exponent, and of the survival function at each time; NaN
  // where the fit or every replicate has no exponent.
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
