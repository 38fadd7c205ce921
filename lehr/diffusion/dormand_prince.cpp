#include "lehr/diffusion/dormand_prince.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXXd;
using Pair = DormandPrince;
using Stages = std::array<ArrayXXd, Pair::stages>;

// Fills k[1..6] from k[0]; returns the candidate, which is the place of the last stage.
ArrayXXd candidate_of(const Slope& slope, const ArrayXXd& x, double u, double h, Stages& k) {
  ArrayXXd to;
  for (std::size_t i = 1; i < Pair::stages; ++i) {
    to = x;
    for (std::size_t j = 0; j < i; ++j)
      if (Pair::matrix[i][j] != 0) to += h * Pair::matrix[i][j] * k[j];
    k[i].resize(x.rows(), x.cols());
    slope(to, u + Pair::places[i] * h, k[i]);
  }
  return to;
}

double error_over_allowed(const ArrayXXd& x, const ArrayXXd& to, double h, const Stages& k,
                          const AdaptiveSteps& options) {
  ArrayXXd error = ArrayXXd::Zero(x.rows(), x.cols());
  for (std::size_t j = 0; j < Pair::stages; ++j)
    if (Pair::error_weights[j] != 0) error += h * Pair::error_weights[j] * k[j];
  error /= options.atol + options.rtol * x.abs().max(to.abs());
  return std::sqrt(error.square().rowwise().mean().maxCoeff());
}

}  // namespace

double DormandPrince::step_factor(double ratio, double largest) {
  if (!std::isfinite(ratio)) return 0.2;
  return std::clamp(0.9 * std::pow(std::max(ratio, 1e-10), -0.2), 0.2, largest);
}

AdaptiveCourse integrate_adaptively(const Slope& slope, ArrayXXd& x, double from, double to,
                                    const AdaptiveSteps& options) {
  if (!(options.rtol > 0 && options.atol > 0))
    throw InvalidInput("ode45: rtol {:g} and atol {:g} must be above 0", options.rtol, options.atol);
  AdaptiveCourse course;
  const double sign = to > from ? 1 : -1, length = std::abs(to - from);
  double done = 0, step = std::min(options.first, length);
  if (!(length > 0)) return course;
  Stages k;
  k[0].resize(x.rows(), x.cols());
  slope(x, from, k[0]);
  course.evaluations = 1;
  while (done < length) {
    const bool last = done + step >= length * (1 - 1e-12);
    const double taken = last ? length - done : step, u = from + sign * done;
    ArrayXXd candidate = candidate_of(slope, x, u, sign * taken, k);
    course.evaluations += 6;
    const double ratio = error_over_allowed(x, candidate, taken, k, options);
    if (ratio <= 1) {
      x = std::move(candidate);
      done = last ? length : done + taken;
      std::swap(k[0], k[Pair::stages - 1]);
      ++course.steps;
    } else {
      ++course.rejected;
    }
    step = taken * DormandPrince::step_factor(ratio, 10);
    if (done < length && (course.evaluations > options.most_evaluations || step < 1e-13 * length))
      throw NumericalFailure("ode45: {} evaluations from {:g} have come to {:g}, not to {:g}",
                             course.evaluations, from, u, to);
  }
  return course;
}

}  // namespace lehr::diffusion
