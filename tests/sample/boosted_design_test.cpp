#include "lehr/sample/boosted_design.hpp"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>

#include "lehr/core/drive.hpp"
#include "lehr/sample/basis_text.hpp"
#include "lehr/sample/point_removal.hpp"
#include "lehr/sample/weighted_least_squares.hpp"
#include "tests/core/reproducible.hpp"

namespace lehr::sample {
namespace {

BoostedDesignState run(const BoostedDesign& method, std::uint64_t seed = 1) {
  return drive(method, Budget::steps(method.steps()), Seed{seed}).state;
}

double least(const FunctionSpace& space, const BoostedDesignState& state) {
  return least_eigenvalue(empirical_gram(space.features(state.points), state.weights, space.size));
}

TEST(BoostedDesign, DrawsUntilTheDesignIsStable) {
  const FunctionSpace space = parse_basis("legendre:degree=9");
  int tries = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const BoostedDesignState state =
        run(BoostedDesign(space, {.base = {.kind = "optimal_iid", .n = 80}, .tries = 500}), seed);
    EXPECT_TRUE(state.stable);
    EXPECT_GE(state.lambda_min, 0.5);
    EXPECT_NEAR(state.lambda_min, least(space, state), 1e-12);
    tries += static_cast<int>(state.tries);
  }
  EXPECT_GT(tries, 20);  // most first designs of 80 points are unstable
}

TEST(BoostedDesign, KeepsTheBestOfAllTries) {
  const FunctionSpace space = parse_basis("legendre:degree=9");
  const DesignOptions base{.kind = "optimal_iid", .n = 30};
  const BoostedDesignState state = run(BoostedDesign(space, {.base = base, .tries = 50, .keep = "best"}));
  EXPECT_EQ(state.tries, 50);
  double best = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const Design design = draw_design(space, base, Seed{1}, i);
    best =
        std::max(best, least_eigenvalue(empirical_gram(space.features(design.points), design.weights, 10)));
  }
  EXPECT_DOUBLE_EQ(state.lambda_min, best);
}

TEST(BoostedDesign, RemovesPointsWhileTheRestIsStable) {
  const FunctionSpace space = parse_basis("legendre:degree=9");
  const BoostedDesign method(space, {.base = {.kind = "optimal_iid", .n = 150}, .reduce_to = 10});
  const BoostedDesignState state = run(method);
  EXPECT_GT(state.removed, 50);
  EXPECT_EQ(state.points.cols(), 150 - state.removed);
  EXPECT_EQ(state.weights.size(), state.points.cols());
  EXPECT_GE(state.lambda_min, 0.5);
  EXPECT_NEAR(state.lambda_min, least(space, state), 1e-8);
  const BoostedDesignState limited =
      run(BoostedDesign(space, {.base = {.kind = "optimal_iid", .n = 150}, .reduce_to = 100}));
  EXPECT_EQ(limited.points.cols(), 100);
}

TEST(PointRemoval, FindsWhatBruteForceFinds) {
  for (int trial = 0; trial < 10; ++trial) {
    Stream random(Seed{static_cast<std::uint64_t>(trial)}, lane("removal"));
    Eigen::MatrixXd rows(4, 12);
    for (double& x : rows.reshaped()) x = normal(random);
    double best = -1;
    Index point = -1;
    for (Index i = 0; i < 12; ++i) {
      const Eigen::MatrixXd rest = rows * rows.transpose() - rows.col(i) * rows.col(i).transpose();
      const double value = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(rest / 11).eigenvalues()(0);
      if (value > best) best = value, point = i;
    }
    const PointRemoval removal = best_removal(rows);
    EXPECT_EQ(removal.point, point);
    EXPECT_NEAR(removal.lambda_min, best, 1e-10);
  }
}

// delta may be a schedule: strict at first, lenient later.
TEST(BoostedDesign, DeltaFollowsItsSchedule) {
  const FunctionSpace space = parse_basis("legendre:degree=9");
  BoostedDesignOptions options{.base = {.kind = "optimal_iid", .n = 40}, .tries = 100};
  options.delta = Schedule::parse("linear(from=0.1, to=0.9)");
  const BoostedDesignState state = run(BoostedDesign(space, options));
  EXPECT_TRUE(state.stable);
  EXPECT_GT(state.tries, 10);
  EXPECT_GE(state.lambda_min, 1 - options.delta.at(state.tries - 1, 100));
}

TEST(BoostedDesign, IsReproducible) {
  const FunctionSpace space = parse_basis("legendre:d=2,total=4");
  BoostedDesignOptions options{
      .base = {.kind = "optimal_iid", .n = 100}, .tries = 12, .keep = "best", .reduce_to = 20};
  options.delta = 0.7;
  const BoostedDesign method(space, options);
  test::expect_reproducible(method, 30, 7);
  test::expect_reproducible(method, 30, 20);
}

TEST(BoostedDesign, RefusesOptionsOutOfRange) {
  const FunctionSpace space = parse_basis("legendre:degree=9");
  EXPECT_THROW(BoostedDesign(space, {.tries = 0}), InvalidInput);
  EXPECT_THROW(BoostedDesign(space, {.keep = "last"}), InvalidInput);
  EXPECT_THROW(BoostedDesign(space, {.reduce_to = 9}), InvalidInput);
  BoostedDesignOptions options;
  options.delta = 2;
  EXPECT_THROW(run(BoostedDesign(space, options)), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
