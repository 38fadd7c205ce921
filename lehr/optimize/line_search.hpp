// A strong Wolfe line search with cubic interpolation: bracketing, then zooming in on an acceptable step.
//
//   phi(a) <= phi(0) + 1e-4 a phi'(0),   |phi'(a)| <= 0.9 |phi'(0)|
//
// Near the optimum, where rounding hides decreases, the approximate Wolfe condition on slopes alone is
// accepted too. Sources: Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6; Hager
// and Zhang, "A new conjugate gradient method with guaranteed descent and an efficient line search", SIAM J.
// Optim. 16, 2005, eq. (4.1).
#pragma once

#include <functional>

namespace lehr::optimize {

struct LinePoint {
  double step = 0, value = 0, slope = 0;
};

struct LineResult {
  LinePoint point;  // the last point evaluated; accepted when `success`
  bool success = false;
};

// Searches (0, longest] from `origin` (step 0, slope < 0), trying `first` first. `evaluate` returns value and
// slope at a step. When the function still falls at `longest`, that step is accepted.
LineResult wolfe_search(const std::function<LinePoint(double step)>& evaluate, const LinePoint& origin,
                        double first, double longest);

}  // namespace lehr::optimize
