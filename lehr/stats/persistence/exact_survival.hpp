// P(T > t) of the true process by the generalised Rice formula: the probability that the Slepian process, X
// after an upcrossing of the level u at 0, stays above it at m equidistant points of (0, t],
//
//   P(T > t) = lim_m int_0^inf r e^(-r^2/2) P(Delta(s_i) > u (1 - R(s_i)) - a(s_i) r for i = 1 .. m) dr,
//
// as an orthant probability of the Gaussian Delta with the Rayleigh slope r as one more coordinate
// (clipped_slepian.hpp, gaussian_orthant.hpp). m points at the distance h miss excursions below that are
// shorter: ln P_m - ln P grows as t h^q, and the same estimate at every other point removes that
// (Richardson):
//   ln P = ln P_m + (ln P_m - ln P_(m/2)) / (2^q - 1)
// A path that goes below with a velocity v is back in h where |v| is small against h X''. For smooth R, with
// 1 - E ~ t^2, the velocities at exits have a density ~ |v|, so that q = 2. Where X' is a Brownian motion at
// short times, with 1 - E ~ t, exits at |v| < sqrt(h) after a time above have a share ~ h^(5/4) (H. McKean,
// "A winding problem for a resonator driven by a white noise", 1963), so that q = 5/4; other powers are
// interpolated between. The correction is a leading term: a quarter of it counts as error.
//
// Each step adds one random shift of Sobol's points; their number is a schedule (fidelity), and shifts count
// in proportion to their points. Cost of a step: points * m^2 / 2 for each time. Source of the
// formula: S. O. Rice, "Mathematical analysis of random noise", 1945; M. Leadbetter, G. Lindgren and H.
// Rootzen, "Extremes and Related Properties of Random Sequences and Processes", 1983, chapter 10.
#pragma once

#include <cstdint>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/stats/persistence/clipped_slepian.hpp"
#include "lehr/stats/persistence/gaussian_orthant.hpp"

namespace lehr::stats {

struct ExactSurvivalOptions {
  std::vector<double> times;
  std::int64_t points = 40;
  Schedule samples = 1024;
  double level = 0;

  void describe(OptionTable& table) {
    table.add("times", times, "at which P(T > t) is computed").above(0);
    table.add("points", points, "m, even: where the process is looked at up to each time").range(2, 60);
    table.add("samples", samples, "points of each random shift, rounded up to a power of 2");
    table.add("level", level, "level that is crossed, in standard deviations").range(-4, 4);
  }
};

// What is known of P(T > t) at one time.
struct ExactProbability {
  double time;
  double value;           // extrapolated
  double standard_error;  // over the shifts
  double at_points;       // P_m: too large, up to its standard error
  double at_points_error;
  double error;  // sqrt(standard_error^2 + ((value - at_points) / 4)^2)
};

class ExactSurvival {
 public:
  struct State {
    std::vector<double> fine, coarse;  // P_m and P_(m/2): a row of times for each shift
    std::vector<double> samples;       // of each shift
  };

  // Throws InvalidInput for options out of range or an odd number of points.
  ExactSurvival(const Covariance& covariance, ExactSurvivalOptions options);

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // spends samples * times evaluations
  // shifts; largest_error: of the standard errors
  void measure(const State& state, Row& row) const;
  // One for each time; standard errors are 0 before the second shift.
  std::vector<ExactProbability> probabilities(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("fine", state.fine);
    visitor("coarse", state.coarse);
    visitor("samples", state.samples);
  }

 private:
  // The looks at one time: the orthants of all points and of every other one, and what their bounds are made
  // of.
  struct Looks {
    GaussianOrthant fine, coarse;
    std::vector<double> drop, rise;  // bounds u (1 - R) - a r at the points
  };
  static Looks looks_at(const ClippedSlepian& slepian, double time, std::int64_t points);
  std::pair<double, double> average(const Looks& looks, Stream random, std::int64_t samples) const;

  ExactSurvivalOptions options_;
  double order_;  // q
  std::vector<Looks> looks_;
};

}  // namespace lehr::stats
