// The closed forms of a light bridge against their definitions.
#include "lehr/diffusion/bridge/light_bridge.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/bridge/bridge_draws.hpp"
#include "lehr/diffusion/bridge/bridge_objective.hpp"
#include "lehr/linalg/dense.hpp"
#include "tests/diffusion/bridge/bridges.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::normals;
using test::random_bridge;

// log phi_t as the paper writes it, with A_k and h_k, less the constant (d / 2) log of 2 pi eps (1 - t) and the like:
// -x^2 / (2 eps (1-t)) + log sum_k exp(log alpha_k - log|S| / 2 - log|A| / 2 - r'S^-1 r / (2 eps) + h'A^-1 h / 2).
double log_potential_by_a_and_h(const LightBridge& model, const VectorXd& x, double t) {
  const double eps = model.epsilon, rest = eps * (1 - t);
  double sum = 0, high = -1e300;
  std::vector<double> terms;
  for (Index k = 0; k < model.components(); ++k) {
    const MatrixXd inverse = linalg::inverse(model.spread(k));
    const MatrixXd a = t / rest * MatrixXd::Identity(x.size(), x.size()) + inverse / eps;
    const VectorXd r = model.r.col(k), h = x / rest + inverse * r / eps;
    const double log_det_s = linalg::symmetric_eigenvalues(model.spread(k)).array().log().sum();
    const double log_det_a = linalg::symmetric_eigenvalues(a).array().log().sum();
    terms.push_back(model.log_alpha[k] - 0.5 * log_det_s - 0.5 * log_det_a - r.dot(inverse * r) / (2 * eps) +
                    0.5 * h.dot(linalg::solve(a, h)));
    high = std::max(high, terms.back());
  }
  for (const double term : terms) sum += std::exp(term - high);
  return high + std::log(sum) - x.squaredNorm() / (2 * rest);
}

class LightBridgeShapes : public testing::TestWithParam<stats::CovarianceShape> {};

