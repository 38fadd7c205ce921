#include "lehr/optimize/curve_fit.hpp"

#include <Eigen/LU>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"
#include "lehr/optimize/huber.hpp"

namespace lehr::optimize {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST(Huber, IsQuadraticInsideAndLinearOutside) {
  const Huber huber{0.5};
  EXPECT_DOUBLE_EQ(huber.loss(0.3), 0.045);
  EXPECT_DOUBLE_EQ(huber.loss(-2), 0.5 * (2 - 0.25));
  EXPECT_DOUBLE_EQ(huber.slope(-2), -0.5);
  EXPECT_DOUBLE_EQ(huber.weight(2), 0.25);
  EXPECT_DOUBLE_EQ(huber.weight(0.1), 1);
}

// The Huber location estimate m of 0, 0, 0, 0, ln 10 solves 4 m = delta while |m| <= delta: m = delta / 4.
TEST(FitLinear, AgreesWithHubersClosedFormLocation) {
  const VectorXd observed{{1, 1, 1, 1, 10}};
  const CurveFit fit = fit_linear(MatrixXd::Ones(5, 1), observed, 0.1);
  EXPECT_NEAR(std::log(fit.parameters[0]), 0.025, 1e-12);
  EXPECT_NEAR(fit.objective, 4 * 0.5 * 0.025 * 0.025 + 0.1 * (std::log(10) - 0.025 - 0.05), 1e-12);
  EXPECT_NEAR(fit.weights[4], 0.1 / (std::log(10) - 0.025), 1e-12);
}

TEST(FitLinear, KeepsParametersNonNegative) {
  MatrixXd basis(50, 2);
  basis.col(0).setOnes();
  basis.col(1) = VectorXd::LinSpaced(50, 0, 1);
  const VectorXd observed = 2 - 0.5 * basis.col(1).array();  // the slope wants to be negative
  const CurveFit fit = fit_linear(basis, observed, 1);
  EXPECT_EQ(fit.parameters[1], 0);
  const VectorXd logs = observed.array().log();  // then the constant is the geometric mean
  EXPECT_NEAR(fit.parameters[0], std::exp(logs.mean()), 1e-9);
}

// Exhaustive search over which variables are zero is the independent answer.
TEST(NonnegativeLeastSquares, AgreesWithEnumerationOfActiveSets) {
  Stream stream(Seed{3}, lane("nnls"));
  for (int repeat = 0; repeat < 200; ++repeat) {
    const Index n = 4;
    MatrixXd a(6, n);
    VectorXd b(6);
    for (double& entry : a.reshaped()) entry = normal(stream);
    for (double& entry : b) entry = normal(stream);
    const MatrixXd gram = a.transpose() * a;
    const VectorXd moment = a.transpose() * b;
    double best = 0;  // x = 0
    for (int mask = 1; mask < 16; ++mask) {
      std::vector<Index> active;
      for (Index j = 0; j < n; ++j)
        if ((mask >> j) & 1) active.push_back(j);
      const VectorXd x = MatrixXd(gram(active, active)).inverse() * VectorXd(moment(active));
      if (x.minCoeff() >= 0) best = std::min(best, -0.5 * x.dot(VectorXd(moment(active))));
    }
    const VectorXd x = nonnegative_least_squares(gram, moment);
    EXPECT_GE(x.minCoeff(), 0);
    EXPECT_NEAR(0.5 * x.dot(gram * x) - moment.dot(x), best, 1e-10);
  }
}

// Two exponentials c0 + c1 exp(-theta t) with multiplicative noise.
SeparableModel decay(const VectorXd& time) {
  SeparableModel model;
  model.linear = 2;
  model.basis = [time](const VectorXd& theta, MatrixXd& basis) {
    basis.resize(time.size(), 2);
    basis.col(0).setOnes();
    basis.col(1) = (-theta[0] * time.array()).exp();
  };
  model.derivative = [time](const VectorXd& theta, Index, MatrixXd& derivative) {
    derivative.setZero(time.size(), 2);
    derivative.col(1) = -time.array() * (-theta[0] * time.array()).exp();
  };
  model.box = {VectorXd::Constant(1, 0.01), VectorXd::Constant(1, 10)};
  return model;
}

VectorXd noisy_decay(const VectorXd& time, double noise) {
  Stream stream(Seed{7}, lane("curve fit"));
  VectorXd observed = 2 + 3 * (-0.7 * time.array()).exp();
  for (double& value : observed) value *= std::exp(noise * normal(stream));
  return observed;
}

TEST(FitSeparable, RecoversExactParameters) {
  const VectorXd time = VectorXd::LinSpaced(60, 0, 8);
  const CurveFit fit = fit_separable(decay(time), noisy_decay(time, 0), {VectorXd::Constant(1, 3)}, 1e-3);
  EXPECT_NEAR(fit.parameters[0], 2, 1e-8);
  EXPECT_NEAR(fit.parameters[1], 3, 1e-8);
  EXPECT_NEAR(fit.parameters[2], 0.7, 1e-8);
}

// Variable projection against a direct minimisation over all three parameters by L-BFGS.
TEST(FitSeparable, AgreesWithTheDirectFit) {
  const VectorXd time = VectorXd::LinSpaced(60, 0, 8), observed = noisy_decay(time, 0.02);
  const double delta = 0.01;
  const CurveFit fit =
      fit_separable(decay(time), observed, {VectorXd::Constant(1, 0.2), VectorXd::Constant(1, 2)}, delta);
  const Huber huber{delta};
  const Objective direct = [&](const VectorXd& p, VectorXd& gradient) {
    gradient.setZero();
    double total = 0;
    for (Index i = 0; i < time.size(); ++i) {
      const double e = std::exp(-p[2] * time[i]), predicted = p[0] + p[1] * e;
      const double r = std::log(predicted / observed[i]), pull = huber.slope(r) / predicted;
      total += huber.loss(r);
      gradient += pull * VectorXd{{1, e, -p[1] * time[i] * e}};
    }
    return total;
  };
  const LbfgsResult reference = lbfgs(direct, VectorXd{{1.8, 2.5, 0.5}}, {}, {.gradient_tolerance = 1e-12});
  EXPECT_NEAR(fit.objective, reference.value, 1e-10);
  EXPECT_LT((fit.parameters - reference.point).norm(), 1e-5);
}

TEST(FitSeparable, ItsJacobianIsTheDerivativeOfTheLogPredictions) {
  const VectorXd time = VectorXd::LinSpaced(60, 0, 8);
  const CurveFit fit = fit_separable(decay(time), noisy_decay(time, 0.02), {VectorXd::Constant(1, 1)}, 0.01);
  const auto log_predicted = [&](const VectorXd& p) -> VectorXd {
    return (p[0] + p[1] * (-p[2] * time.array()).exp()).log();
  };
  for (Index j = 0; j < 3; ++j) {
    VectorXd up = fit.parameters, down = fit.parameters;
    up[j] += 1e-6;
    down[j] -= 1e-6;
    const VectorXd slope = (log_predicted(up) - log_predicted(down)) / 2e-6;
    EXPECT_LT((fit.jacobian.col(j) - slope).lpNorm<Eigen::Infinity>(), 1e-8);
  }
}

TEST(FitSeparable, IgnoresSpikesUnderASmallDelta) {
  const VectorXd time = VectorXd::LinSpaced(60, 0, 8);
  VectorXd observed = noisy_decay(time, 1e-4);
  for (const Index i : {7, 23, 41}) observed[i] *= 1.5;
  const CurveFit fit = fit_separable(decay(time), observed, {VectorXd::Constant(1, 1)}, 1e-4);
  EXPECT_NEAR(fit.parameters[0], 2, 1e-3);
  EXPECT_NEAR(fit.parameters[2], 0.7, 1e-3);
}

TEST(Refine, BalancesDataAndPrior) {
  // One observation y = 1 of exp(p), prior (p - 1)' 3 (p - 1) / 2: p^2 / 2 + 3 (p - 1)^2 / 2 is least at p =
  // 3 / 4.
  CurveModel model;
  model.evaluate = [](const VectorXd& p, VectorXd& predicted, MatrixXd& jacobian) {
    predicted = p.array().exp();
    jacobian = predicted;
  };
  model.lower = VectorXd::Constant(1, -10);
  model.prior = {MatrixXd::Constant(1, 1, 3), VectorXd::Ones(1)};
  const CurveFit fit = refine(model, VectorXd::Ones(1), VectorXd::Constant(1, 0.2), 100);
  EXPECT_NEAR(fit.parameters[0], 0.75, 1e-10);
}

TEST(Refine, RefusesAStartWithoutPositivePredictions) {
  const MatrixXd basis = -MatrixXd::Ones(3, 1);
  EXPECT_THROW(fit_linear(basis, VectorXd::Ones(3), 1), NumericalFailure);
}

}  // namespace
}  // namespace lehr::optimize
