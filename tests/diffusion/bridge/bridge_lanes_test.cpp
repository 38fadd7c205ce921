// The SIMD loops of bridges: the same bits on every instruction set, and what they are against plain formulas.
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "lehr/core/drive.hpp"
#include "lehr/diffusion/bridge/bridge_problem.hpp"
#include "lehr/diffusion/bridge/light_sb.hpp"
#include "lehr/diffusion/bridge/sinkhorn_lanes.hpp"
#include "lehr/diffusion/bridge/sinkhorn_sb.hpp"
#include "lehr/diffusion/bridge/weight_balance.hpp"
#include "lehr/optimize/adam.hpp"
#include "tests/diffusion/bridge/bridges.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

template <class Work>
void expect_equal_on_every_set(Work work) {
  const VectorXd expected = work();
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    EXPECT_EQ(work(), expected) << hwy::TargetName(target);
  }
  hwy::SetSupportedTargetsForTest(0);
}

TEST(BridgeLanes, AFitIsEqualOnEveryInstructionSet) {
  for (const char* covariance : {"diagonal", "full"}) {
    const BridgeProblem pair = make_bridge_problem({.dimension = 11, .points = 301}, {3});
    expect_equal_on_every_set([&] {
      const LightSb method(pair.from, pair.to,
                           {.epsilon = Schedule(1), .components = 7, .covariance = covariance}, 40);
      return drive(method, Budget::steps(40), {1}).state.parameters;
    });
  }
}

TEST(BridgeLanes, SinkhornIsEqualOnEveryInstructionSet) {
  const MatrixXd x = test::normals(2, 77, 1), y = test::normals(2, 61, 2);
  expect_equal_on_every_set([&] {
    const SinkhornSb method(x, y, Schedule::parse("geometric(from=3, to=0.05)"), 8);
    return drive(method, Budget::steps(8), {1}).state.f;
  });
}

TEST(BridgeLanes, ColumnsAndRowsAreSumsOfExponentials) {
  const MatrixXd cost = 9 * test::normals(67, 67, 4).cwiseAbs();
  const VectorXd a = test::normals(67, 1, 5);
  const auto exponents = [&](Index i, Index j) { return (a[j] - cost(i, j)) * 1.7 + 0.3; };
  for (const Index n : {1, 5, 8, 16, 67}) {
    VectorXd shifts = VectorXd::Constant(n, 0.3), sums(n), largest(n);
    row_lanes(a.data(), cost.data(), 67, 67, std::min<Index>(n, 64), 1.7, shifts.data(), sums.data(),
              largest.data());
    for (Index i = 0; i < std::min<Index>(n, 64); ++i) {
      double sum = 0, high = -1e300;
      for (Index j = 0; j < 67; ++j) sum += std::exp(exponents(i, j)), high = std::max(high, exponents(i, j));
      EXPECT_NEAR(sums[i], sum, 1e-13 * sum);
      EXPECT_NEAR(largest[i], high, 1e-13);
    }
    const MatrixXd turned = cost.transpose();
    const ExponentialSum column = column_lanes(a.data(), turned.col(3).data(), n, 1.7, 0.3);
    double sum = 0;
    for (Index j = 0; j < n; ++j) sum += std::exp(exponents(3, j));
    EXPECT_NEAR(column.sum, sum, 1e-13 * sum);
  }
}

TEST(BridgeLanes, AdamIsItsFormula) {
  for (const Index n : {1, 7, 8, 37}) {
    const VectorXd gradient = test::normals(n, 1, 6), before = test::normals(n, 1, 7);
    VectorXd first = test::normals(n, 1, 8), second = test::normals(n, 1, 9).cwiseAbs(), parameters = before;
    const VectorXd f = 0.9 * first + 0.1 * gradient, s = 0.999 * second + 0.001 * gradient.cwiseAbs2();
    optimize::Adam().step(gradient.data(), n, 0.01, 5, first.data(), second.data(), parameters.data());
    EXPECT_LT((first - f).norm() + (second - s).norm(), 1e-14);
    const VectorXd expected = before.array() - 0.01 * (f.array() / (1 - std::pow(0.9, 5))) /
                                                   ((s.array() / (1 - std::pow(0.999, 5))).sqrt() + 1e-8);
    EXPECT_LT((parameters - expected).norm(), 1e-13);
  }
}

// After the balance each component has as much of the source as it was to get; one starts out of sight.
TEST(WeightBalance, GivesTheMassesThatAreWanted) {
  for (const auto shape : {stats::CovarianceShape::diagonal, stats::CovarianceShape::full}) {
    LightBridge model = test::random_bridge(shape, 3, 4, 0.5, 41);
    model.log_alpha[2] = -300;
    const MatrixXd x = test::normals(3, 1003, 42);
    const BridgeLayout layout{shape, 3, 4};
    VectorXd parameters = parameters_of(model);
    VectorXd masses(4);
    masses << 0.1, 0.2, 0.3, 0.4;
    balance_weights(layout, parameters, 8, 0.5, masses, x);
    const VectorXd got =
        BridgePlan(bridge_of(layout, parameters, 0.5)).responsibilities(x).colwise().mean().transpose();
    EXPECT_LT((got - masses).cwiseAbs().sum(), 1e-3);
  }
}

// Picked points are those points.
TEST(BridgeObjective, TakesPickedPoints) {
  for (const auto shape : {stats::CovarianceShape::diagonal, stats::CovarianceShape::full}) {
    const LightBridge model = test::random_bridge(shape, 9, 5, 0.7, 43);
    const BridgeLayout layout{shape, 9, 5};
    const MatrixXd x = test::normals(9, 50, 44), y = test::normals(9, 60, 45);
    const std::vector<Index> few = {3, 3, 49, 0, 17}, other = {59, 1};
    const VectorXd parameters = parameters_of(model);
    VectorXd picked, copied;
    const double loss = bridge_loss(layout, parameters, 0.7, {x, few}, {y, other}, &picked).value();
    const double same = bridge_loss(layout, parameters, 0.7, MatrixXd(x(Eigen::all, few)),
                                    MatrixXd(y(Eigen::all, other)), &copied)
                            .value();
    EXPECT_EQ(loss, same);
    EXPECT_EQ(picked, copied);
  }
}

}  // namespace
}  // namespace lehr::diffusion
