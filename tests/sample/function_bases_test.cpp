// The univariate bases against integrals computed by other means, and what they draw against those integrals.
#include <gtest/gtest.h>

#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/sample/cell_bases.hpp"
#include "lehr/sample/classical_polynomials.hpp"
#include "lehr/sample/trigonometric_basis.hpp"
#include "lehr/stats/goodness_of_fit.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

constexpr double pi = std::numbers::pi;

// A basis with its measure as x(s), s uniform midpoints of [low, high], and the density of s: integrals by
// the midpoint rule, which converges quickly for densities that vanish at both ends or are periodic.
struct MeasuredBasis {
  std::string label;
  UnivariateBasis basis;
  double low, high;
  std::function<double(double)> place, density;
};
void PrintTo(const MeasuredBasis& measured, std::ostream* out) { *out << measured.label; }

double beta_function(double a, double b) {
  return std::exp(std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b));
}

MeasuredBasis jacobi(double a, double b) {
  return {fmt::format("jacobi_{}_{}", a, b),
          jacobi_basis(9, a, b, 1, 3),
          0,
          pi,
          [](double s) { return 2 + std::cos(s); },
          [=](double s) {
            return std::pow(1 - std::cos(s), a) * std::pow(1 + std::cos(s), b) * std::sin(s) /
                   (std::pow(2, a + b + 1) * beta_function(a + 1, b + 1));
          }};
}

MeasuredBasis laguerre(double a) {
  return {fmt::format("laguerre_{}", a),
          laguerre_basis(9, a, 1, 2),
          0,
          14,
          [](double s) { return 1 + 2 * s * s; },
          [=](double s) { return 2 * std::pow(s, 2 * a + 1) * std::exp(-s * s) / std::tgamma(a + 1); }};
}

std::vector<MeasuredBasis> measured_bases() {
  const auto uniform_measure = [](double) { return 1.0; };
  const auto plain = [](double s) { return s; };
  return {{"legendre", legendre_basis(9, 2, 5), 0, pi, [](double s) { return 3.5 - 1.5 * std::cos(s); },
           [](double s) { return 0.5 * std::sin(s); }},
          {"chebyshev", chebyshev_basis(9), 0, pi, [](double s) { return std::cos(s); },
           [](double) { return 1 / pi; }},
          jacobi(1.5, 0.25),
          jacobi(-0.5, 3),
          jacobi(-0.5, -0.5),
          {"hermite", hermite_basis(9, 1, 2), -16, 16, [](double s) { return 1 + 2 * s; },
           [](double s) { return std::exp(-0.5 * s * s) / std::sqrt(2 * pi); }},
          laguerre(0),
          laguerre(2.5),
          laguerre(-0.5),
          {"trigonometric", trigonometric_basis(9), 0, 1, plain, uniform_measure},
          {"haar", haar_basis(9), 0, 1, plain, uniform_measure},
          {"indicator", indicator_basis(9), 0, 1, plain, uniform_measure}};
}

class FunctionBasis : public testing::TestWithParam<MeasuredBasis> {
 protected:
  static constexpr int cells = 9 * 16 * 100;
  // Calls visit(x, mass, phi(x)) for each cell.
  static void walk(const std::function<void(double x, double mass, const std::vector<double>& phi)>& visit) {
    const MeasuredBasis& measured = GetParam();
    const double width = (measured.high - measured.low) / cells;
    std::vector<double> phi(static_cast<std::size_t>(measured.basis.count()));
    for (int i = 0; i < cells; ++i) {
      const double s = measured.low + (i + 0.5) * width, x = measured.place(s);
      measured.basis.evaluate(x, phi);
      visit(x, measured.density(s) * width, phi);
    }
  }
};

TEST_P(FunctionBasis, IsOrthonormal) {
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(9, 9);
  walk([&](double, double mass, const std::vector<double>& phi) {
    const Eigen::Map<const Eigen::VectorXd> features(phi.data(), 9);
    gram += mass * features * features.transpose();
  });
  EXPECT_LT((gram - Eigen::MatrixXd::Identity(9, 9)).cwiseAbs().maxCoeff(), 2e-6);
}

// 2000 draws from phi_j^2 mu against its distribution function, by Kolmogorov and Smirnov.
TEST_P(FunctionBasis, DrawsFromItsSquares) {
  const UnivariateBasis& basis = GetParam().basis;
  for (const Index j : {0, 1, 3, 8}) {
    std::vector<std::pair<double, double>> cdf;
    walk([&](double x, double mass, const std::vector<double>& phi) {
      cdf.emplace_back(x, mass * phi[static_cast<std::size_t>(j)] * phi[static_cast<std::size_t>(j)]);
    });
    std::ranges::sort(cdf);
    double sum = 0;
    for (auto& [x, mass] : cdf) mass = sum += mass;
    EXPECT_NEAR(sum, 1, 1e-5);
    Stream random(Seed{7}, lane("squares"), static_cast<std::uint64_t>(j));
    std::vector<double> draws;
    for (int i = 0; i < 2000; ++i) draws.push_back(basis.draw_square(random, j));
    const auto value = [&](double x) {
      const auto at = std::ranges::upper_bound(cdf, x, {}, &std::pair<double, double>::first);
      return at == cdf.begin() ? 0.0 : std::min(1.0, std::prev(at)->second / sum);
    };
    EXPECT_GT(stats::kolmogorov_smirnov(draws, value).p, 1e-3) << "function " << j;
  }
}

