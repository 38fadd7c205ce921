#include "lehr/stats/multiple_testing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

void expect_near(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-15) << i;
}

// Worked by hand: sorted 0.005, 0.01, 0.03, 0.04, 0.2 times 5, 4, 3, 2, 1 gives 0.025, 0.04, 0.09, 0.08 ->
// 0.09, 0.2.
TEST(MultipleTesting, Holm) {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005, 0.2};
  expect_near(holm(p), {0.04, 0.09, 0.09, 0.025, 0.2});
}

// Sorted times 5/1, 5/2, 5/3, 5/4, 1 gives 0.025, 0.025, 0.05, 0.05, 0.2.
TEST(MultipleTesting, BenjaminiHochberg) {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005, 0.2};
  expect_near(benjamini_hochberg(p), {0.025, 0.05, 0.05, 0.025, 0.2});
}

TEST(MultipleTesting, NeverExceedsOneNorFallsBelowP) {
  const std::vector<double> p = {0.6, 0.9, 1, 0.6, 0};
  for (const auto& adjusted : {holm(p), benjamini_hochberg(p)})
    for (std::size_t i = 0; i < p.size(); ++i) {
      EXPECT_LE(adjusted[i], 1);
      EXPECT_GE(adjusted[i], p[i]);
    }
  EXPECT_TRUE(holm({}).empty());
}

TEST(MultipleTesting, RefusesWhatIsNoProbability) {
  EXPECT_THROW(holm(std::vector<double>{0.2, 1.2}), InvalidInput);
  EXPECT_THROW(benjamini_hochberg(std::vector<double>{std::nan("")}), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
