#include "lehr/diffusion/bridge/negative_exponentials.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lehr::diffusion {
namespace {

TEST(NegativeExponentials, AreAsTheLibrarys) {
  std::vector<double> x;
  for (int i = 0; i <= 80001; ++i) x.push_back(-0.001 * i * 0.9999);
  std::vector<double> values = x;
  negative_exponentials(values.data(), static_cast<std::int64_t>(values.size()));
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(values[i] / std::exp(x[i]), 1, 4e-16) << x[i];
  EXPECT_EQ(values[0], 1);
}

// Whole vectors and the numbers left over get the same bits.
TEST(NegativeExponentials, DoNotDependOnTheirPlace) {
  for (std::int64_t count = 1; count < 20; ++count) {
    std::vector<double> values(static_cast<std::size_t>(count), -3.7);
    negative_exponentials(values.data(), count);
    for (const double value : values) EXPECT_EQ(value, values[0]);
    EXPECT_NEAR(values[0], std::exp(-3.7), 1e-17);
  }
}

TEST(NegativeExponentials, FarBelowCountsAsMinus80) {
  std::vector<double> values = {-81, -1e4, -1e300, -std::numeric_limits<double>::infinity()};
  negative_exponentials(values.data(), 4);
  for (const double value : values) EXPECT_NEAR(value / std::exp(-80.0), 1, 1e-15);
}

}  // namespace
}  // namespace lehr::diffusion
