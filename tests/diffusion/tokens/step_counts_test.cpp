#include "lehr/diffusion/tokens/step_counts.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"

namespace lehr::diffusion {
namespace {

using Counts = std::vector<std::int64_t>;

std::int64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

TEST(StepCounts, TheFamiliesHaveTheirWholeNumbers) {
  const Counts linear = step_counts("linear(from=50, to=5)", 16);
  EXPECT_EQ(linear, (Counts{50, 47, 44, 41, 38, 35, 32, 29, 26, 23, 20, 17, 14, 11, 8, 5}));
  EXPECT_EQ(sum(linear), 440);
  EXPECT_EQ(sum(step_counts("reversed(linear(50, 5))", 16)), 440);
  EXPECT_EQ(step_counts("reversed(linear(50, 5))", 16).front(), 5);
  // Truncated, not rounded: 22 (14 - i) / 14 over 15 steps.
  EXPECT_EQ(step_counts("linear(from=25, to=3)", 15),
            (Counts{25, 23, 21, 20, 18, 17, 15, 14, 12, 10, 9, 7, 6, 4, 3}));
  EXPECT_EQ(step_counts("cosine(from=50, to=5)", 4), (Counts{50, 38, 16, 5}));
  EXPECT_EQ(step_counts("two_stage(from=50, to=5)", 5), (Counts{50, 50, 5, 5, 5}));
  EXPECT_EQ(step_counts("constant(from=50, to=5)", 3), (Counts{5, 5, 5}));
  EXPECT_EQ(step_counts("constant(28)", 3), (Counts{28, 28, 28}));
  EXPECT_EQ(step_counts("28", 2), (Counts{28, 28}));
  EXPECT_EQ(step_counts("flowar(from=25, to=15)", 4), (Counts{25, 22, 20, 17}));
  EXPECT_EQ(step_counts("linear(from=5, to=50)", 4), (Counts{5, 20, 35, 50}));
  EXPECT_EQ(step_counts("geometric(from=50, to=5)", 3), (Counts{50, 16, 5}));
  EXPECT_EQ(step_counts("linear(from=50, to=5)", 1), (Counts{50}));
  EXPECT_EQ(step_counts(step_counts_text(linear), 16), linear);
}

TEST(StepCounts, WhatCannotBeIsRefusedByName) {
  const auto message = [](auto text, bool decreasing = false) -> std::string {
    try {
      step_counts(text, 16, decreasing);
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message("linear(from=5, to=0)").find("whole number in [1, 1000], found 0"), std::string::npos);
  EXPECT_NE(message("linear(from=5000, to=1)").find("found 5000"), std::string::npos);
  EXPECT_NE(message("linear(from=50)").find("'to' of 'linear'"), std::string::npos);
  EXPECT_NE(message("linear(from=50, too=5)").find("no argument 'too'"), std::string::npos);
  EXPECT_NE(message("knots(values=[50, -3])").find("must be in [1, 1000]"), std::string::npos);
  EXPECT_NE(message("reversed(linear(50, 5))", true).find("rise from 5 to 8 at generation step 1"),
            std::string::npos);
  EXPECT_EQ(message("linear(50, 5)", true), "");
  EXPECT_NE(message("lineer(50, 5)"), "");
}

TEST(StepCounts, MaskedDrawsFollowTheCosine) {
  const Counts drawn = masked_draws(256, 64);
  EXPECT_EQ(sum(drawn), 256);
  std::int64_t masked = 256;
  for (std::size_t i = 0; i < 63; ++i) {
    masked -= drawn[i];
    const auto rule = static_cast<std::int64_t>(
        std::floor(256 * std::cos(std::acos(-1.0) / 2 * static_cast<double>(i + 1) / 64)));
    // Where the cosine is flat, a step draws one token although the rule has not moved.
    EXPECT_TRUE(masked == rule || drawn[i] == 1) << i;
  }
  EXPECT_LT(drawn.front(), drawn.back());
  EXPECT_EQ(masked_draws(16, 16), Counts(16, 1));
  EXPECT_EQ(masked_draws(16, 1), Counts{16});
  EXPECT_EQ(masked_draws(16, 3), (Counts{3, 5, 8}));
  EXPECT_THROW(masked_draws(16, 17), InvalidInput);
  // Tokens are counted, not steps: with more tokens late, annealing saves more than the mean of N_i says.
  EXPECT_LT(total_calls(step_counts("linear(50, 5)", 4), masked_draws(16, 4)), 16 * 27);
}

TEST(StepCounts, OrdersHaveEachPositionOnce) {
  EXPECT_EQ(token_order("raster", 3, Seed{1}), (Counts{0, 1, 2}));
  EXPECT_EQ(token_order("reversed", 3, Seed{1}), (Counts{2, 1, 0}));
  EXPECT_EQ(token_order("2, 0,1", 3, Seed{1}), (Counts{2, 0, 1}));
  Counts random = token_order("random", 64, Seed{1});
  EXPECT_NE(random, token_order("random", 64, Seed{2}));
  EXPECT_EQ(random, token_order("random", 64, Seed{1}));
  std::ranges::sort(random);
  EXPECT_EQ(random, token_order("raster", 64, Seed{1}));
  const auto message = [](const char* text) -> std::string {
    try {
      token_order(text, 4, Seed{1});
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message("0,1,3"), "order: position 2 is missing");
  EXPECT_EQ(message("0,1,1,3"), "order: position 1 is there twice");
  EXPECT_EQ(message("0,1,2,4"), "order: position 4 is not in [0, 3]");
  EXPECT_NE(message("rasta"), "");
}

}  // namespace
}  // namespace lehr::diffusion
