// Huber's robust loss: quadratic near zero, linear in the tails, and the weights that turn it into least
// squares.
//
//   loss(r) = r^2 / 2                       |r| <= delta
//           = delta (|r| - delta / 2)       otherwise
//   weight(r) = slope(r) / r = min(1, delta / |r|)
//
// Source: Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35, 1964.
#pragma once

#include <cmath>

namespace lehr::optimize {

struct Huber {
  double delta = 1;  // > 0

  double loss(double r) const {
    const double a = std::abs(r);
    return a <= delta ? 0.5 * r * r : delta * (a - 0.5 * delta);
  }
  // The derivative of the loss.
  double slope(double r) const { return std::abs(r) <= delta ? r : std::copysign(delta, r); }
  // The weight of iteratively reweighted least squares.
  double weight(double r) const { return std::abs(r) <= delta ? 1 : delta / std::abs(r); }
};

}  // namespace lehr::optimize
