#include "lehr/stats/rashomon/existence_bounds.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "tests/stats/rashomon/tables.hpp"

namespace lehr::stats {
namespace {

// C(44 - 1, 5) / C(44, 5) = 39 / 44.
TEST(ExistenceBounds, HypergeometricProbability) {
  EXPECT_NEAR(subset_hit_probability(44, 1, 5), 5.0 / 44, 1e-12);
  EXPECT_NEAR(subset_hit_probability(10, 4, 3), 1 - 20.0 / 120, 1e-12);  // C(6, 3) / C(10, 3)
  EXPECT_EQ(subset_hit_probability(10, 4, 7), 1);
  EXPECT_EQ(subset_hit_probability(10, 0, 7), 0);
  EXPECT_THROW(subset_hit_probability(10, 11, 7), InvalidInput);
}

TEST(ExistenceBounds, SubsetBoundAndItsInverses) {
  EXPECT_NEAR(subset_hit_bound(std::log10(0.1), 7), 1 - std::pow(0.9, 7), 1e-12);
  EXPECT_NEAR(subset_hit_bound(-40, 1e40), 1 - std::exp(-1.0), 1e-9);
  EXPECT_EQ(subset_hit_bound(0, 1), 1);
  // 1 - 0.9^s >= 0.95 from s = 29 on.
  EXPECT_NEAR(log10_subset_size(std::log10(0.1), 0.05), std::log10(29.0), 1e-12);
  EXPECT_NEAR(log10_subset_size(-40, 0.05), 40 + std::log10(-std::log(0.05)), 1e-9);
  EXPECT_EQ(log10_subset_size(0, 0.05), 0);
  const double needed = needed_ratio(50, 0.05);
  EXPECT_NEAR(1 - std::pow(1 - needed, 50), 0.95, 1e-12);
}

// ln 1000 + ln 40 over 2 * 500 records.
TEST(ExistenceBounds, FiniteClassesAndRademacher) {
  EXPECT_NEAR(finite_class_bound(0.05, 1, 500, std::log(1000.0), 0.05),
              0.05 + std::sqrt(std::log(40'000.0) / 1000), 1e-12);
  EXPECT_NEAR(rademacher_bound(0.05, 2, 0.01, 1, 500, 0.05), 0.05 + 0.04 + std::sqrt(std::log(40.0) / 1000),
              1e-12);
  EXPECT_THROW(finite_class_bound(0, 1, 500, 1, 0), InvalidInput);
}

TEST(ExistenceBounds, TreesAreCounted) {
  const TreeRecords records(test::random_binary(30, 5, 2, 1));
  EXPECT_NEAR(std::exp(log_tree_count(records, 1)), 5 * 4, 1e-9);
  EXPECT_NEAR(std::exp(log_tree_count(records, 2)), 125 * 16, 1e-6);
}

}  // namespace
}  // namespace lehr::stats
