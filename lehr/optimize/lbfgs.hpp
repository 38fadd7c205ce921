// L-BFGS-B: smooth minimisation in many variables, optionally inside a box lower <= x <= upper.
//
// Each iteration models the function by a limited-memory quasi-Newton matrix in compact form, follows the
// projected gradient path to its first local minimum (the generalised Cauchy point), minimises the model over
// the variables that are free there, and searches along the resulting direction for a strong Wolfe point.
// Without bounds this is L-BFGS. Cost per iteration: O(memory * n) plus one or two evaluations. Source: Byrd,
// Lu, Nocedal and Zhu, "A limited memory algorithm for bound constrained optimization", SIAM J. Sci. Comput.
// 16, 1995; truncation as in section 5.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <string_view>

namespace lehr::optimize {

// The value at `point`; writes the gradient, which arrives with the point's size. A value that is not finite
// makes the line search step back.
using Objective = std::function<double(const Eigen::VectorXd& point, Eigen::VectorXd& gradient)>;

// Bounds of each variable; an empty side is unbounded, infinite entries too.
struct Box {
  Eigen::VectorXd lower, upper;
};

struct LbfgsOptions {
  int memory = 10;  // pairs of steps and gradient changes kept
  int iterations = 1000;
  double gradient_tolerance = 1e-8;   // on the largest entry of the projected gradient
  double decrease_tolerance = 1e-14;  // on the relative decrease of one iteration
};

enum class StopReason { gradient, decrease, iterations, line_search };
std::string_view describe(StopReason reason);

struct LbfgsStep {
  int iteration;
  double value, gradient_norm;
  const Eigen::VectorXd& point;
};

struct LbfgsResult {
  Eigen::VectorXd point, gradient;
  double value = 0;
  double gradient_norm = 0;  // largest entry of the projected gradient, point - project(point - gradient)
  int iterations = 0, evaluations = 0;
  StopReason reason = StopReason::iterations;
};

// Minimises from `start`, which is moved into the box first. `watch` is called after each iteration. Throws
// InvalidInput when sizes differ or lower > upper, NumericalFailure when the value or gradient at the start
// is not finite.
LbfgsResult lbfgs(const Objective& objective, const Eigen::VectorXd& start, const Box& box = {},
                  const LbfgsOptions& options = {}, const std::function<void(const LbfgsStep&)>& watch = {});

}  // namespace lehr::optimize
