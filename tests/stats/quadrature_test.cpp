#include "lehr/stats/quadrature.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

TEST(GaussHermite, HasTheMomentsOfTheNormalLaw) {
  for (const int n : {1, 2, 7, 20, 64}) {
    const Quadrature rule = gauss_hermite(n);
    ASSERT_EQ(rule.nodes.size(), static_cast<std::size_t>(n));
    double moment = 1;  // (2k - 1)!!
    for (int k = 0; 2 * k <= std::min(2 * n - 1, 40); ++k) {
      if (k > 0) moment *= 2 * k - 1;
      EXPECT_NEAR(rule.integrate([&](double x) { return std::pow(x, 2 * k); }), moment, 1e-11 * moment)
          << n << " nodes, moment " << 2 * k;
      EXPECT_NEAR(rule.integrate([&](double x) { return std::pow(x, 2 * k + 1); }), 0,
                  1e-11 * moment * (2 * k + 1));
    }
  }
}

TEST(GaussHermite, IntegratesTheCosine) {
  // E cos(tZ) = exp(-t^2 / 2)
  const Quadrature rule = gauss_hermite(256);
  EXPECT_NEAR(rule.integrate([](double x) { return std::cos(3 * x); }), std::exp(-4.5), 1e-14);
  EXPECT_GT(rule.weights.front(), 0);
  EXPECT_LT(rule.weights.front(), 1e-200);
}

TEST(GaussLegendre, IntegratesPolynomialsAndTheExponential) {
  const Quadrature rule = gauss_legendre(5, -1, 3);
  for (int k = 0; k <= 9; ++k)
    EXPECT_NEAR(rule.integrate([&](double x) { return std::pow(x, k); }),
                (std::pow(3.0, k + 1) - std::pow(-1.0, k + 1)) / (k + 1), 1e-11 * std::pow(3.0, k + 1));
  EXPECT_NEAR(gauss_legendre(30, 0, 2).integrate([](double x) { return std::exp(x); }), std::exp(2.0) - 1,
              1e-13);
  EXPECT_NEAR(gauss_legendre(4, 1, 0).integrate([](double) { return 1.0; }), -1, 1e-14);
  EXPECT_THROW(gauss_legendre(0, 0, 1), InvalidInput);
  EXPECT_THROW(gauss_legendre(5, 0, INFINITY), InvalidInput);
}

// int tanh((z - c) / w) dz = w ln cosh((z - c) / w)
TEST(GradedLegendre, ResolvesASharpStep) {
  Quadrature rule;
  for (const double width : {1.0, 0.1, 1e-3, 1e-8}) {
    const double center = 0.37;
    graded_legendre(-9, 9, center, width, rule);
    const auto log_cosh = [](double x) { return std::abs(x) + std::log1p(std::exp(-2 * std::abs(x))); };
    const double exact = width * (log_cosh((9 - center) / width) - log_cosh((-9 - center) / width));
    EXPECT_NEAR(rule.integrate([&](double z) { return std::tanh((z - center) / width); }), exact, 1e-10)
        << width;
    EXPECT_LT(rule.nodes.size(), 900U);
  }
}

TEST(GradedLegendre, TakesAKinkAndACenterOutside) {
  Quadrature rule;
  const auto density = [](double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi); };
  graded_legendre(-9, 9, 0.5, 0, rule);
  // E |Z - 1/2| = 2 density(1/2) + (1/2) (2 cdf(1/2) - 1)
  EXPECT_NEAR(rule.integrate([&](double z) { return std::abs(z - 0.5) * density(z); }),
              2 * density(0.5) + 0.5 * std::erf(0.5 / std::sqrt(2.0)), 1e-10);
  graded_legendre(-9, 9, 50, 1e-6, rule);
  EXPECT_NEAR(rule.integrate(density), 1, 1e-12);
}

}  // namespace
}  // namespace lehr::stats
