// Fixed points x = F(x) of the small maps that mean-field theories give (a handful of order parameters).
//
//   x <- x + damping (F(x) - x),   and near the solution Anderson's mixing of the last steps
//
// Damped steps keep to the branch on which the iteration starts. Mixing takes over where the residual is
// small, gives way to damped steps when the residual grows, and moves no further than `reach`. It can also
// land on a fixed point that damped steps would leave: a mixed solution counts only when the damped map's
// Jacobian there contracts, otherwise the iteration goes on from beside it with damped steps alone. Source:
// D. G. Anderson, "Iterative procedures for nonlinear integral equations", 1965; H. F. Walker and P. Ni,
// 2011.
#pragma once

#include <Eigen/Core>
#include <functional>

namespace lehr::spin {

using OrderVector = Eigen::Vector3d;
using OrderMap = std::function<OrderVector(const OrderVector&)>;

struct FixedPointOptions {
  double damping = 0.5;      // share of the step taken, in (0, 1]
  double tolerance = 1e-12;  // largest |F(x) - x| of a solution
  double mix_below = 1e-2;   // residual under which steps are mixed; 0: never
  double reach = 0.1;        // longest mixed step
  OrderVector inward{-1, -1,
                     1};  // directions in which each coordinate may be moved from a solution to look around
  int max_iterations = 4000;  // evaluations of F
};

struct FixedPoint {
  OrderVector x;
  double residual = 0;  // largest |F(x) - x|
  int iterations = 0;
  bool converged = false;
};

// `map` must keep what it returns inside the range of the order parameters; `start` is finite.
FixedPoint find_fixed_point(const OrderMap& map, const OrderVector& start,
                            const FixedPointOptions& options = {});

}  // namespace lehr::spin
