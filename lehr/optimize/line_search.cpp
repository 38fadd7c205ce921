#include "lehr/optimize/line_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lehr::optimize {
namespace {

constexpr double sufficient_decrease = 1e-4;
constexpr double curvature = 0.9;
constexpr int evaluation_limit = 40;

// The minimiser of the cubic through two values and slopes, kept away from the ends of the interval; the
// middle when the cubic has none or a value is not finite.
double interpolate(const LinePoint& a, const LinePoint& b) {
  const double middle = 0.5 * (a.step + b.step), width = std::abs(b.step - a.step);
  const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step);
  const double discriminant = d1 * d1 - a.slope * b.slope;
  if (!(discriminant >= 0)) return middle;
  const double d2 = std::copysign(std::sqrt(discriminant), b.step - a.step);
  const double step = b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
  if (!std::isfinite(step)) return middle;
  const double low = std::min(a.step, b.step) + 0.1 * width, high = std::max(a.step, b.step) - 0.1 * width;
  return std::clamp(step, low, high);
}

struct Conditions {
  LinePoint origin;

  bool decreases(const LinePoint& p) const {
    return p.value <= origin.value + sufficient_decrease * p.step * origin.slope;
  }
  bool wolfe(const LinePoint& p) const {
    return decreases(p) && std::abs(p.slope) <= curvature * std::abs(origin.slope);
  }
  bool approximate_wolfe(const LinePoint& p) const {
    const double rounding = 10 * std::numeric_limits<double>::epsilon() * std::abs(origin.value);
    return p.value <= origin.value + rounding && p.slope >= curvature * origin.slope &&
           p.slope <= (2 * sufficient_decrease - 1) * origin.slope;
  }
  bool accept(const LinePoint& p) const {
    return std::isfinite(p.slope) && (wolfe(p) || approximate_wolfe(p));
  }
};

// `low` satisfies the decrease condition and its slope points into the interval that ends at `high`.
LineResult zoom(const std::function<LinePoint(double)>& evaluate, const Conditions& conditions, LinePoint low,
                LinePoint high, int evaluations) {
  LinePoint trial = low;
  while (evaluations++ < evaluation_limit) {
    trial = evaluate(interpolate(low, high));
    if (conditions.accept(trial)) return {trial, true};
    if (!std::isfinite(trial.value) || !std::isfinite(trial.slope) || !conditions.decreases(trial) ||
        trial.value >= low.value) {
      high = trial;
    } else {
      if (trial.slope * (high.step - low.step) >= 0) high = low;
      low = trial;
    }
    if (std::abs(high.step - low.step) <= 1e-14 * std::max(low.step, high.step)) break;
  }
  if (low.step == 0) return {trial, false};
  return {low.step == trial.step ? trial : evaluate(low.step), true};
}

}  // namespace

LineResult wolfe_search(const std::function<LinePoint(double)>& evaluate, const LinePoint& origin,
                        double first, double longest) {
  const Conditions conditions{origin};
  LinePoint previous = origin;
  double step = std::min(first, longest);
  for (int evaluations = 1; evaluations <= evaluation_limit; ++evaluations) {
    const LinePoint trial = evaluate(step);
    if (conditions.accept(trial)) return {trial, true};
    const bool too_far = !std::isfinite(trial.value) || !std::isfinite(trial.slope) ||
                         !conditions.decreases(trial) || (evaluations > 1 && trial.value >= previous.value);
    if (too_far) return zoom(evaluate, conditions, previous, trial, evaluations);
    if (trial.slope >= 0) return zoom(evaluate, conditions, trial, previous, evaluations);
    if (step >= longest) return {trial, true};
    previous = trial;
    step = std::min(2 * step, longest);
  }
  return {previous, false};
}

}  // namespace lehr::optimize
