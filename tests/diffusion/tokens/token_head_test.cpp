#include "lehr/diffusion/tokens/token_head.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

TEST(TokenHead, RespacingKeepsBothEnds) {
  EXPECT_EQ(respaced_indices(1), std::vector<int>{999});
  EXPECT_EQ(respaced_indices(2), (std::vector<int>{0, 999}));
  EXPECT_EQ(respaced_indices(5), (std::vector<int>{0, 250, 500, 749, 999}));
  for (const int n : {3, 27, 100, 999, 1000}) {
    const std::vector<int> indices = respaced_indices(n);
    EXPECT_EQ(indices.front(), 0);
    EXPECT_EQ(indices.back(), 999);
    EXPECT_TRUE(std::ranges::adjacent_find(indices, std::greater_equal<>()) == indices.end()) << n;
  }
  EXPECT_THROW(respaced_indices(0), InvalidInput);
  EXPECT_THROW(respaced_indices(1001), InvalidInput);
}

TEST(TokenHead, TheTableIsTheCosineWithItsBetasBounded) {
  const std::vector<double>& table = cosine_alpha_bar();
  ASSERT_EQ(table.size(), 1000u);
  const auto f = [](double t) {
    return std::pow(std::cos((t / 1000 + 0.008) / 1.008 * std::acos(-1.0) / 2), 2);
  };
  for (const int t : {0, 1, 250, 700, 998})
    EXPECT_NEAR(table[static_cast<std::size_t>(t)] / (f(t + 1) / f(0)), 1, 1e-10) << t;
  EXPECT_NEAR(1 - table[999] / table[998], 0.999, 1e-12);
}

// The step at N = 1000 is the textbook posterior q(x_{t-1} | x_t, x_0), here from products of Gaussian densities in one dimension:
// precision 1/(1 - abar') + alpha/beta, mean (sqrt(abar') x0/(1 - abar') + sqrt(alpha) x_t/beta) / precision.
TEST(TokenHead, FullTableStepsAreTheTextbookPosterior) {
  const TokenHead head = ddpm_head(1000);
  EXPECT_EQ(head.evaluations(), 1000);
  const std::vector<double>& table = cosine_alpha_bar();
  for (const int t : {999, 998, 600, 100, 2, 1}) {
    const double level = table[static_cast<std::size_t>(t)], before = table[static_cast<std::size_t>(t - 1)];
    const double alpha = level / before, beta = 1 - alpha, precision = 1 / (1 - before) + alpha / beta;
    const std::size_t node = static_cast<std::size_t>(1000 - t);
    EXPECT_NEAR(head.nodes[node].cleans[0].factor, std::sqrt(before) / (1 - before) / precision, 1e-12) << t;
    EXPECT_NEAR(head.nodes[node].states[0].factor, std::sqrt(alpha) / beta / precision, 1e-12) << t;
    EXPECT_NEAR(head.nodes[node].gaussian, std::sqrt(1 / precision), 1e-12) << t;
  }
  // The last step gives the clean token itself, without noise.
  EXPECT_NEAR(head.nodes.back().cleans[0].factor, 1, 1e-12);
  EXPECT_TRUE(head.nodes.back().states.empty());
  EXPECT_EQ(head.nodes.back().gaussian, 0);
  EXPECT_NEAR(ddpm_head(50, 0.9).nodes[7].gaussian, 0.9 * ddpm_head(50).nodes[7].gaussian, 1e-15);
}

// On the data law N(0, c^2), E[x0 | x] = a c^2 / (a^2 c^2 + s^2) x, so a deterministic head is a number; the exact flow gives c.
double contraction(const TokenHead& head, double c) {
  std::vector<double> x(head.nodes.size()), clean(head.nodes.size());
  for (std::size_t i = 0; i < head.nodes.size(); ++i) {
    const HeadNode& node = head.nodes[i];
    if (i == 0) x[i] = head.start_deviation;
    for (const PlanTerm& term : node.states) x[i] += term.factor * x[static_cast<std::size_t>(term.node)];
    for (const PlanTerm& term : node.cleans) x[i] += term.factor * clean[static_cast<std::size_t>(term.node)];
    clean[i] = node.a * c * c / (node.a * node.a * c * c + node.s * node.s) * x[i];
  }
  return x.back();
}

// The plans go from index 980 to 1; the flow multiplies by the ratio of the law's deviations there.
TEST(TokenHead, DeterministicHeadsFollowTheFlow) {
  const auto deviation = [](std::size_t index, double c) {
    const double level = cosine_alpha_bar()[index];
    return std::hypot(std::sqrt(level) * c, std::sqrt(1 - level));
  };
  for (const double c : {0.3, 1.5}) {
    const double end = token_head("ddim", 20).start_deviation * deviation(1, c) / deviation(980, c);
    for (const char* text : {"ddim", "deis(order=2)", "dpmpp", "unipc", "dpm_solver", "dpm_solver_singlestep",
                             "dpm_solver_pp_3m", "taylor_data"}) {
      EXPECT_EQ(token_head(text, 20).evaluations(), 20) << text;
      EXPECT_NEAR(contraction(token_head(text, 200), c), end, 0.02 * end) << text;
      EXPECT_LT(std::abs(contraction(token_head(text, 200), c) - end),
                0.5 * std::abs(contraction(token_head(text, 50), c) - end))
          << text;
    }
    EXPECT_NEAR(contraction(token_head("flow", 400), c), c, 0.01 * c);
    // Higher order at equal calls.
    EXPECT_LT(std::abs(contraction(token_head("deis(order=2)", 50), c) - end),
              0.5 * std::abs(contraction(token_head("ddim", 50), c) - end));
  }
  EXPECT_THROW(token_head("ddmp", 10), InvalidInput);
  EXPECT_THROW(token_head("ddpm", 0), InvalidInput);
  EXPECT_THROW(token_head("ddpm", 1001), InvalidInput);
  EXPECT_THROW(token_head("ddim", 980), InvalidInput);
  EXPECT_THROW(token_head("ddpm", 10, -0.1), InvalidInput);
  EXPECT_THROW(token_head("deis(order=4)", 10), InvalidInput);
}

}  // namespace
}  // namespace lehr::diffusion
