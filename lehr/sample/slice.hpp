// Slice sampling, one coordinate after another: under the density at x draw a height, step out an interval of width w until
// both ends lie below it, draw in the interval, and shrink it to what was drawn below.
//
//   log y = log pi(x) - E,  E exponential;   I = (x_i - w u, x_i + w (1 - u)) grown by w at either end, at most 2^6 times
//
// w is e times the metric's standard deviation of the coordinate. Nothing is ever rejected and no step needs tuning: e matters
// little. Source: Neal, "Slice sampling", 2003, figures 3 and 5. Cost of a transition: about 5 evaluations a coordinate.
#pragma once

#include "lehr/core/random.hpp"
#include "lehr/sample/log_density.hpp"
#include "lehr/sample/metric.hpp"

namespace lehr::sample {

class Slice {
 public:
  static constexpr bool needs_gradient = false;
  double target_acceptance() const { return 0; }  // the width does not adapt: e = 3
  Transition transition(const LogDensity& target, ChainPoint& point, const Metric& metric, double width,
                        Stream& random) const;
};

}  // namespace lehr::sample
