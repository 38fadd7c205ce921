#include "lehr/spin/memory/continual_potential.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

TEST(ContinualPotential, SlopesOfTheEnergyTermAreItsDifferences) {
  const auto outer = stats::gauss_hermite(64), inner = stats::gauss_hermite(32);
  const PerceptronOrder at{0.3, 0.4, 0.35};
  const auto value = [&](double q, double r, double q_star) {
    return energy_term({q, r, q_star}, 30, outer, inner).value;
  };
  const EnergyTerm term = energy_term(at, 30, outer, inner);
  constexpr double h = 1e-5;
  EXPECT_NEAR(term.by_q, (value(0.3 + h, 0.4, 0.35) - value(0.3 - h, 0.4, 0.35)) / (2 * h), 1e-5);
  EXPECT_NEAR(term.by_r, (value(0.3, 0.4 + h, 0.35) - value(0.3, 0.4 - h, 0.35)) / (2 * h), 1e-5);
  EXPECT_NEAR(term.by_q_star, (value(0.3, 0.4, 0.35 + h) - value(0.3, 0.4, 0.35 - h)) / (2 * h), 1e-5);
}

// Without curvature and with beta = 0+ the measure is uniform: the mean of m under e^(h m) is coth h - 1 / h.
TEST(ContinualPotential, MagnetisationMeasureHasLangevinsMean) {
  const MagnetisationMeasure measure(160, 1e-9);
  for (const double h : {0.5, 3.0, 20.0})
    EXPECT_NEAR(measure.averages(0, h).mean, 1 / std::tanh(h) - 1 / h, 1e-8);
  const auto up = measure.averages(0.3, 1 + 1e-5), down = measure.averages(0.3, 1 - 1e-5);
  EXPECT_NEAR(measure.averages(0.3, 1).mean_slope, (up.mean - down.mean) / 2e-5, 1e-7);
  EXPECT_NEAR(measure.averages(0.3, 1).square_slope, (up.square - down.square) / 2e-5, 1e-7);
}

// Order parameters of the first task at beta_T = 200 from an independent solver with fixed nodes.
TEST(ContinualPotential, FirstTask) {
  struct Reference {
    double alpha, q, r, error;
  };
  for (const auto& [alpha, q, r, error] : std::vector<Reference>{
           {0.5, 0.1282, 0.1890, 0.3230}, {1, 0.2635, 0.3636, 0.2494}, {1.5, 0.4176, 0.5362, 0.1885}}) {
    const FirstTask task = solve_first_task(alpha, 200);
    EXPECT_NEAR(task.order.q, q, 1e-3);
    EXPECT_NEAR(task.order.r, r, 1e-3);
    EXPECT_NEAR(task.error, error, 1e-3);
  }
  EXPECT_EQ(solve_first_task(0, 50).error, 0.5);
}

// alpha_1 = 2, beta_T = 50 and 20; (teacher overlap, alpha_2) and the error on the second task.
TEST(ContinualPotential, SecondTask) {
  const FirstTask first = solve_first_task(2, 50);
  const std::vector<std::array<double, 3>> references{
      {0, 1, 0.3832}, {0, 2, 0.2772}, {0.5, 1, 0.2603}, {0.5, 2, 0.1704}, {-0.5, 1, 0.5041}};
  for (const auto& [overlap, alpha, error] : references)
    EXPECT_NEAR(solve_second_task(first, alpha, 20, overlap).error, error, 1e-3);
  EXPECT_NEAR(solve_second_task(first, 1, 20, 0).first_error, 0.26, 0.01);
}

TEST(ContinualPotential, OpposedTeachersAreNoSpecialCase) {
  const FirstTask first = solve_first_task(1, 50);
  const SecondTask same = solve_second_task(first, 1, 20, 1);
  EXPECT_LT(same.error, first.error);
  EXPECT_NEAR(same.error, same.first_error, 1e-9);
  const SecondTask opposed = solve_second_task(first, 1, 20, -1);
  EXPECT_NEAR(opposed.error, 1 - opposed.first_error, 1e-9);
}

// Where no first task was learnt, the second is a first one.
TEST(ContinualPotential, AnUntrainedPriorIsNoPrior) {
  const SecondTask second = solve_second_task(solve_first_task(0, 50), 1, 20, 0.3);
  const FirstTask alone = solve_first_task(1, 20);
  EXPECT_NEAR(second.error, alone.error, 1e-6);
  EXPECT_NEAR(second.order.q, alone.order.q, 1e-6);
}

TEST(ContinualPotential, RefusesPointsOutsideItsRange) {
  EXPECT_THROW(solve_first_task(-1, 50), InvalidInput);
  EXPECT_THROW(solve_first_task(1, 0), InvalidInput);
  EXPECT_THROW(solve_second_task(solve_first_task(1, 50), 1, 20, 1.5), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
