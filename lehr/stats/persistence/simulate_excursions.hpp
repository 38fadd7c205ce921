// Excursions of simulated series: the truth that the approximations are compared with.
//
// Each step samples a few series of 2^k + 1 points by circulant embedding and takes their excursions that
// begin before the last 20 mean excursions of the longer kind, so that (almost) none is cut off and lengths
// have no bias from the series' ends. On a grid
// of distance dt crossings come at the rate arccos(R(dt)) / (pi dt), below Rice's sqrt(lambda2) / pi by the
// pairs that fall between two points; dt is halved until this share is at most `rate_tolerance`.
#pragma once

#include <cstdint>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/stats/persistence/circulant_embedding.hpp"
#include "lehr/stats/persistence/covariance.hpp"
#include "lehr/stats/persistence/excursions.hpp"

namespace lehr::stats {

struct SimulateExcursionsOptions {
  std::int64_t points = 2'000'000;
  double dt = 0;
  double rate_tolerance = 0.005;
  double level = 0;

  void describe(OptionTable& table) {
    table.add("points", points, "points of all series together").range(1e3, 1e9);
    table.add("dt", dt, "first distance of the points; 0: an eighth of the mean interval").at_least(0);
    table
        .add("rate_tolerance", rate_tolerance,
             "dt is halved until the grid misses at most this share of the crossings")
        .range(1e-6, 1);
    table.add("level", level, "level that is crossed, in standard deviations").range(-4, 4);
  }
};

// The share of the zero crossings that points at the distance dt do not see: 1 - arccos(R(dt)) /
// (sqrt(lambda2) dt).
double grid_misses(const Covariance& covariance, double dt);

class SimulateExcursions {
 public:
  struct State {
    std::int64_t series = 0;
    Excursions excursions;
  };

  // Throws InvalidInput for options out of range, and where the end of a series would need more than 2^23
  // points.
  SimulateExcursions(const Covariance& covariance, SimulateExcursionsOptions options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;
  bool finished(const State& state) const { return state.series >= series_; }
  // excursions; crossing_rate_error: simulated over Rice's, minus 1
  void measure(const State& state, Row& row) const;

  std::int64_t steps() const;  // that finish the run
  double dt() const { return dt_; }
  // The share of the crossings that the grid misses, by the formula above.
  double missed_crossings() const { return missed_; }
  const CirculantEmbedding& embedding() const { return embedding_; }

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("series", state.series);
    visitor("above", state.excursions.above);
    visitor("below", state.excursions.below);
    visitor("censored_above", state.excursions.censored_above);
    visitor("censored_below", state.excursions.censored_below);
    visitor("crossings", state.excursions.crossings);
    visitor("duration", state.excursions.duration);
  }

 private:
  SimulateExcursionsOptions options_;
  double expected_rate_;  // Rice's, of all crossings
  double dt_, missed_ = 0, begin_before_ = 0;
  CirculantEmbedding embedding_;
  std::int64_t series_;
};

}  // namespace lehr::stats