TEST_P(FunctionBasis, DrawsFromItsMeasure) {
  Stream random(Seed{8}, lane("measure"));
  double sum = 0, squares = 0;
  const int count = 4000;
  for (int i = 0; i < count; ++i) {
    const double x = GetParam().basis.draw(random);
    sum += x, squares += x * x;
  }
  double mean = 0, second = 0;
  walk([&](double x, double mass, const std::vector<double>&) { mean += mass * x, second += mass * x * x; });
  EXPECT_NEAR(sum / count, mean, 4 * std::sqrt((second - mean * mean) / count));
}

TEST_P(FunctionBasis, HasARuleForItsMeasure) {
  const stats::Quadrature rule = GetParam().basis.quadrature(60);
  double expected = 0;
  walk([&](double x, double mass, const std::vector<double>&) { expected += mass * std::cos(0.3 * x); });
  EXPECT_NEAR(rule.integrate([](double x) { return std::cos(0.3 * x); }), expected, 2e-6);
}

INSTANTIATE_TEST_SUITE_P(All, FunctionBasis, testing::ValuesIn(measured_bases()), [](const auto& info) {
  std::string name = info.param.label;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

TEST(ClassicalPolynomials, HaveTheirClosedForms) {
  const auto value = [](const UnivariateBasis& basis, double x, std::size_t j) {
    std::vector<double> phi(j + 1);
    basis.evaluate(x, phi);
    return phi[j];
  };
  const double x = 0.3;
  EXPECT_NEAR(value(legendre_basis(4), x, 3), std::sqrt(7) * (5 * x * x * x - 3 * x) / 2, 1e-14);
  EXPECT_NEAR(value(chebyshev_basis(6), x, 5), std::sqrt(2) * std::cos(5 * std::acos(x)), 1e-14);
  EXPECT_NEAR(value(hermite_basis(4), x, 3), (x * x * x - 3 * x) / std::sqrt(6), 1e-14);
  EXPECT_NEAR(value(laguerre_basis(3), x, 2), x * x / 2 - 2 * x + 1, 1e-14);
  EXPECT_NEAR(value(jacobi_basis(4, 0, 0), x, 3), value(legendre_basis(4), x, 3), 1e-14);
  EXPECT_NEAR(value(jacobi_basis(4, -0.5, -0.5), x, 3), value(chebyshev_basis(4), x, 3), 1e-14);
  EXPECT_EQ(value(haar_basis(8), 0.3, 4), 0);
  EXPECT_EQ(value(haar_basis(8), 0.3, 5), 2);
  EXPECT_EQ(value(haar_basis(8), 0.6, 6), 2);
  EXPECT_EQ(value(haar_basis(8), 0.7, 6), -2);
}

// High degrees: no overflow, and the draws stay where the waves are (the law of phi_k^2 has E x^2 = 2 k + 1
// in Hermite's case).
TEST(ClassicalPolynomials, HighDegreesDrawWhereTheirWavesAre) {
  Stream random(Seed{3}, lane("high"));
  const auto second_moment = [&](const UnivariateBasis& basis, Index k) {
    double sum = 0, squares = 0;
    const int count = 4000;
    for (int i = 0; i < count; ++i) {
      const double x = basis.draw_square(random, k);
      sum += x * x, squares += x * x * x * x;
    }
    const double mean = sum / count;
    return std::pair(mean, std::sqrt((squares / count - mean * mean) / count));
  };
  const auto [hermite, hermite_error] = second_moment(hermite_basis(151), 150);
  EXPECT_NEAR(hermite, 2 * 150 + 1, 4 * hermite_error);
  // x^2 of phi_k for Legendre: beta_{k+1}^2 + beta_k^2; for Laguerre: alpha_k^2 + beta_{k+1}^2 + beta_k^2.
  const auto beta = [](double k) { return k * k / (4 * k * k - 1); };
  const auto [legendre, legendre_error] = second_moment(legendre_basis(1001), 1000);
  EXPECT_NEAR(legendre, beta(1000) + beta(1001), 4 * legendre_error);
  const auto [laguerre, laguerre_error] = second_moment(laguerre_basis(101), 100);
  EXPECT_NEAR(laguerre, 201.0 * 201 + 100 * 100 + 101 * 101, 4 * laguerre_error);
}

TEST(ClassicalPolynomials, RefuseArgumentsOutOfRange) {
  EXPECT_NE(test::message_of<InvalidInput>([] { hermite_basis(152); }).find("hermite"), std::string::npos);
  EXPECT_NE(test::message_of<InvalidInput>([] { legendre_basis(3, 1, 1); }).find("from < to"),
            std::string::npos);
  EXPECT_NE(test::message_of<InvalidInput>([] { jacobi_basis(3, -0.7, 0); }).find("-0.7"), std::string::npos);
  EXPECT_THROW(laguerre_basis(3, 0, 0, 0), InvalidInput);
  EXPECT_THROW(hermite_basis(3, 0, NAN), InvalidInput);
  EXPECT_THROW(legendre_basis(0), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
