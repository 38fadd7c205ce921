// Adam against what its averages give by hand, and against a minimum that is known.
#include "lehr/optimize/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lehr::optimize {
namespace {

using Eigen::Vector2d;
using Eigen::VectorXd;

// At the first step m / (1 - b1) = g and v / (1 - b2) = g^2: each parameter moves by the rate against its gradient's sign.
TEST(AdamTest, TheFirstStepMovesByTheRate) {
  VectorXd x = Vector2d(1, -2);
  Adam::Averages averages(2);
  Adam{}.step(averages, x, VectorXd(Vector2d(1e-3, -50)), 0.1);
  EXPECT_NEAR(x[0], 0.9, 2e-6);  // epsilon is 1e-5 of this gradient
  EXPECT_NEAR(x[1], -1.9, 1e-9);
  EXPECT_EQ(averages.count, 1);
}

// Gradients g1, g2: m2 = b1 (1 - b1) g1 + (1 - b1) g2, v2 alike, both over what the weights sum to.
TEST(AdamTest, TheSecondStepWeighsBothGradients) {
  const Adam adam{.keep_mean = 0.5, .keep_square = 0.8, .epsilon = 0.25};
  VectorXd x = VectorXd::Zero(1);
  Adam::Averages averages(1);
  adam.step(averages, x, VectorXd::Constant(1, 2.0), 1);
  EXPECT_NEAR(x[0], -2 / 2.25, 1e-15);
  adam.step(averages, x, VectorXd::Constant(1, -1.0), 1);
  const double mean = (0.25 * 2 + 0.5 * -1) / 0.75, square = (0.16 * 4 + 0.2 * 1) / 0.36;
  EXPECT_NEAR(x[0], -2 / 2.25 - mean / (std::sqrt(square) + 0.25), 1e-15);
}

// Badly scaled squares: min of (x - 3)^2 / 2 + 10^4 (y + 1)^2 / 2 with a falling rate.
TEST(AdamTest, FindsTheMinimumOfABadlyScaledSquare) {
  VectorXd x = VectorXd::Zero(2);
  Adam::Averages averages(2);
  for (int i = 0; i < 2000; ++i) {
    const VectorXd gradient = Vector2d(x[0] - 3, 1e4 * (x[1] + 1));
    Adam{}.step(averages, x, gradient, 0.05 * std::pow(1e-3, i / 2000.0));
  }
  EXPECT_NEAR(x[0], 3, 1e-3);
  EXPECT_NEAR(x[1], -1, 1e-3);
}

// Averages of blocks do not mix: two blocks step as one of both.
TEST(AdamTest, BlocksStepAsTheWhole) {
  VectorXd whole = Vector2d(1, 2), left = whole.head(1), right = whole.tail(1);
  Adam::Averages both(2), first(1), second(1);
  for (int i = 1; i <= 3; ++i) {
    const VectorXd gradient = Vector2d(0.3 * i, -1.0 / i);
    Adam{}.step(both, whole, gradient, 0.1);
    Adam{}.step(first, left, gradient.head(1), 0.1);
    Adam{}.step(second, right, gradient.tail(1), 0.1);
  }
  EXPECT_EQ(whole[0], left[0]);
  EXPECT_EQ(whole[1], right[0]);
}

}  // namespace
}  // namespace lehr::optimize
