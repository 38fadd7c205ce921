// Dormand and Prince's pair of orders 5 and 4: the tableau, the rule for the next step, and the plain integrator of
//
//   dx/du = f(x, u),   k_i = f(x + h sum_j A_ij k_j, u + c_i h),   x' = x + h sum_i b_i k_i,   error = h sum_i e_i k_i
//
// The last stage is the first one of the next step, so an accepted step costs six evaluations. A step is accepted where the root mean
// square over coordinates of error / (atol + rtol max(|x|, |x'|)) is at most 1 at every point of the batch; the next one is
// 0.9 ratio^(-1/5) times as long. Source: J. Dormand and P. Prince, "A family of embedded Runge-Kutta formulae", 1980; E. Hairer,
// S. Norsett and G. Wanner, "Solving ordinary differential equations I", II.4-5.
#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <functional>

namespace lehr::diffusion {

struct DormandPrince {
  static constexpr std::size_t stages = 7;
  static constexpr std::array<double, stages> places = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
  static constexpr double matrix[stages][stages - 1] = {
      {},
      {1. / 5},
      {3. / 40, 9. / 40},
      {44. / 45, -56. / 15, 32. / 9},
      {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
      {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
      {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
  // Of order 5, and those less the weights of order 4.
  static constexpr std::array<double, stages> weights = {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784,
                                                         11. / 84,  0};
  static constexpr std::array<double, stages> error_weights = {
      71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40};

  // The next step over this one, at least 0.2 and at most `largest`; 0.2 where the ratio is not finite.
  static double step_factor(double ratio, double largest);
};

struct AdaptiveSteps {
  double rtol = 1e-5, atol = 1e-5;
  double first = 0.1;  // length of the first step tried
  std::int64_t most_evaluations = 100000;
};

struct AdaptiveCourse {
  std::int64_t evaluations = 0, steps = 0, rejected = 0;
};

// Takes x (n x d, a point per row) from u = `from` to `to`, in either direction; all points share their steps. Throws NumericalFailure
// where the evaluations do not suffice, InvalidInput for tolerances that are not above 0.
using Slope = std::function<void(const Eigen::ArrayXXd& x, double u, Eigen::ArrayXXd& slope)>;
AdaptiveCourse integrate_adaptively(const Slope& slope, Eigen::ArrayXXd& x, double from, double to,
                                    const AdaptiveSteps& options = {});

}  // namespace lehr::diffusion
