#include "lehr/stats/persistence/angle_spline.hpp"

#include <algorithm>

namespace lehr::stats {
namespace {

// Value and derivatives of sum_k c_k x^k at x, by Horner's rule.
SplineAt polynomial_at(std::span<const double> c, double x) {
  SplineAt at{0, 0, 0};
  for (std::size_t k = c.size(); k-- > 0;) {
    at.curvature = at.curvature * x + 2 * at.slope;
    at.slope = at.slope * x + at.value;
    at.value = at.value * x + c[k];
  }
  return at;
}

}  // namespace

AngleSpline::AngleSpline(std::vector<double> knot, std::vector<double> value, std::vector<double> slope,
                         std::vector<double> curvature)
    : knot_(std::move(knot)),
      value_(std::move(value)),
      slope_(std::move(slope)),
      curvature_(std::move(curvature)) {}

SplineAt AngleSpline::at(double t) const {
  const auto after = std::upper_bound(knot_.begin() + 1, knot_.end() - 1, t);
  const auto i = static_cast<std::size_t>(after - knot_.begin()) - 1;
  const double h = knot_[i + 1] - knot_[i], x = (t - knot_[i]) / h;
  // In units of the interval: what is left of the right end's value and derivatives after the left end's.
  const double rise = value_[i + 1] - value_[i], s0 = h * slope_[i], s1 = h * slope_[i + 1];
  SplineAt at{};
  if (curvature_.empty()) {
    const double c[] = {value_[i], s0, 3 * rise - 2 * s0 - s1, s0 + s1 - 2 * rise};
    at = polynomial_at(c, x);
  } else {
    const double k0 = h * h * curvature_[i], k1 = h * h * curvature_[i + 1];
    const double v = rise - s0 - k0 / 2, s = s1 - s0 - k0, k = k1 - k0;
    const double c[] = {
        value_[i], s0, k0 / 2, 10 * v - 4 * s + k / 2, -15 * v + 7 * s - k, 6 * v - 3 * s + k / 2};
    at = polynomial_at(c, x);
  }
  return {at.value, at.slope / h, at.curvature / (h * h)};
}

std::vector<double> spline_slopes(std::span<const double> knot, std::span<const double> value) {
  const std::size_t n = knot.size();
  std::vector<double> h(n - 1), secant(n - 1);
  for (std::size_t i = 0; i + 1 < n; ++i)
    h[i] = knot[i + 1] - knot[i], secant[i] = (value[i + 1] - value[i]) / h[i];
  // Tridiagonal system for the slopes: lower_i s_(i-1) + diagonal_i s_i + upper_i s_(i+1) = right_i.
  std::vector<double> lower(n), diagonal(n), upper(n), right(n);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    lower[i] = h[i], diagonal[i] = 2 * (h[i - 1] + h[i]), upper[i] = h[i - 1];
    right[i] = 3 * (h[i] * secant[i - 1] + h[i - 1] * secant[i]);
  }
  const double first = h[0] + h[1], last = h[n - 3] + h[n - 2];
  diagonal[0] = h[1], upper[0] = first;
  right[0] = ((h[0] + 2 * first) * h[1] * secant[0] + h[0] * h[0] * secant[1]) / first;
  diagonal[n - 1] = h[n - 3], lower[n - 1] = last;
  right[n - 1] =
      (h[n - 2] * h[n - 2] * secant[n - 3] + (2 * last + h[n - 2]) * h[n - 3] * secant[n - 2]) / last;
  for (std::size_t i = 1; i < n; ++i) {
    const double factor = lower[i] / diagonal[i - 1];
    diagonal[i] -= factor * upper[i - 1], right[i] -= factor * right[i - 1];
  }
  std::vector<double> slope(n);
  slope[n - 1] = right[n - 1] / diagonal[n - 1];
  for (std::size_t i = n - 1; i-- > 0;) slope[i] = (right[i] - upper[i] * slope[i + 1]) / diagonal[i];
  return slope;
}

}  // namespace lehr::stats
