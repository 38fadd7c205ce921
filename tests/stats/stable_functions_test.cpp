#include "lehr/stats/stable_functions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lehr::stats {
namespace {

TEST(LogCosh, AgreesWithLongDoublesAndDoesNotOverflow) {
  for (const double x : {1e-9, 1e-5, 9.9e-5, 1.1e-4, 0.01, 0.7, 3.0, 20.0}) {
    const double exact = static_cast<double>(std::log1p(std::cosh(static_cast<long double>(x)) - 1.0L));
    EXPECT_NEAR(log_cosh(x) / (x < 1e-3 ? 0.5 * x * x * (1 - x * x / 6) : exact), 1, 1e-7) << x;
    EXPECT_EQ(log_cosh(x), log_cosh(-x));
  }
  EXPECT_DOUBLE_EQ(log_cosh(1e6), 1e6 - std::log(2.0));
  EXPECT_EQ(log_cosh(0), 0);
}

TEST(LogSumExp, KeepsLargeAndSmallExponents) {
  EXPECT_DOUBLE_EQ(log_sum_exp(std::vector<double>{1000, 1000, 1000}), 1000 + std::log(3.0));
  EXPECT_DOUBLE_EQ(log_add_exp(-2000, -2000), -2000 + std::log(2.0));
  EXPECT_EQ(log_add_exp(-INFINITY, 3), 3);
  EXPECT_EQ(log_sum_exp(std::vector<double>{}), -INFINITY);
  EXPECT_EQ(log_sum_exp(std::vector<double>{-INFINITY, -INFINITY}), -INFINITY);
}

// Values of ln Phi(z) as SciPy's log_ndtr prints them.
TEST(LogNormalCdf, HoldsInBothTails) {
  EXPECT_NEAR(log_normal_cdf(0), std::log(0.5), 1e-15);
  EXPECT_NEAR(log_normal_cdf(-5) / -15.064998393988727, 1, 1e-13);
  EXPECT_NEAR(log_normal_cdf(-20) / -203.91715537109727, 1, 1e-13);
  EXPECT_NEAR(log_normal_cdf(-40) / -804.6084420137538, 1, 1e-13);
  EXPECT_NEAR(log_normal_cdf(8) / -6.220960574271786e-16, 1, 1e-8);
  EXPECT_NEAR(log_normal_cdf(-10 - 1e-9), log_normal_cdf(-10 + 1e-9), 1e-7);
}

}  // namespace
}  // namespace lehr::stats
