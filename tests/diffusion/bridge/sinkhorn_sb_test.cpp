// sinkhorn_sb against its definition, and the light bridge against it.
#include "lehr/diffusion/bridge/sinkhorn_sb.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/bridge/bridge_problem.hpp"
#include "lehr/diffusion/bridge/gaussian_sb.hpp"
#include "lehr/diffusion/bridge/light_sb.hpp"
#include "tests/diffusion/bridge/bridges.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// The plan that the potentials mean has the marginals asked for.
TEST(SinkhornSb, PlanHasItsMarginals) {
  const MatrixXd x = test::normals(2, 70, 1), y = 1.5 * test::normals(2, 90, 2);
  const double eps = 0.3;
  const SinkhornSb method(x, y, eps, 500, 1e-12);
  const auto run = drive(method, Budget::steps(500), {1});
  EXPECT_LT(run.used.steps, 500);
  MatrixXd plan(70, 90);
  for (Index i = 0; i < 70; ++i)
    for (Index j = 0; j < 90; ++j)
      plan(i, j) =
          std::exp((run.state.f[i] + run.state.g[j] - 0.5 * (x.col(i) - y.col(j)).squaredNorm()) / eps) /
          6300;
  EXPECT_LT((plan.rowwise().sum().array() - 1 / 70.0).abs().sum(), 1e-10);
  EXPECT_LT((plan.colwise().sum().array() - 1 / 90.0).abs().sum(), 1e-10);
  MatrixXd means = y * plan.transpose();
  for (Index i = 0; i < 70; ++i) means.col(i) /= plan.row(i).sum();
  EXPECT_LT((means - method.conditional_mean(run.state)).norm(), 1e-8);
}

// Between normal samples the conditional mean is that of the closed form, up to the error of 1500 points.
TEST(SinkhornSb, AgreesWithTheGaussianBridge) {
  const MatrixXd x = test::normals(1, 1500, 3), y = 2 * test::normals(1, 1500, 4);
  const Schedule falling = Schedule::parse("then(geometric(from=10, to=1), constant(1), at=0.5)");
  const SinkhornSb method(x, y, falling, 60);
  const auto run = drive(method, Budget::steps(60), {1});
  EXPECT_LT(run.state.error, 1e-6);
  const LightBridge exact = gaussian_sb(moments_of(x), moments_of(y), 1);
  const MatrixXd expected = (exact.S(0, 0) * x).array() + exact.r(0, 0);
  EXPECT_LT((method.conditional_mean(run.state) - expected).squaredNorm() / 1500, 0.02);
}

// eps scaling comes nearer to the marginals than the same number of steps at the target epsilon.
TEST(SinkhornSb, ScalingEpsilonIsQuicker) {
  const BridgeProblem pair = make_bridge_problem({.family = "ring", .points = 300}, {1});
  const auto error = [&](const Schedule& epsilon) {
    return drive(SinkhornSb(pair.from, pair.to, epsilon, 60), Budget::steps(60), {1}).state.error;
  };
  EXPECT_LT(error(Schedule::parse("then(geometric(from=10, to=0.05), constant(0.05), at=0.5)")), error(0.05));
}

TEST(SinkhornSb, RefusesTooManyPoints) {
  EXPECT_THROW(SinkhornSb(MatrixXd::Zero(1, 5001), MatrixXd::Zero(1, 10), 1, 10), InvalidInput);
  EXPECT_THROW(SinkhornSb(MatrixXd::Zero(1, 10), MatrixXd::Zero(2, 10), 1, 10), InvalidInput);
  EXPECT_THROW(SinkhornSb(MatrixXd::Zero(1, 10), MatrixXd::Zero(1, 10), 0, 10), InvalidInput);
}

// Swiss roll, 2000 points a side, eps 0.1, K = 50: conditional means within 2 % of the variance of Sinkhorn's, in less time than 500
// of its steps, of which 100 are taken and timed here.
class LightAgainstSinkhorn : public testing::TestWithParam<const char*> {};

TEST_P(LightAgainstSinkhorn, ConditionalMeansAgree) {
  const BridgeProblem pair = make_bridge_problem({.family = GetParam(), .points = 2000}, {1});
  const auto seconds = [](auto task) {
    const auto start = std::chrono::steady_clock::now();
    task();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  LightBridge model;
  const double light_seconds = seconds([&] {
    const LightSb light(pair.from, pair.to, {.epsilon = Schedule(0.1), .components = 50}, 10000);
    model = light.model(drive(light, Budget::steps(10000), {1}).state);
  });
  const SinkhornSb method(pair.from, pair.to,
                          Schedule::parse("then(geometric(from=4, to=0.1), constant(0.1), at=0.4)"), 100);
  MatrixXd means;
  const double sinkhorn_seconds = seconds([&] {
    const auto run = drive(method, Budget::steps(100), {1});
    EXPECT_LT(run.state.error, 1e-2);
    means = method.conditional_mean(run.state);
  });
  const double difference =
      (BridgePlan(model).conditional_mean(pair.from) - means).colwise().squaredNorm().mean();
  EXPECT_LE(difference, 0.02 * moments_of(pair.to).covariance.trace());
  EXPECT_LT(light_seconds, 500 / 100.0 * sinkhorn_seconds);
}

INSTANTIATE_TEST_SUITE_P(Directions, LightAgainstSinkhorn, testing::Values("swiss_roll", "roll_to_normal"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace lehr::diffusion
