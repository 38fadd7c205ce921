// The scale of one axis: its range, its mapping to [0, 1], and labelled ticks at round numbers.
//
// Linear ticks are multiples of 1, 2 or 5 times a power of ten; labels share their number of decimals,
// thousands and millions read "20k" and "1.5M", and what is longer reads "2×10⁻⁷". Logarithmic ticks are
// decades, or 1, 2, 5 within each when the range spans less than two decades, with unlabelled minor ticks
// between.
#pragma once

#include <string>
#include <vector>

#include "lehr/core/report.hpp"

namespace lehr::report {

struct Tick {
  double at = 0;
  std::string label;  // empty for a minor tick
};

struct AxisScale {
  double low = 0, high = 1;  // finite, low < high; positive when log
  bool log = false;
  std::vector<Tick> ticks;  // inside [low, high], ascending

  // 0 at low, 1 at high; NaN for what the axis cannot show.
  double position(double value) const;
  // The inverse of position.
  double value_at(double position) const;
  // Whether the axis can show the value somewhere, inside its range or beyond: finite, and positive when log.
  bool shows(double value) const;
};

// The scale of `axis` for values that span [data_low, data_high] (data_low > data_high: there are none): the
// axis's own limits where it has usable ones, otherwise the data's, widened by the share `padding` of the
// range. An axis asked to be logarithmic is linear when nothing on it is positive.
AxisScale axis_scale(const Axis& axis, double data_low, double data_high, double padding, int wanted_ticks);

}  // namespace lehr::report
