#include "lehr/sample/projection_dpp.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>

#include "lehr/core/errors.hpp"
#include "lehr/sample/basis_text.hpp"
#include "lehr/sample/finite_space.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

constexpr std::uint64_t dpp_lane = lane("test.dpp");

struct MeanAndError {
  double mean, error;
};
MeanAndError mean_and_error(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (const double v : values) sum += v, squares += v * v;
  const auto n = static_cast<double>(values.size());
  return {sum / n, std::sqrt((squares / n - sum * sum / (n * n)) / n)};
}

// m = 2 Legendre: density (3/2) (x - y)^2 under (dx/2)^2, so E (x - y)^2 = 1.5 (2/5 + 6/9) = 1.6, against 2/3
// for independent points.
TEST(ProjectionDpp, TwoPointsRepelAsTheDeterminantSays) {
  const FunctionSpace space = parse_basis("legendre:degree=1");
  std::vector<double> squares;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const DppDraw draw = projection_dpp(space, 2, {Seed{1}, dpp_lane, i});
    squares.push_back(std::pow(draw.points(0) - draw.points(1), 2));
  }
  const auto [mean, error] = mean_and_error(squares);
  EXPECT_NEAR(mean, 1.6, 4 * error);
  EXPECT_LT(error, 0.01);
}

// The marginal law of every point is nu_m: E x^2 = sum_j int x^2 phi_j^2 / m = 0.49495 for five Legendre
// polynomials.
TEST(ProjectionDpp, EveryPointHasTheOptimalLaw) {
  const FunctionSpace space = parse_basis("legendre:degree=4");
  std::vector<double> designs, first, last;
  for (std::uint64_t i = 0; i < 6000; ++i) {
    const DppDraw draw = projection_dpp(space, 5, {Seed{2}, dpp_lane, i});
    designs.push_back(draw.points.squaredNorm() / 5);
    first.push_back(std::pow(draw.points(0), 2));
    last.push_back(std::pow(draw.points(4), 2));
  }
  const double exact = 0.49495;
  EXPECT_NEAR(mean_and_error(designs).mean, exact, 0.01);
  for (const auto& values : {designs, first, last}) {
    const auto [mean, error] = mean_and_error(values);
    EXPECT_NEAR(mean, exact, 4 * error);
  }
}

// 12 random rows of 3 functions: the probabilities of all 220 subsets are det(A_S)^2 over their sum.
TEST(ProjectionDpp, SubsetsOfATableHaveTheirProbabilities) {
  Stream random(Seed{5}, lane("rows"));
  Eigen::MatrixXd rows(12, 3);
  for (double& x : rows.reshaped()) x = normal(random);
  const FunctionSpace space = finite_space(rows);
  std::map<std::array<Index, 3>, std::size_t> cell;
  std::vector<double> expected;
  double total = 0;
  for (Index i = 0; i < 12; ++i)
    for (Index j = i + 1; j < 12; ++j)
      for (Index k = j + 1; k < 12; ++k) {
        cell[{i, j, k}] = expected.size();
        const double determinant =
            Eigen::Matrix3d(rows(std::vector<Index>{i, j, k}, Eigen::all)).determinant();
        expected.push_back(determinant * determinant);
        total += expected.back();
      }
  ASSERT_EQ(expected.size(), 220U);
  const int draws = 200000;
  std::vector<double> observed(expected.size());
  for (std::uint64_t i = 0; i < draws; ++i) {
    const DppDraw draw = projection_dpp(space, 3, {Seed{6}, dpp_lane, i});
    std::array<Index, 3> subset;
    for (Index k = 0; k < 3; ++k) subset[static_cast<std::size_t>(k)] = static_cast<Index>(draw.points(k));
    std::ranges::sort(subset);
    ASSERT_TRUE(cell.contains(subset));
    ++observed[cell[subset]];
  }
  double variation = 0, rare_observed = 0, rare_expected = 0;
  std::vector<double> frequent_observed, frequent_expected;
  for (std::size_t s = 0; s < expected.size(); ++s) {
    expected[s] *= draws / total;
    variation += 0.5 * std::abs(observed[s] - expected[s]) / draws;
    if (expected[s] < 10) {
      rare_observed += observed[s], rare_expected += expected[s];
    } else {
      frequent_observed.push_back(observed[s]), frequent_expected.push_back(expected[s]);
    }
  }
  if (rare_expected > 0)
    frequent_observed.push_back(rare_observed), frequent_expected.push_back(rare_expected);
  EXPECT_LE(variation, 0.03);
  EXPECT_GT(stats::chi_square_test(frequent_observed, frequent_expected).p, 1e-3);
}

