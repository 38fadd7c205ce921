// Piecewise polynomials through values, slopes and curvatures at knots: what table_covariance makes of
// phi = arccos R.
#pragma once

#include <span>
#include <vector>

namespace lehr::stats {

struct SplineAt {
  double value, slope, curvature;
};

class AngleSpline {
 public:
  // Hermite interpolation: cubic where `curvature` is empty, else quintic. All of the size of `knot` >= 2.
  AngleSpline(std::vector<double> knot, std::vector<double> value, std::vector<double> slope,
              std::vector<double> curvature);
  // At t in [first knot, last knot].
  SplineAt at(double t) const;

 private:
  std::vector<double> knot_, value_, slope_, curvature_;
};

// Slopes at the knots of the cubic spline through the values whose third derivative is continuous at the
// second knot and the last but one (not-a-knot). At least 4 knots.
std::vector<double> spline_slopes(std::span<const double> knot, std::span<const double> value);

}  // namespace lehr::stats
