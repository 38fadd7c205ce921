#include "lehr/sample/genealogy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/random.hpp"

namespace lehr::sample {
namespace {

TEST(Genealogy, FollowsLinesThroughGenerationsOfDifferentSize) {
  Genealogy genealogy(3);
  genealogy.descend(std::vector<std::int64_t>{2, 2, 0, 1});
  genealogy.descend(std::vector<std::int64_t>{1, 0, 0});
  EXPECT_EQ(genealogy.generations(), 3);
  EXPECT_EQ(genealogy.line(0), (std::vector<std::int64_t>{2, 1, 0}));
  EXPECT_EQ(genealogy.line(2), (std::vector<std::int64_t>{2, 0, 2}));
  EXPECT_EQ(genealogy.distinct_founders(), 1);
  EXPECT_EQ(genealogy.distinct_parents(), 2);
  EXPECT_EQ(genealogy.distinct_ancestors(0), 1);
  EXPECT_EQ(genealogy.distinct_ancestors(1), 2);
  EXPECT_EQ(genealogy.distinct_ancestors(2), 3);
  EXPECT_THROW(genealogy.line(3), InvalidInput);
  EXPECT_THROW(genealogy.distinct_ancestors(3), InvalidInput);
}

TEST(Genealogy, WithoutLinesKnowsFamiliesAlone) {
  Genealogy genealogy(3, false);
  genealogy.descend(std::vector<std::int64_t>{2, 2, 0});
  EXPECT_EQ(genealogy.distinct_founders(), 2);
  EXPECT_THROW(genealogy.line(0), InvalidInput);
}

TEST(Genealogy, StatisticsOfFamilies) {
  const std::vector<std::int64_t> family{0, 0, 3, 3};
  const FamilyStatistics statistics = family_statistics(family);
  EXPECT_EQ(statistics.families, 2);
  EXPECT_NEAR(statistics.entropy, std::log(2), 1e-15);
  EXPECT_NEAR(statistics.rho, 2, 1e-15);
  // Family sums of deviations from the mean 2: (1 - 2) + (3 - 2) = 0 and 0; (1 - 2) + (1 - 2) = -2 and 2.
  EXPECT_EQ(family_error(std::vector<double>{1, 3, 2, 2}, family), 0);
  EXPECT_DOUBLE_EQ(family_error(std::vector<double>{1, 1, 4, 2}, family), std::sqrt(2 * 2 + 2 * 2) / 4);
}

// Without resampling the estimate is that of a mean: V Z^2 averages to Var(w) / N. w = e^(z / 2).
TEST(Genealogy, VarianceOfAMeanOfWeights) {
  Stream random(Seed{2}, 0);
  const std::size_t count = 50;
  std::vector<double> estimates;
  double variance = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    std::vector<double> p(count);
    std::vector<std::int64_t> family(count);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i)
      sum += p[i] = std::exp(0.5 * normal(random)), family[i] = static_cast<std::int64_t>(i);
    for (double& value : p) value /= sum;
    const double mean = sum / count;
    variance += relative_variance(p, family, 0) * mean * mean / 4000;
  }
  // Var(w) = e^(1/2) - e^(1/4); the average of 4000 has a relative error near 2 %.
  EXPECT_NEAR(variance, (std::exp(0.5) - std::exp(0.25)) / count,
              0.08 * (std::exp(0.5) - std::exp(0.25)) / count);
}

}  // namespace
}  // namespace lehr::sample
