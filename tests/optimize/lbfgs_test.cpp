#include "lehr/optimize/lbfgs.hpp"

#include "lehr/core/errors.hpp"

namespace lehr::optimize {
namespace {

using Eigen::VectorXd;

double rosenbrock(const VectorXd& x, VectorXd& gradient) {
  double value = 0;
  gradient.setZero();
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    const double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
    value += 100 * a * a + b * b;
    gradient[i] += -400 * a * x[i] - 2 * b;
    gradient[i + 1] += 200 * a;
  }
  return value;
}

TEST(Lbfgs, FindsTheMinimumOfRosenbrocksFunction) {
  for (const Eigen::Index n : {2, 10, 100}) {
    VectorXd start = VectorXd::Constant(n, -1.2);
    const LbfgsResult result = lbfgs(rosenbrock, start);
    EXPECT_LT((result.point - VectorXd::Ones(n)).norm(), 1e-6) << n;
    EXPECT_LT(result.gradient_norm, 1e-8);
    EXPECT_EQ(result.reason, StopReason::gradient);
  }
}

// f = sum 10^(6 i / (n-1)) (x_i - i)^2 / 2. SciPy's L-BFGS-B with the same memory needs 3796 iterations.
TEST(Lbfgs, ConvergesOnAnIllConditionedQuadratic) {
  const Eigen::Index n = 20;
  const VectorXd curvature = VectorXd::LinSpaced(n, 0, 6).unaryExpr([](double e) { return std::pow(10, e); });
  const VectorXd center = VectorXd::LinSpaced(n, 0, n - 1);
  const LbfgsResult result = lbfgs(
      [&](const VectorXd& x, VectorXd& gradient) {
        gradient = curvature.cwiseProduct(x - center);
        return 0.5 * gradient.dot(x - center);
      },
      VectorXd::Zero(n), {}, {.iterations = 10000, .gradient_tolerance = 1e-7, .decrease_tolerance = 0});
  EXPECT_LT((result.point - center).lpNorm<Eigen::Infinity>(), 1e-6);
  EXPECT_LT(result.iterations, 6000);
}

// With x_0 <= 0.5 the constrained minimum of the two-dimensional function is x = (0.5, 0.25), value 0.25.
TEST(Lbfgs, StopsAtTheBoundOfRosenbrocksFunction) {
  const Box box{VectorXd::Constant(2, -2), VectorXd{{0.5, 2}}};
  const LbfgsResult result = lbfgs(rosenbrock, VectorXd{{-1.2, 1}}, box);
  EXPECT_NEAR(result.point[0], 0.5, 1e-10);
  EXPECT_NEAR(result.point[1], 0.25, 1e-8);
  EXPECT_NEAR(result.value, 0.25, 1e-12);
  EXPECT_LT(result.gradient_norm, 1e-8);
}

// A quadratic with tridiagonal Hessian in a box; the optimum is checked through the Karush-Kuhn-Tucker
// conditions.
TEST(Lbfgs, SatisfiesTheOptimalityConditionsOfABoxedQuadratic) {
  const Eigen::Index n = 200;
  Eigen::MatrixXd hessian = Eigen::MatrixXd::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    hessian(i, i) = 2.01;
    if (i + 1 < n) hessian(i, i + 1) = hessian(i + 1, i) = -1;
  }
  const VectorXd pull = VectorXd::LinSpaced(n, 0, 12).array().sin();
  const Box box{VectorXd::Constant(n, 0), VectorXd::Constant(n, 3)};
  const LbfgsResult result = lbfgs(
      [&](const VectorXd& x, VectorXd& gradient) {
        gradient = hessian * x - pull;
        return 0.5 * x.dot(hessian * x) - pull.dot(x);
      },
      VectorXd::Constant(n, 1), box, {.gradient_tolerance = 1e-9, .decrease_tolerance = 0});
  EXPECT_NEAR(result.value, -190.48927264555, 1e-9);
  int lower = 0, upper = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const double x = result.point[i], slope = result.gradient[i];
    if (x == 0) {
      ++lower;
      EXPECT_GE(slope, -1e-6);
    } else if (x == 3) {
      ++upper;
      EXPECT_LE(slope, 1e-6);
    } else {
      EXPECT_NEAR(slope, 0, 1e-6);
    }
  }
  EXPECT_GT(lower, 10);
  EXPECT_GT(upper, 10);
}

TEST(Lbfgs, BacksOutOfRegionsWhereTheFunctionIsNotFinite) {
  const LbfgsResult result = lbfgs(
      [](const VectorXd& x, VectorXd& gradient) {  // x - log x, infinite for x <= 0; minimum at 1
        gradient[0] = 1 - 1 / x[0];
        return x[0] > 0 ? x[0] - std::log(x[0]) : std::numeric_limits<double>::infinity();
      },
      VectorXd::Constant(1, 20));
  EXPECT_NEAR(result.point[0], 1, 1e-7);
}

TEST(Lbfgs, ReportsEachIterationAndWhyItStopped) {
  int calls = 0;
  const LbfgsResult result = lbfgs(rosenbrock, VectorXd{{-1.2, 1}}, {}, {.iterations = 5},
                                   [&](const LbfgsStep& step) { EXPECT_EQ(step.iteration, ++calls); });
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(result.reason, StopReason::iterations);
  EXPECT_EQ(describe(result.reason), "the iteration limit is reached");
}

TEST(Lbfgs, RefusesBoundsThatCross) {
  const Box box{VectorXd::Constant(1, 2), VectorXd::Constant(1, 1)};
  const Objective flat = [](const VectorXd&, VectorXd& gradient) { return gradient.setZero(), 0.0; };
  EXPECT_THROW(lbfgs(flat, VectorXd::Zero(1), box), InvalidInput);
  EXPECT_THROW(lbfgs(flat, VectorXd::Zero(3), box), InvalidInput);
}

}  // namespace
}  // namespace lehr::optimize
