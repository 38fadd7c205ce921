#include "lehr/diffusion/tokens/token_constraint.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/quality.hpp"
#include "lehr/diffusion/tokens/mixture_tokens.hpp"
#include "lehr/diffusion/tokens/sequence_mixture.hpp"
#include "lehr/diffusion/tokens/step_allocation.hpp"
#include "lehr/diffusion/tokens/step_counts.hpp"
#include "lehr/diffusion/tokens/token_diffusion.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST(TokenConstraint, AnAutoregressionHasItsTextbookVariances) {
  const TokenModel model = mixture_tokens(ar2_series(6), 1, token_order("raster", 6, Seed{1}));
  const Index n = 20000;
  const TokenConstraint constraint =
      token_constraint(model, draw_mixture(ar2_series(6), n, Seed{3}, lane("test")), Seed{1});
  const std::vector<double> expected{1, 0.64, 0.48, 0.48, 0.48, 0.48};
  for (std::size_t i = 0; i < 6; ++i) {
    // The exact variance over the marginal one of the sample, whose error is sqrt(2 / n) = 1 %.
    EXPECT_NEAR(constraint.unexplained[i], expected[i], 0.04 * expected[i]) << i;
    // Linear regression is the conditional mean of a Gaussian; the error of R^2 is below 2 (1 - R^2) / sqrt(n).
    EXPECT_NEAR(constraint.r_squared[i], 1 - expected[i],
                4 * 2 * expected[i] / std::sqrt(static_cast<double>(n)))
        << i;
  }
}

// On N(m, c^2) the flow's path is x(t) = (1-t) m + r(t) z with r(t)^2 = (1-t)^2 c^2 + t^2: for c -> 0 it is straight; with c = 1 and m = 0 it goes
// from z inwards to r = 2^-1/2 and back, so its chord is 0 against a length of 2 - 2^1/2.
// The fit's sequences are as far from others as theirs are.
TEST(SequenceMixture, AFitIsTheLawOfTheSequences) {
  const stats::GaussianMixture mixture = sine_series(4, 2);
  const MatrixXd sequences = draw_mixture(mixture, 3000, Seed{1}, lane("data"));
  const stats::GaussianMixture fit = fit_sequence_mixture(sequences, Seed{1}, {.components = 2});
  const MatrixXd others = draw_mixture(mixture, 3000, Seed{2}, lane("data"));
  // Two samples of 3000 differ by 0.001 in energy distance.
  EXPECT_LT(energy_distance(draw_mixture(fit, 3000, Seed{3}, lane("data")), others), 0.004);
  EXPECT_THROW(fit_sequence_mixture(sequences.leftCols(3), Seed{1}, {.components = 2}), InvalidInput);
}

TEST(TokenConstraint, DecidedTokensHaveStraightPaths) {
  for (const double c : {0.01, 1.0}) {
    stats::GaussianMixture gaussian;
    gaussian.weights = VectorXd::Ones(1), gaussian.means = MatrixXd::Zero(1, 1),
    gaussian.covariances = MatrixXd::Constant(1, 1, c * c);
    const TokenModel model = mixture_tokens(gaussian, 1, {0});
    const TokenConstraint constraint =
        token_constraint(model, draw_mixture(gaussian, 500, Seed{3}, lane("test")), Seed{1}, 2000);
    if (c < 0.5) {
      EXPECT_GT(constraint.straightness[0], 0.98);
      EXPECT_LT(constraint.bend[0], 0.03);
    } else {
      EXPECT_LT(constraint.straightness[0], 0.01);
      EXPECT_GT(constraint.bend[0], 0.99);
    }
  }
}

TEST(TokenConstraint, TheOrderDecidesWhatIsDecided) {
  const stats::GaussianMixture mixture = sine_series(12);
  const MatrixXd sequences = draw_mixture(mixture, 1500, Seed{3}, lane("test"));
  const TokenConstraint raster = token_constraint(
      mixture_tokens(mixture, 3, token_order("raster", 12, Seed{1})), sequences, Seed{1}, 40);
  const TokenConstraint random = token_constraint(
      mixture_tokens(mixture, 3, token_order("random", 12, Seed{1})), sequences, Seed{1}, 40);
  EXPECT_NEAR(raster.unexplained[0], 1, 0.05);
  EXPECT_LT(raster.unexplained[11], 0.1);
  EXPECT_LT(raster.unexplained[11], 0.3 * raster.unexplained[1]);
  EXPECT_GT(raster.r_squared[11], raster.r_squared[1]);
  EXPECT_GT(raster.straightness[11], raster.straightness[0]);
  EXPECT_NE(raster.unexplained[1], random.unexplained[1]);
}

