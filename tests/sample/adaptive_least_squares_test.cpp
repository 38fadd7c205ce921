#include "lehr/sample/adaptive_least_squares.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/drive.hpp"
#include "lehr/sample/basis_text.hpp"
#include "lehr/sample/reference_projection.hpp"
#include "lehr/stats/summary.hpp"
#include "tests/core/reproducible.hpp"

namespace lehr::sample {
namespace {

Eigen::VectorXd smooth(const Points& x) {
  return ((x.row(0) + 0.5 * x.row(1)).array().exp() / (1.5 + x.row(1).array())).transpose();
}

TEST(AdaptiveLeastSquares, GrowsToTheLastSpaceAndKeepsEveryRun) {
  const FunctionSpace space = parse_basis("legendre:d=2,total=10");
  const AdaptiveLeastSquares method(space, smooth, {});
  std::vector<double> errors, runs;
  const auto reference = reference_projection(space, smooth, Seed{1});
  Observers observers;
  observers.list.push_back({[&](const Moment& now, const Row& row) {
                              errors.push_back(row.find("leave_one_out").value_or(INFINITY));
                              runs.push_back(*row.find("runs"));
                              return now.step + 1;
                            },
                            {}});
  const auto run = drive(method, Budget::steps(11), Seed{1}, observers);
  EXPECT_TRUE(std::ranges::is_sorted(runs));
  EXPECT_EQ(run.used.evaluations, run.state.points.cols());
  EXPECT_EQ(run.state.level, 10);
  EXPECT_GE(run.state.points.cols(), 2 * 66);
  EXPECT_LT(run.state.points.cols(), 66 * std::log(66) / 0.1534);  // what independent points need
  EXPECT_LT(errors.back(), 1e-3 * errors.front());
  EXPECT_GE(run.state.lambda_min, 0.5);
  // As good as the best approximation in the space that was chosen, up to a small factor.
  EXPECT_LT(reference.error_of(run.state.coefficients), 10 * reference.best_error);
}

// The pool's weights make G unbiased though its points come from spaces of many sizes and from mu.
TEST(AdaptiveLeastSquares, WeightsOfThePoolMakeTheGramMatrixUnbiased) {
  const FunctionSpace space = parse_basis("legendre:degree=6");
  AdaptiveLeastSquaresOptions options;
  options.mixing = Schedule::parse("linear(from=1, to=0)");
  options.delta = 1;  // no points that depend on what was drawn
  const AdaptiveLeastSquares method(
      space, [](const Points& x) -> Eigen::VectorXd { return x.row(0).transpose(); }, options);
  std::vector<std::vector<double>> entries(28);
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const auto run = drive(method, Budget::steps(7), Seed{seed});
    const Eigen::MatrixXd gram =
        empirical_gram(space.features(run.state.points), method.weights(run.state), 7);
    std::size_t at = 0;
    for (Index a = 0; a < 7; ++a)
      for (Index b = a; b < 7; ++b) entries[at++].push_back(gram(a, b) - (a == b));
  }
  for (const auto& entry : entries)
    EXPECT_LT(std::abs(stats::mean(entry)), 4.5 * stats::standard_error(entry));
}

TEST(AdaptiveLeastSquares, StopsAtTheToleranceAndAtTheLastRun) {
  const FunctionSpace space = parse_basis("legendre:d=2,total=12");
  AdaptiveLeastSquaresOptions tolerant;
  tolerant.tolerance = 1e-3;
  const AdaptiveLeastSquares early(space, smooth, tolerant);
  const auto stopped = drive(early, Budget::steps(13), Seed{1});
  EXPECT_EQ(stopped.why, Stop::finished);
  EXPECT_LT(stopped.state.level, 12);
  EXPECT_LE(stopped.state.leave_one_out, 1e-3 * stopped.state.deviation);

  AdaptiveLeastSquaresOptions frugal;
  frugal.runs = 77;
  const AdaptiveLeastSquares limited(space, smooth, frugal);
  const auto spent = drive(limited, Budget::steps(13), Seed{1});
  EXPECT_EQ(spent.used.evaluations, 77);
  EXPECT_EQ(spent.state.points.cols(), 77);
  EXPECT_GE(spent.state.lambda_min, 0.5);
  EXPECT_LT(spent.state.coefficients.size(), 77);
}

// Noise: the degree stops where a higher one would fit the noise.
TEST(AdaptiveLeastSquares, ChoosesTheDegreeByTheLeaveOneOutError) {
  const FunctionSpace space = parse_basis("legendre:degree=15");
  const auto noisy = [](const Points& x) -> Eigen::VectorXd {
    Eigen::VectorXd y(x.cols());
    for (Index i = 0; i < x.cols(); ++i) {
      Stream random(Seed{5}, lane("noise"), static_cast<std::uint64_t>(std::llround((x(0, i) + 1) * 1e12)));
      y(i) = 1 + x(0, i) - 2 * x(0, i) * x(0, i) + 0.1 * normal(random);
    }
    return y;
  };
  AdaptiveLeastSquaresOptions options;
  options.oversampling = 4;
  const AdaptiveLeastSquares method(space, noisy, options);
  const auto run = drive(method, Budget::steps(16), Seed{1});
  EXPECT_GE(run.state.fitted_level, 2);
  EXPECT_LE(run.state.fitted_level, 6);
  EXPECT_NEAR(run.state.leave_one_out, 0.1, 0.03);
}

TEST(AdaptiveLeastSquares, RunsThatFailAreLeftOut) {
  const FunctionSpace space = parse_basis("legendre:degree=8");
  const auto failing = [](const Points& x) -> Eigen::VectorXd {
    Eigen::VectorXd y = x.row(0).array().exp().transpose();
    for (Index i = 0; i < y.size(); ++i)
      if (x(0, i) > 0.3 && x(0, i) < 0.35) y(i) = NAN;
    return y;
  };
  const AdaptiveLeastSquares method(space, failing, {});
  const auto run = drive(method, Budget::steps(9), Seed{1});
  EXPECT_GT(run.state.values.array().isNaN().count(), 0);
  EXPECT_GE(run.state.fitted_level, 6);
  EXPECT_LT(run.state.leave_one_out, 1e-4);
}

TEST(AdaptiveLeastSquares, IsReproducible) {
  const AdaptiveLeastSquares method(parse_basis("legendre:d=2,total=8"), smooth, {});
  test::expect_reproducible(method, 9, 4);
}

TEST(AdaptiveLeastSquares, RefusesOptionsOutOfRange) {
  const FunctionSpace space = parse_basis("legendre:d=2,total=8");
  AdaptiveLeastSquaresOptions options;
  options.oversampling = 0.5;
  EXPECT_THROW(drive(AdaptiveLeastSquares(space, smooth, options), Budget::steps(9), Seed{1}), InvalidInput);
  options = {};
  options.growth = Schedule::parse("linear(from=0, to=3)");
  EXPECT_THROW(drive(AdaptiveLeastSquares(space, smooth, options), Budget::steps(9), Seed{1}), InvalidInput);
  EXPECT_THROW(AdaptiveLeastSquares(space, {}, {}), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