// On a fine set of candidates the table's sampler and the rejection sampler draw the same law: mean of x^2
// and of the nearest gap.
TEST(ProjectionDpp, TableAndRejectionAgree) {
  const FunctionSpace continuous = parse_basis("legendre:degree=5");
  const FunctionSpace table = parse_basis("legendre:degree=5,candidates=4000");
  std::vector<double> gaps[2], squares[2];
  for (int which = 0; which < 2; ++which)
    for (std::uint64_t i = 0; i < 1500; ++i) {
      DppDraw draw = projection_dpp(which == 0 ? continuous : table, 6, {Seed{3}, dpp_lane, i});
      squares[which].push_back(draw.points.squaredNorm() / 6);
      std::ranges::sort(draw.points.reshaped());
      double gap = 2;
      for (Index k = 1; k < 6; ++k) gap = std::min(gap, draw.points(k) - draw.points(k - 1));
      gaps[which].push_back(gap);
    }
  for (const auto& pair : {gaps, squares}) {
    const MeanAndError a = mean_and_error(pair[0]), b = mean_and_error(pair[1]);
    EXPECT_NEAR(a.mean, b.mean, 4 * std::hypot(a.error, b.error) + 0.01);  // 4000 candidates are not the line
  }
}

// 200 functions of three variables: m H_m = 1176 proposals, and the features are far from dependent.
TEST(ProjectionDpp, CostsAsManyProposalsAsTheHarmonicNumberSays) {
  const FunctionSpace space = parse_basis("legendre:d=3,total=9,size=200");
  double expected = 0;
  for (int k = 1; k <= 200; ++k) expected += 200.0 / k;
  std::vector<double> proposals;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < 20; ++i) {
    const DppDraw draw = projection_dpp(space, 200, {Seed{4}, dpp_lane, i});
    proposals.push_back(static_cast<double>(draw.proposals()));
    EXPECT_EQ(draw.steps.size(), 200U);
    const Eigen::MatrixXd features = space.features(draw.points);
    EXPECT_GT(
        std::abs(
            (features * features.colwise().norm().cwiseInverse().asDiagonal()).partialPivLu().determinant()),
        0);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / 20;
  RecordProperty("seconds_per_design", std::to_string(seconds));
  EXPECT_NEAR(mean_and_error(proposals).mean, expected, 0.1 * expected);
  EXPECT_LT(seconds, 2);
}

TEST(ProjectionDpp, APartIsARandomPart) {
  const FunctionSpace space = parse_basis("legendre:degree=4");
  std::vector<double> squares;
  for (std::uint64_t i = 0; i < 6000; ++i) {
    const DppDraw draw = projection_dpp(space, 5, {Seed{9}, dpp_lane, i}, 2);
    ASSERT_EQ(draw.points.cols(), 2);
    squares.push_back(draw.points.squaredNorm() / 2);
  }
  const auto [mean, error] = mean_and_error(squares);
  EXPECT_NEAR(mean, 0.49495, 4 * error);
}

// Functions that are dependent under mu leave no proposal to accept: the message has the rank.
TEST(ProjectionDpp, SaysTheRankOfDependentFeatures) {
  FunctionSpace space = parse_basis("legendre:degree=3");
  space.features = [features = space.features](const Points& points) {
    Eigen::MatrixXd twice = features(points);
    twice.row(3) = twice.row(2);
    return twice;
  };
  const std::string message = test::message_of<InvalidInput>([&] {
    projection_dpp(space, 4, {Seed{1}, dpp_lane});
  });
  EXPECT_NE(message.find("numerical rank 3"), std::string::npos) << message;
}

TEST(FiniteSpace, RefusesTablesThatCannotServe) {
  const auto message = [](const Eigen::MatrixXd& rows) {
    return test::message_of<InvalidInput>([&] { finite_space(rows); });
  };
  Eigen::MatrixXd rows = Eigen::MatrixXd::Random(20, 3);
  rows.col(2) = 2 * rows.col(0) - rows.col(1);
  EXPECT_NE(message(rows).find("linearly dependent"), std::string::npos);
  rows(4, 1) = NAN;
  EXPECT_NE(message(rows).find("row 5"), std::string::npos);
  EXPECT_NE(message(Eigen::MatrixXd::Ones(2, 3)).find("2 rows for 3 functions"), std::string::npos);
  rows = Eigen::MatrixXd::Random(20, 3);
  rows.col(1).setZero();
  EXPECT_NE(message(rows).find("function 2 is 0"), std::string::npos);
  // Scale does not matter.
  Eigen::MatrixXd scaled = Eigen::MatrixXd::Random(20, 3);
  scaled.col(1) *= 1e-9;
  EXPECT_NO_THROW(finite_space(scaled));
}

}  // namespace
}  // namespace lehr::sample