TEST(StepAllocation, CurvesBecomeFallingAndConvex) {
  // 9, then a rise that is pooled, then below the line: hull by hand (1, 9), (3, 3), (6, 0).
  const std::vector<double> curve = convex_curve({1, 2, 3, 4, 6}, Eigen::Vector<double, 5>(9, 8, 3, 2.5, 0));
  const std::vector<double> expected{9, 6, 3, 2, 1, 0};
  ASSERT_EQ(curve.size(), expected.size());
  for (std::size_t i = 0; i < curve.size(); ++i) EXPECT_NEAR(curve[i], expected[i], 1e-12) << i;
  const std::vector<double> pooled = convex_curve({1, 2, 3}, Eigen::Vector3d(5, 1, 3));
  EXPECT_NEAR(pooled[1], 2, 1e-12);
  EXPECT_NEAR(pooled[2], 2, 1e-12);
}

TEST(StepAllocation, TheLawIsFoundAgain) {
  ErrorCurves curves{{4, 8, 16, 32}, MatrixXd(2, 4)};
  for (Index h = 0; h < 4; ++h)
    for (Index rank = 0; rank < 2; ++rank)
      curves.errors(rank, h) =
          (rank == 0 ? 9 : 1.5) *
          std::pow(static_cast<double>(curves.counts[static_cast<std::size_t>(h)]), -0.8);
  const ErrorLaw law = fit_error_law(curves);
  EXPECT_NEAR(law.exponent, 0.8, 1e-9);
  EXPECT_NEAR(law.scales[0], 9, 1e-9);
  EXPECT_NEAR(law.scales[1], 1.5, 1e-9);
  // Lagrange: N_i is proportional to c_i^(1 / (1 + p)).
  const std::vector<std::int64_t> counts = allocate_steps(smoothed(curves), 30);
  EXPECT_NEAR(static_cast<double>(counts[0]) / static_cast<double>(counts[1]), std::pow(6, 1 / 1.8), 0.25);
}

// Against all divisions of the budget.
TEST(StepAllocation, GreedyIsOptimalOnConvexCurves) {
  ErrorCurves curves{{1, 2, 4, 8}, MatrixXd(3, 4)};
  curves.errors << 8, 4, 2, 1, 3, 2, 1.5, 1.2, 20, 6, 5, 4.5;
  std::vector<std::vector<double>> exact;
  for (Index rank = 0; rank < 3; ++rank)
    exact.push_back(convex_curve(curves.counts, curves.errors.row(rank)));
  for (const std::int64_t budget : {3, 7, 12, 20, 24}) {
    const std::vector<std::int64_t> counts = allocate_steps(curves, budget);
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), budget);
    const auto value = [&](std::int64_t a, std::int64_t b, std::int64_t c) {
      return exact[0][static_cast<std::size_t>(a - 1)] + exact[1][static_cast<std::size_t>(b - 1)] +
             exact[2][static_cast<std::size_t>(c - 1)];
    };
    double best = 1e9;
    for (std::int64_t a = 1; a <= 8; ++a)
      for (std::int64_t b = 1; b <= 8; ++b)
        if (const std::int64_t c = budget - a - b; c >= 1 && c <= 8) best = std::min(best, value(a, b, c));
    EXPECT_NEAR(value(counts[0], counts[1], counts[2]), best, 1e-12) << budget;
  }
  EXPECT_THROW(allocate_steps(curves, 2), InvalidInput);
  EXPECT_EQ(allocate_steps(curves, 1000), (std::vector<std::int64_t>{8, 8, 8}));
}

// Bought steps against equal ones, at equal calls, on a series: four seeds, paired.
TEST(StepAllocation, BoughtStepsBeatEqualOnes) {
  const stats::GaussianMixture mixture = sine_series(12, 3, 0.05);
  const TokenModel model = mixture_tokens(mixture, 3, token_order("raster", 12, Seed{1}));
  const ErrorCurves curves = measure_error_curves(model, draw_mixture(mixture, 600, Seed{9}, lane("curves")),
                                                  "ddpm", {4, 8, 16, 32, 64}, Seed{1});
  EXPECT_GT(curves.errors(0, 0), curves.errors(0, 4));
  const std::vector<std::int64_t> bought = allocate_steps(smoothed(curves), 12 * 20);
  EXPECT_LE(std::accumulate(bought.begin(), bought.end(), std::int64_t{0}), 240);
  EXPECT_GT(bought.front(), 2 * bought.back());
  const MatrixXd exact = draw_mixture(mixture, 2000, Seed{1}, lane("exact"));
  double of_bought = 0, of_equal = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto distance = [&](const std::vector<std::int64_t>& counts) {
      const TokenDiffusion method(model, {.count = 600, .counts = counts});
      return energy_distance(drive(method, Budget::steps(12), Seed{seed}).state.sequences, exact) / 4;
    };
    of_bought += distance(bought), of_equal += distance(std::vector<std::int64_t>(12, 20));
  }
  EXPECT_LT(of_bought, 0.8 * of_equal);
}

}  // namespace
}  // namespace lehr::diffusion
