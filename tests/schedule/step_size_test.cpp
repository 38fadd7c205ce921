#include <gtest/gtest.h>

#include "lehr/core/random.hpp"
#include "lehr/schedule/acceptance_rate.hpp"
#include "lehr/schedule/dual_averaging.hpp"
#include "lehr/schedule/step_size_pid.hpp"

namespace lehr::schedule {
namespace {

static_assert(Controller<StepSizePid>);
static_assert(Controller<AcceptanceRate>);
static_assert(Controller<DualAveraging>);

// ---- step_size_pid ----------------------------------------------------------------------------------------

TEST(StepSizePid, HandValues) {
  StepSizePid step({.start = 0.1, .order = 5});
  EXPECT_EQ(step.value(), 0.1);
  EXPECT_TRUE(step.observe(0.5));  // the error before the first counts as 1
  const double second = 0.1 * 0.9 * std::pow(0.5, -0.7 / 5);
  EXPECT_NEAR(step.value(), second, 1e-15);
  EXPECT_TRUE(step.observe(0.8));
  const double third = second * 0.9 * std::pow(0.8, -0.7 / 5) * std::pow(0.5, 0.4 / 5);
  EXPECT_NEAR(step.value(), third, 1e-15);
  EXPECT_FALSE(step.observe(2));
  const double fourth = third * 0.9 * std::pow(2, -0.2);
  EXPECT_NEAR(step.value(), fourth, 1e-15);
  EXPECT_TRUE(step.observe(1e-9));  // no growth right after a rejection
  EXPECT_NEAR(step.value(), fourth, 1e-15);
}

TEST(StepSizePid, FactorsAreLimited) {
  StepSizePid step({.start = 1, .order = 5, .proportional = 0, .integral = 1, .highest = 4});
  EXPECT_TRUE(step.observe(0));
  EXPECT_EQ(step.value(), 4);
  EXPECT_FALSE(step.observe(std::nan("")));
  EXPECT_NEAR(step.value(), 0.8, 1e-15);
  EXPECT_FALSE(step.observe(1e30));
  EXPECT_NEAR(step.value(), 0.16, 1e-15);
}

// On the error model e = C h^k the fixed point solves safety e^{-I/k} = 1: e = safety^{k/I}.
TEST(StepSizePid, SettlesWhereTheErrorModelSays) {
  const double k = 4, C = 3e5;
  for (const double proportional : {0.0, 0.4}) {
    StepSizePid step({.start = 1, .order = k, .proportional = proportional, .integral = 0.3});
    for (int i = 0; i < 300; ++i) step.observe(C * std::pow(step.value(), k));
    EXPECT_NEAR(C * std::pow(step.value(), k), std::pow(0.9, k / 0.3), 1e-12);
  }
}

TEST(StepSizePid, TinyStepsEndTheRun) {
  StepSizePid step({.start = 1, .smallest = 0.1});
  step.observe(1e9);
  EXPECT_THROW(step.observe(1e9), NumericalFailure);
  EXPECT_THROW(StepSizePid({.start = 0}), InvalidInput);
  EXPECT_THROW(StepSizePid({.lowest = 1.5}), InvalidInput);
}

// ---- acceptance_rate, dual_averaging ----------------------------------------------------------------------

// An acceptance function that falls from 1 to 0 as the step grows: a(s) = exp(-s); a = target at s =
// -log(target).
double acceptance(double step) { return std::exp(-step); }

TEST(AcceptanceRate, ReachesTheTarget) {
  for (const double start : {1e-3, 1.0, 1e3}) {
    AcceptanceRate scale({.target = 0.3, .start = start, .gain = 2});
    for (int i = 0; i < 5000; ++i) scale.observe(acceptance(scale.value()));
    EXPECT_NEAR(acceptance(scale.value()), 0.3, 1e-6);
  }
}

TEST(AcceptanceRate, ReachesTheTargetFromAcceptAndReject) {
  AcceptanceRate scale({.target = 0.44, .start = 50});
  Stream random(Seed{2}, lane("moves"));
  for (int i = 0; i < 200'000; ++i) scale.observe(uniform(random) < acceptance(scale.value()) ? 1 : 0);
  EXPECT_NEAR(acceptance(scale.value()), 0.44, 0.02);  // error about sqrt(gain n^-decay / 2) / slope, 0.01
}

TEST(DualAveraging, FirstStepsByHand) {
  DualAveraging step({.target = 0.8, .start = 0.5});
  EXPECT_DOUBLE_EQ(step.value(), 0.5);
  step.observe(1);
  const double shortfall = (0.8 - 1) / 11;
  EXPECT_NEAR(step.value(), 5 * std::exp(-shortfall / 0.05), 1e-12);
  EXPECT_NEAR(step.averaged(), step.value(), 1e-12);
  const double first = std::log(step.value());
  step.observe(0.25);
  const double next = (1 - 1.0 / 12) * shortfall + (0.8 - 0.25) / 12;
  const double log_step = std::log(5.0) - std::sqrt(2.0) / 0.05 * next;
  EXPECT_NEAR(std::log(step.value()), log_step, 1e-12);
  const double weight = std::pow(2, -0.75);
  EXPECT_NEAR(std::log(step.averaged()), weight * log_step + (1 - weight) * first, 1e-12);
}

TEST(DualAveraging, ReachesTheTargetFromAcceptAndReject) {
  for (const double start : {1e-2, 1.0, 30.0}) {
    DualAveraging step({.target = 0.8, .start = start, .adapt = 20'000});
    Stream random(Seed{4}, lane("moves"));
    for (int i = 0; i < 30'000; ++i) step.observe(uniform(random) < acceptance(step.value()) ? 1 : 0);
    EXPECT_FALSE(step.adapting());
    EXPECT_EQ(step.value(), step.averaged());
    EXPECT_NEAR(acceptance(step.value()), 0.8, 0.02);
  }
}

TEST(DualAveraging, DivergenceCountsAsRejection) {
  DualAveraging a({.start = 1}), b({.start = 1});
  a.observe(std::nan(""));
  b.observe(0);
  EXPECT_EQ(a.value(), b.value());
  EXPECT_THROW(DualAveraging({.target = 1}), InvalidInput);
  EXPECT_THROW(AcceptanceRate({.start = -1}), InvalidInput);
}

}  // namespace
}  // namespace lehr::schedule
