#include "lehr/stats/persistence/gaussian_orthant.hpp"

#include <cmath>
#include <numbers>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

TEST(GaussianOrthant, TwoAndThreeVariablesInClosedForm) {
  for (const double rho : {-0.9, -0.3, 0.0, 0.5, 0.99}) {
    const Eigen::MatrixXd two{{1, rho}, {rho, 1}};
    const std::vector<double> zero{0, 0};
    const OrthantProbability p = orthant_probability(two, zero, 2000, 12, Seed{1});
    EXPECT_NEAR(p.value, 0.25 + std::asin(rho) / (2 * std::numbers::pi), 5 * p.standard_error + 1e-9) << rho;
    EXPECT_LT(p.standard_error, 1e-4);
  }
  const Eigen::MatrixXd three{{4, 1, 0.6}, {1, 1, -0.2}, {0.6, -0.2, 1}};
  const double angles = std::asin(0.5) + std::asin(0.3) + std::asin(-0.2);
  const OrthantProbability p = orthant_probability(three, std::vector<double>{0, 0, 0}, 4000, 12, Seed{2});
  EXPECT_NEAR(p.value, 0.125 + angles / (4 * std::numbers::pi), 5 * p.standard_error);
}

// With all correlations 1/2 the orthant of m variables has probability 1 / (m + 1).
TEST(GaussianOrthant, EqualCorrelations) {
  for (const int m : {5, 20, 60}) {
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Constant(m, m, 0.5);
    covariance.diagonal().setOnes();
    const std::vector<double> zero(static_cast<std::size_t>(m), 0.0);
    const OrthantProbability p = orthant_probability(covariance, zero, 4000, 12, Seed{3});
    EXPECT_NEAR(p.value, 1.0 / (m + 1), 5 * p.standard_error) << m;
    EXPECT_LT(p.standard_error, 0.01 / (m + 1)) << m;
  }
}

TEST(GaussianOrthant, IndependentBoundsMultiply) {
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(3, 3);
  const OrthantProbability p = orthant_probability(identity, std::vector<double>{-1, 0.5, 5}, 1, 2, Seed{1});
  double truth = 1;
  for (const double b : {-1.0, 0.5, 5.0}) truth *= 0.5 * std::erfc(b / std::numbers::sqrt2);
  EXPECT_NEAR(p.value / truth, 1, 1e-12);
  EXPECT_NEAR(p.standard_error, 0, 1e-18);
}

TEST(GaussianOrthant, DeterminedVariablesAreIndicators) {
  // Z3 = Z1 + Z2, bounded by 1: P(Z1, Z2 > 0, Z1 + Z2 > 1).
  const Eigen::MatrixXd singular{{1, 0, 1}, {0, 1, 1}, {1, 1, 2}};
  const OrthantProbability p =
      orthant_probability(singular, std::vector<double>{0, 0, 1}, 20'000, 12, Seed{1});
  // The triangle that is cut off the quadrant, by rotating it: (erf(1/2))^2 / 4.
  const double truth = 0.25 - std::pow(std::erf(0.5), 2) / 4;
  EXPECT_NEAR(p.value, truth, 5 * p.standard_error);
}

TEST(GaussianOrthant, RefusesWhatIsNoCovariance) {
  const std::vector<double> one{0}, two{0, 0};
  EXPECT_THROW(GaussianOrthant(Eigen::MatrixXd::Ones(2, 3), two), InvalidInput);
  EXPECT_THROW(GaussianOrthant(Eigen::MatrixXd::Zero(2, 2), two), InvalidInput);
  EXPECT_THROW(GaussianOrthant(Eigen::MatrixXd::Constant(1, 1, std::nan("")), one), InvalidInput);
  EXPECT_THROW(orthant_probability(Eigen::MatrixXd::Identity(2, 2), one, 10, 2, Seed{}), InvalidInput);
  EXPECT_THROW(orthant_probability(Eigen::MatrixXd::Identity(2, 2), two, 10, 1, Seed{}), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
