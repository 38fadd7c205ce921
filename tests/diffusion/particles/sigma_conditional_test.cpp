#include "lehr/diffusion/particles/sigma_conditional.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "tests/diffusion/particles/chain_cases.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using test::ChainCase;

// Differences of log p_sigma between levels against the density of the noised mixture; the fast path against the general one.
TEST(SigmaConditional, ExactIsTheMixturesDensity) {
  const ChainCase c;
  const std::vector<double> sigmas = geometric_sigma_grid(0.01, 20, 12);
  const Lanes x = (c.truth(37, 3) + 0.3 * c.truth(37, 4)).transpose().array();
  Lanes fast, general, unused;
  exact_conditional(c.mixture, sigmas).evaluate(x, unused, fast);
  density_conditional(c.model, c.process, sigmas).evaluate(x, unused, general);
  for (Index j = 0; j < 12; ++j) {
    const stats::MixtureDensity density(noised(c.mixture, 1, sigmas[static_cast<std::size_t>(j)]));
    const stats::MixtureDensity first(noised(c.mixture, 1, sigmas[0]));
    const Eigen::VectorXd expected = density.log_density({x.matrix().transpose(), {}, {}}) -
                                     first.log_density({x.matrix().transpose(), {}, {}});
    EXPECT_LT((fast.col(j) - fast.col(0) - expected.array()).abs().maxCoeff(), 1e-8);
    EXPECT_LT((general.col(j) - general.col(0) - expected.array()).abs().maxCoeff(), 1e-8);
  }
}

TEST(SigmaConditional, GridsAndErrors) {
  const std::vector<double> grid = geometric_sigma_grid(0.01, 20, 60, 0);
  EXPECT_DOUBLE_EQ(grid.front(), 0.01);
  EXPECT_DOUBLE_EQ(grid.back(), 20);
  EXPECT_GT(geometric_sigma_grid(0.01, 20, 60).front(), 0.01);
  EXPECT_EQ(nearest_level(grid, 20), 59);
  EXPECT_THROW(geometric_sigma_grid(1, 0.5, 10), InvalidInput);
  EXPECT_THROW(check_sigma_grid({0.1, 0.1}), InvalidInput);
  EXPECT_THROW(check_sigma_grid({}), InvalidInput);
  const auto wrong =
      classifier_conditional(grid, [](const Lanes& x, Lanes& out) { out = Lanes::Zero(x.rows(), 3); });
  Lanes x = Lanes::Zero(4, 2), out;
  EXPECT_THROW(wrong.evaluate(x, x, out), InvalidInput);
}

// The residual of a point at a known distance from its clean point is largest where sigma^2 d is that distance squared.
TEST(SigmaConditional, ResidualFindsTheLevel) {
  const std::vector<double> grid = geometric_sigma_grid(0.01, 20, 60);
  const auto residual = residual_conditional(grid);
  const Lanes clean = Lanes::Zero(1, 16);
  for (const int level : {5, 30, 55}) {
    Lanes out;
    residual.evaluate(Lanes::Constant(1, 16, grid[static_cast<std::size_t>(level)]), clean, out);
    Index best = 0;
    out.row(0).maxCoeff(&best);
    EXPECT_EQ(best, level);
  }
}

// A trained classifier's expected sigma is near the exact one's, above the width of the modes.
TEST(SigmaConditional, ClassifierLearnsTheLevels) {
  const ChainCase c;
  const std::vector<double> grid = geometric_sigma_grid(0.01, 20, 24);
  const LevelClassifier network = train_level_classifier(c.truth(2000, 9), grid, {.steps = 1500});
  EXPECT_LT(network.loss, 0.75 * std::log(24.0));
  const auto learned =
      classifier_conditional(grid, [&](const Lanes& x, Lanes& out) { network.logits(x, out); });
  double error = 0;
  int counted = 0;
  for (std::size_t level = 12; level < 24; ++level) {
    Stream random(Seed{2}, level);
    MatrixXd x = c.truth(50, 100 + level);
    for (double& value : x.reshaped()) value += grid[level] * normal(random);
    Lanes out;
    learned.evaluate(x.transpose().array(), {}, out);
    for (Index i = 0; i < 50; ++i) {
      Index best = 0;
      out.row(i).maxCoeff(&best);
      error += std::abs(static_cast<double>(best) - static_cast<double>(level));
      ++counted;
    }
  }
  EXPECT_LT(error / counted, 1.5);  // of 24 levels, a factor 1.39 each
}

}  // namespace
}  // namespace lehr::diffusion