TEST_P(LightBridgeShapes, DriftIsTheGradientOfTheLogFormula) {
  for (const double eps : {0.1, 1.0, 10.0}) {
    const LightBridge model = random_bridge(GetParam(), 3, 4, eps, 11);
    const BridgePlan plan(model);
    const MatrixXd x = normals(3, 5, 12);
    for (const double t : {0.0, 0.3, 0.7, 0.95}) {
      const MatrixXd g = plan.drift(x, t);
      for (Index i = 0; i < x.cols(); ++i)
        for (Index j = 0; j < 3; ++j) {
          const auto at = [&](double shift) {
            VectorXd point = x.col(i);
            point[j] += shift;
            return log_potential_by_a_and_h(model, point, t);
          };
          const double h = 5e-4;  // central, of fourth order
          const double by_difference = eps * (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
          EXPECT_NEAR(g(j, i), by_difference, 1e-6) << "eps " << eps << " t " << t;
        }
    }
  }
}

// c(x) = integral of exp(<x, y> / eps) v(y) dy, and phi_0 = c exp(-x^2 / (2 eps)).
TEST_P(LightBridgeShapes, NormalisationIsTheIntegral) {
  const LightBridge model = random_bridge(GetParam(), 2, 3, 1.0, 5);
  const BridgePlan plan(model);
  const MatrixXd x = normals(2, 3, 6);
  const VectorXd log_c = plan.log_c(x), log_phi = plan.log_potential(x, 0);
  for (Index i = 0; i < x.cols(); ++i) {
    double integral = 0;
    const double step = 0.05;
    for (double a = -15; a < 15; a += step) {
      MatrixXd line(2, 600);
      for (Index j = 0; j < 600; ++j) line.col(j) << a, -15 + step * static_cast<double>(j);
      integral += ((line.transpose() * x.col(i) / model.epsilon + plan.log_v(line)).array().exp()).sum() *
                  step * step;
    }
    EXPECT_NEAR(std::log(integral), log_c[i], 1e-8);
    EXPECT_NEAR(log_phi[i], log_c[i] - x.col(i).squaredNorm() / (2 * model.epsilon), 1e-12);
  }
}

TEST_P(LightBridgeShapes, ConditionalMomentsAreThoseOfDraws) {
  const LightBridge model = random_bridge(GetParam(), 2, 3, 0.5, 7);
  const BridgePlan plan(model);
  const VectorXd x = VectorXd::Constant(2, 0.4);
  const Moments exact = plan.conditional_moments(x);
  EXPECT_LT((plan.conditional_mean(x) - exact.mean).norm(), 1e-12);
  const Moments drawn = moments_of(draw_endpoints(plan, x.replicate(1, 40000), Seed{3}));
  const double deviation = std::sqrt(exact.covariance.trace());
  EXPECT_LT((drawn.mean - exact.mean).norm(), 4 * deviation / 200);
  EXPECT_LT((drawn.covariance - exact.covariance).norm(), 0.04 * exact.covariance.norm());
}

TEST_P(LightBridgeShapes, FarPointsAreFinite) {
  for (const double eps : {0.002, 0.1, 10.0}) {
    const BridgePlan plan(random_bridge(GetParam(), 3, 5, eps, 9));
    MatrixXd far = normals(3, 20, 10);
    far.colwise().normalize();
    far *= 50;
    EXPECT_TRUE(plan.log_c(far).allFinite());
    EXPECT_TRUE(plan.log_v(far).allFinite());
    for (const double t : {0.0, 0.5, 1.0}) EXPECT_TRUE(plan.drift(far, t).allFinite());
  }
}

// Central differences of L in every parameter.
TEST_P(LightBridgeShapes, GradientOfTheObjective) {
  const LightBridge model = random_bridge(GetParam(), 3, 4, 0.7, 13);
  const BridgeLayout layout{model.shape, 3, 4};
  const VectorXd parameters = parameters_of(model);
  const MatrixXd x = normals(3, 150, 14), y = 2 * normals(3, 170, 15);
  VectorXd gradient;
  const BridgeLoss loss = bridge_loss(layout, parameters, model.epsilon, x, y, &gradient);
  const BridgePlan plan(model);
  EXPECT_NEAR(loss.log_c, plan.log_c(x).mean(), 1e-10);
  EXPECT_NEAR(loss.log_v, plan.log_v(y).mean(), 1e-10);
  for (Index i = 0; i < parameters.size(); ++i) {
    VectorXd up = parameters, down = parameters;
    up[i] += 1e-5, down[i] -= 1e-5;
    const double difference = (bridge_loss(layout, up, model.epsilon, x, y).value() -
                               bridge_loss(layout, down, model.epsilon, x, y).value()) /
                              2e-5;
    EXPECT_NEAR(gradient[i], difference, 1e-6 * (1 + std::abs(difference))) << i;
  }
}

TEST_P(LightBridgeShapes, ParametersAndModelAreInverse) {
  const LightBridge model = random_bridge(GetParam(), 4, 3, 0.3, 17);
  const LightBridge again = bridge_of({model.shape, 4, 3}, parameters_of(model), 0.3);
  EXPECT_LT(
      (again.S - model.S).norm() + (again.r - model.r).norm() + (again.log_alpha - model.log_alpha).norm(),
      1e-12);
}

INSTANTIATE_TEST_SUITE_P(Shapes, LightBridgeShapes,
                         testing::Values(stats::CovarianceShape::diagonal, stats::CovarianceShape::full),
                         [](const auto& info) { return std::string(stats::name(info.param)); });

// Sums over points run over blocks whose order is fixed: many points, the sum of two halves.
TEST(BridgeObjective, SumsOverBlocks) {
  const LightBridge model = random_bridge(stats::CovarianceShape::diagonal, 2, 30, 0.5, 19);
  const BridgeLayout layout{model.shape, 2, 30};
  const MatrixXd x = normals(2, 8192, 20), y = normals(2, 8192, 21);
  const VectorXd parameters = parameters_of(model);
  VectorXd all, left, right;
  const double whole = bridge_loss(layout, parameters, 0.5, x, y, &all).value();
  const double a = bridge_loss(layout, parameters, 0.5, x.leftCols(4096), y.leftCols(4096), &left).value();
  const double b = bridge_loss(layout, parameters, 0.5, x.rightCols(4096), y.rightCols(4096), &right).value();
  EXPECT_NEAR(whole, (a + b) / 2, 1e-12 * std::abs(whole));
  EXPECT_LT((all - (left + right) / 2).norm(), 1e-12 * (1 + all.norm()));
}

// A path that is at x at time t ends as the bridge of the rest says: moments at t by simulation of the pair (x_t, y).
TEST(LightBridge, EndpointsFromATimeInBetween) {
  const LightBridge model = random_bridge(stats::CovarianceShape::diagonal, 1, 2, 0.5, 23);
  const BridgePlan plan(model);
  const MatrixXd x = MatrixXd::Constant(1, 1, 0.3).replicate(1, 60000);
  const MatrixXd middle = draw_between(plan, x, 0.6, Seed{1});
  const MatrixXd ends = draw_endpoints(plan, middle, Seed{2}, 0.6);
  const Moments exact = plan.conditional_moments(VectorXd::Constant(1, 0.3)), drawn = moments_of(ends);
  const double variance = exact.covariance(0, 0);
  EXPECT_NEAR(drawn.mean[0], exact.mean[0], 4 * std::sqrt(variance / 60000));
  EXPECT_NEAR(drawn.covariance(0, 0), variance, 0.03 * variance);
}

TEST(LightBridge, RefusesWhatIsNoModel) {
  LightBridge model = random_bridge(stats::CovarianceShape::diagonal, 2, 2, 1, 29);
  model.S(0, 1) = 0;
  EXPECT_THROW(BridgePlan{model}, InvalidInput);
  model.S(0, 1) = 1, model.epsilon = -1;
  EXPECT_THROW(BridgePlan{model}, InvalidInput);
  model.epsilon = 1, model.log_alpha.resize(3);
  EXPECT_THROW(BridgePlan{model}, InvalidInput);
}

}  // namespace
}  // namespace lehr::diffusion
