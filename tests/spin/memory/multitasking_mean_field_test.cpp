#include "lehr/spin/memory/multitasking_mean_field.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lehr/core/errors.hpp"

namespace lehr::spin {
namespace {

std::vector<double> equal(int patterns, double dilution) {
  return std::vector<double>(static_cast<std::size_t>(patterns), dilution);
}

MultitaskingPoint from_hierarchy(int patterns, double dilution, double temperature) {
  const auto d = equal(patterns, dilution);
  return solve_multitasking(storing_classes(d), temperature, hierarchical_amplitudes(d));
}

void expect_overlaps(const Eigen::VectorXd& found, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(found.size(), static_cast<Eigen::Index>(expected.size()));
  for (Eigen::Index k = 0; k < found.size(); ++k)
    EXPECT_NEAR(found(k), expected[static_cast<std::size_t>(k)], tolerance) << "pattern " << k + 1;
}

// m_mu = (1 - d) d^(mu - 1) while 1 - 2d + d^K > 0.
TEST(MultitaskingMeanField, HierarchyIsTheFixedPointBelowTheCriticalDilution) {
  for (const auto& [patterns, d] : std::vector<std::pair<int, double>>{{2, 0.1},
                                                                       {2, 0.3},
                                                                       {2, 0.45},
                                                                       {3, 0.1},
                                                                       {3, 0.3},
                                                                       {3, 0.45},
                                                                       {3, 0.6},
                                                                       {5, 0.1},
                                                                       {5, 0.3},
                                                                       {5, 0.45}}) {
    const MultitaskingPoint point = from_hierarchy(patterns, d, 0);
    ASSERT_TRUE(point.converged);
    for (int mu = 0; mu < patterns; ++mu)
      EXPECT_NEAR(point.m(mu), (1 - d) * std::pow(d, mu), 1e-6) << patterns << " patterns, d = " << d;
  }
}

// The compressed amplitudes follow from counting which sums of amplitudes win; those of K = 3 by hand:
// m_1 = (1 - d)[d^2 + 2 d (1 - d) + (1 - d)^2 / 2] and so on.
TEST(MultitaskingMeanField, AmplitudesCompressAboveIt) {
  expect_overlaps(from_hierarchy(3, 0.7, 0.005).m, {0.2865, 0.2235, 0.1605}, 1e-4);
  expect_overlaps(from_hierarchy(5, 0.55, 0).m, {0.4341, 0.2578, 0.1577, 0.0908, 0.0525}, 1e-4);
  EXPECT_GT(std::abs(from_hierarchy(3, 0.63, 0).m(0) - 0.37), 0.01);
}

TEST(MultitaskingMeanField, CriticalDilutionIsTheRootOfItsPolynomial) {
  EXPECT_FALSE(critical_dilution(2).has_value());
  for (const Index patterns : {3, 4, 5, 8}) {
    double low = 0.5, high = 0.9;
    while (high - low > 1e-10) {
      const double d = (low + high) / 2;
      (1 - 2 * d + std::pow(d, patterns) > 0 ? low : high) = d;
    }
    EXPECT_NEAR(critical_dilution(patterns).value(), low, 1e-3) << patterns << " patterns";
  }
  EXPECT_NEAR(critical_dilution(3).value(), (std::sqrt(5.0) - 1) / 2, 2e-4);
}

TEST(MultitaskingMeanField, TwoPatternsAreHierarchicalOrParallel) {
  const auto regime = [](double d, double T) {
    return multitasking_regime(storing_classes(std::vector<double>{d, d}), T);
  };
  const RegimePoint mild = regime(0.3, 0.1);
  EXPECT_EQ(mild.regime, Regime::hierarchical);
  expect_overlaps(mild.point.m, {0.700, 0.203}, 5e-4);
  const RegimePoint warm = regime(0.8, 0.12), cold = regime(0.8, 0.05);
  EXPECT_EQ(warm.regime, Regime::parallel);
  expect_overlaps(warm.point.m, {0.1585, 0.1585}, 1e-4);
  expect_overlaps(cold.point.m, {0.1798, 0.1798}, 1e-4);
  EXPECT_EQ(regime(0.5, 0.6).regime, Regime::ergodic);
  EXPECT_EQ(regime(0.0, 0.3).regime, Regime::pure);
}

// At K = 2 the parallel state is stable iff (1 - d)[(1 - d) + d sech^2(beta m)] < T < 1 - d.
TEST(MultitaskingMeanField, ParallelStateIsStableWhereTheHessianIsPositive) {
  for (const double d : {0.3, 0.5, 0.7, 0.9})
    for (const double reduced : {0.35, 0.55, 0.75, 0.9}) {
      const double T = reduced * (1 - d);
      double m = 1 - d;  // m = E[xi_1 tanh(beta m (xi_1 + xi_2))]
      for (int i = 0; i < 5000; ++i)
        m = (1 - d) * (d * std::tanh(m / T) + (1 - d) / 2 * std::tanh(2 * m / T));
      const auto point =
          multitasking_at(storing_classes(std::vector<double>{d, d}), T, Eigen::Vector2d(m, m));
      const double sech = 1 / std::cosh(m / T);
      EXPECT_EQ(point.stable(), (1 - d) * ((1 - d) + d * sech * sech) < T) << "d " << d << ", T " << T;
    }
}

TEST(MultitaskingMeanField, FixedPointsAreStationaryPointsOfTheFreeEnergy) {
  const auto stored = storing_classes(equal(3, 0.4));
  for (const NeuronClasses& classes : {stored, learnt_classes(stored, 0.5, 20)}) {
    const double T = 0.15 * classes.examples.maxCoeff();
    const auto point = solve_multitasking(classes, T, 0.4 * hierarchical_amplitudes(equal(3, 0.4)));
    ASSERT_TRUE(point.converged);
    for (Eigen::Index mu = 0; mu < 3; ++mu) {
      Eigen::VectorXd up = point.n, down = point.n;
      up(mu) += 1e-4, down(mu) -= 1e-4;
      const double slope =
          multitasking_at(classes, T, up).free_energy - multitasking_at(classes, T, down).free_energy;
      EXPECT_NEAR(slope / 2e-4, 0, 1e-6);
    }
  }
}

// With 25 examples the normal law of their mean is off by 0.007; the exact binomial gives 0.793 (the limit of many
// spins), and 50 and 100 examples 0.943 and 0.993.
TEST(MultitaskingMeanField, ExamplesRaiseThePatterns) {
  const auto d = equal(3, 0.2);
  const Eigen::VectorXd start = 0.3 * hierarchical_amplitudes(d);
  EXPECT_NEAR(solve_multitasking(binomial_classes(d, 0.3, 25), 0, start).m(0) / 0.8, 0.793, 0.002);
  const auto normal = [&](double M) {
    return solve_multitasking(learnt_classes(storing_classes(d), 0.3, M), 0, start).m(0) / 0.8;
  };
  EXPECT_NEAR(normal(25), 0.793, 0.01);
  EXPECT_NEAR(normal(50), 0.943, 0.006);
  EXPECT_NEAR(normal(100), 0.993, 0.002);

  const std::int64_t needed = examples_needed(d, 0.3, 0.01, 0).value();
  const auto gap = [&](std::int64_t M) {
    return (solve_multitasking(learnt_classes(storing_classes(d), 0.3, static_cast<double>(M)), 0, start).m -
            hierarchical_amplitudes(d))
        .cwiseAbs()
        .maxCoeff();
  };
  EXPECT_LE(gap(needed), 0.01);
  EXPECT_GT(gap(needed - 1), 0.01);
}

TEST(MultitaskingMeanField, OneStepAgreesWithTheFixedPointWhereNoiseIsSmall) {
  const auto d = equal(3, 0.3);
  const auto clean = signal_to_noise(storing_classes(d), hierarchical_amplitudes(d));
  expect_overlaps(clean.next, {0.7, 0.21, 0.063}, 1e-12);
  const auto classes = learnt_classes(storing_classes(d), 0.4, 400);
  const auto step = signal_to_noise(classes, hierarchical_amplitudes(d));
  const auto point = solve_multitasking(classes, 0, 0.4 * hierarchical_amplitudes(d));
  for (Eigen::Index mu = 0; mu < 3; ++mu) EXPECT_NEAR(step.next(mu), point.m(mu), 5e-3);
}

TEST(MultitaskingMeanField, GivenPatternsAreAveragedAsTheyAre) {
  SparsePatterns patterns(2, 4);
  patterns << 1, -1, 0, 1, 1, -1, 1, 0;
  const NeuronClasses classes = empirical_classes(patterns);
  EXPECT_EQ(classes.weights.size(), 3);  // (1, 1) twice by symmetry, (0, 1), (1, 0)
  const auto point = solve_multitasking(classes, 0, Eigen::Vector2d(0.7, 0.7));
  expect_overlaps(point.m, {0.75, 0.75}, 1e-12);
}

TEST(MultitaskingMeanField, SampledKindsAgreeWithTheExactSum) {
  const auto d = equal(3, 0.45);
  const SampledPoint sampled = solve_sampled(d, 0.02, 10'000, 6, Seed{3});
  const Eigen::VectorXd exact = from_hierarchy(3, 0.45, 0.02).m;
  for (Eigen::Index mu = 0; mu < 3; ++mu) {
    EXPECT_LT(sampled.standard_error(mu), 0.005);
    EXPECT_NEAR(sampled.m(mu), exact(mu), 5 * sampled.standard_error(mu) + 1e-6);
  }
}

TEST(MultitaskingMeanField, RefusesWhatItCannotSum) {
  EXPECT_THROW(storing_classes(equal(13, 0.5)), InvalidInput);
  EXPECT_THROW(storing_classes(std::vector<double>{1.0}), InvalidInput);
  EXPECT_THROW(learnt_classes(storing_classes(equal(2, 0.5)), 0, 10), InvalidInput);
  EXPECT_THROW(binomial_classes(equal(2, 0.5), 0.3, 0), InvalidInput);
  EXPECT_THROW(solve_multitasking(storing_classes(equal(2, 0.5)), -1, Eigen::Vector2d(1, 0)), InvalidInput);
}

}  // namespace
}  // namespace lehr::spin
