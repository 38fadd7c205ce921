#include "lehr/sample/law.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/sample/latin_hypercube.hpp"
#include "lehr/sample/law_design.hpp"
#include "lehr/sample/multivariate_normal.hpp"
#include "tests/core/test_files.hpp"

namespace lehr::sample {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using test::message_of;

Law mixed_law() {
  return Law(
      {{"a", Marginal::gamma(2.5, 0.8)}, {"b", Marginal::lognormal(2, 0.3)}, {"c", Marginal::uniform(-1, 3)}},
      MatrixXd{{1, 0.5, -0.2}, {0.5, 1, 0.3}, {-0.2, 0.3, 1}});
}

TEST(Law, CopulaOfNormalsIsTheMultivariateNormal) {
  const Law law({{"x", Marginal::normal(1, 2)}, {"y", Marginal::normal(-1, 0.5)}},
                MatrixXd{{1, 0.6}, {0.6, 1}});
  const MultivariateNormal normal(VectorXd{{1, -1}}, MatrixXd{{4, 0.6}, {0.6, 0.25}});
  const MatrixXd points = law.sample(Stream(Seed{1}, lane("law test")), 700);
  VectorXd expected(700);
  normal.log_pdf(points, expected);
  EXPECT_LT((law.log_pdf(points) - expected).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(Law, DensityIntegratesToOne) {
  // Importance sampling from a wider law with the same support: the mean of f / g is 1.
  const Law law = mixed_law();
  const Law wide(
      {{"a", Marginal::gamma(1.5, 2)}, {"b", Marginal::lognormal(2, 0.6)}, {"c", Marginal::uniform(-1, 3)}});
  constexpr Index n = 40'000;
  const MatrixXd points = wide.sample(Stream(Seed{2}, lane("law test")), n);
  const VectorXd ratios = (law.log_pdf(points) - wide.log_pdf(points)).array().exp();
  const double error = std::sqrt((ratios.array() - ratios.mean()).square().sum() / n / n);
  EXPECT_LT(error, 0.02);
  EXPECT_NEAR(ratios.mean(), 1, 4 * error);
}

TEST(Law, StandardPointsMapBothWays) {
  const Law law = mixed_law();
  const MatrixXd standard = standard_normal_points(Stream(Seed{3}, lane("law test")), 3, 600);
  EXPECT_LT((law.to_standard(law.from_standard(standard)) - standard).cwiseAbs().maxCoeff(), 1e-9);
}

TEST(Law, DensityIsZeroOutsideTheSupport) {
  const VectorXd values = mixed_law().log_pdf(MatrixXd{{1.0, -1.0, 1.0}, {2.0, 2.0, 2.0}, {0.0, 0.0, 3.5}});
  EXPECT_TRUE(std::isfinite(values[0]));
  EXPECT_EQ(values[1], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(values[2], -std::numeric_limits<double>::infinity());
}

TEST(Law, RefusesInOneLine) {
  const std::vector<Variable> two = {{"x", Marginal::normal(0, 1)}, {"y", Marginal::normal(0, 1)}};
  const auto message = [&](const MatrixXd& r) { return message_of<InvalidInput>([&] { Law(two, r); }); };
  EXPECT_NE(message(MatrixXd::Identity(3, 3)).find("2 x 2"), std::string::npos);
  EXPECT_NE(message(MatrixXd{{1, 0.5}, {0.4, 1}}).find("'x' and 'y'"), std::string::npos);
  EXPECT_NE(message(MatrixXd{{1, 1.5}, {1.5, 1}}).find("(-1, 1)"), std::string::npos);
  EXPECT_NE(message(MatrixXd{{2, 0}, {0, 1}}).find("must be 1"), std::string::npos);
  EXPECT_THROW(Law({}), InvalidInput);
  EXPECT_THROW(Law({two[0], two[0]}), InvalidInput);
  const std::vector<Variable> three = {two[0], two[1], {"z", Marginal::normal(0, 1)}};
  EXPECT_THROW(Law(three, MatrixXd{{1, 0.9, -0.9}, {0.9, 1, 0.9}, {-0.9, 0.9, 1}}), InvalidInput);
}

TEST(UniformMixture, DrawsAndDensityGoTogether) {
  const Density mixture = uniform_mixture(
      {Law({{"x", Marginal::normal(-5, 1)}}).density(), Law({{"x", Marginal::normal(5, 1)}}).density()});
  const MatrixXd points = mixture.sample(Stream(Seed{1}, lane("law test")), 4000);
  EXPECT_NEAR(double((points.array() < 0).count()) / 4000, 0.5, 4 * std::sqrt(0.25 / 4000));
  const VectorXd value = mixture.log_pdf(MatrixXd{{-5.0}});
  EXPECT_NEAR(value[0], std::log(0.5 / std::sqrt(2 * M_PI)), 1e-12);
}

TEST(LatinHypercube, FillsEverySliceOnce) {
  const MatrixXd points = latin_hypercube(4, 17, Stream(Seed{9}, lane("hypercube")));
  for (Index k = 0; k < 4; ++k) {
    std::vector<int> slices(17, 0);
    for (Index i = 0; i < 17; ++i) ++slices[static_cast<std::size_t>(points(k, i) * 17)];
    EXPECT_EQ(slices, std::vector<int>(17, 1));
  }
}

TEST(SobolPoints, IntegrateFarBetterThanRandomPoints) {
  // The mean of prod (x_k + 1/2) is 1; 1024 random points have a standard error of sqrt((13/12)^5 - 1) / 32 =
  // 0.022.
  double squares = 0;
  MatrixXd points;
  for (std::uint64_t shift = 0; shift < 20; ++shift) {
    points = shifted_sobol_points(5, 1024, Stream(Seed{3}, lane("sobol"), shift));
    double sum = 0;
    for (Index i = 0; i < points.cols(); ++i) sum += (points.col(i).array() + 0.5).prod();
    squares += std::pow(sum / 1024 - 1, 2) / 20;
  }
  EXPECT_LT(std::sqrt(squares), 0.004);
  EXPECT_GE(points.minCoeff(), 0);
  EXPECT_LT(points.maxCoeff(), 1);
  EXPECT_THROW(shifted_sobol_points(4000, 1, Stream(Seed{1}, 1)), InvalidInput);
}

LawTemplate ranged_family() {
  LawTemplate family;
  family.add("F", "lognormal(mean=[525, 575], cov=0.08)");
  family.add("w", "truncated(normal([0.06, 0.07], cov=0.1), low=0)");
  family.add("t", "normal(0.0987, cov=0.1)");
  family.correlate("w", "t", -0.6, 0);
  return family;
}

TEST(LawTemplate, RangesBecomeLaws) {
  const LawTemplate family = ranged_family();
  EXPECT_EQ(family.ranges(), (std::vector<std::string>{"F.mean", "w.argument 1", "correlation(w, t)"}));
  const Law law = family.at(std::vector<double>{0.5, 1.0, 0.0});
  EXPECT_NEAR(law.variables()[0].marginal.mean(), 550, 1e-9);
  EXPECT_NEAR(law.variables()[1].marginal.quantile(0.5), 0.07, 1e-9);
  EXPECT_EQ(law.correlation()(1, 2), -0.6);
}

TEST(LawTemplate, DesignsAreLatinHypercubes) {
  const LawDesign design = design_laws(ranged_family(), 10, Seed{4});
  ASSERT_EQ(design.laws.size(), 10u);
  for (Index r = 0; r < 3; ++r) {
    const double low = r == 0 ? 525 : r == 1 ? 0.06 : -0.6, width = r == 0 ? 50 : r == 1 ? 0.01 : 0.6;
    std::vector<int> slices(10, 0);
    for (Index i = 0; i < 10; ++i)
      ++slices[static_cast<std::size_t>((design.values(r, i) - low) / width * 10)];
    EXPECT_EQ(slices, std::vector<int>(10, 1));
  }
  EXPECT_NEAR(design.laws[3].variables()[0].marginal.mean(), design.values(0, 3), 1e-9);
}

TEST(LawTemplate, DesignsWithoutALawAreDrawnAnew) {
  LawTemplate family;
  for (const char* name : {"x", "y", "z"}) family.add(name, "normal(0, sd=1)");
  family.correlate("x", "y", -0.6, 0);
  family.correlate("x", "z", 0, 0.5);
  family.correlate("y", "z", 0, 0.5);  // at (-0.6, 0.5, 0.5) the matrix is not positive definite
  EXPECT_EQ(design_laws(family, 40, Seed{1}).laws.size(), 40u);
  LawTemplate never;
  for (const char* name : {"x", "y", "z"}) never.add(name, "normal(0, sd=1)");
  never.correlate("x", "y", -0.95, -0.9);
  never.correlate("x", "z", 0.9, 0.95);
  never.correlate("y", "z", 0.9, 0.95);
  EXPECT_THROW(design_laws(never, 3, Seed{1}), InvalidInput);
}

TEST(LawTemplate, RefusesInOneLine) {
  LawTemplate family = ranged_family();
  EXPECT_THROW(family.add("F", "normal(0, sd=1)"), InvalidInput);
  EXPECT_NE(message_of<InvalidInput>([&] { family.add("x", "normal([2, 1], sd=1)"); }).find("must rise"),
            std::string::npos);
  EXPECT_THROW(family.add("y", "normal(0, sd=[-1, 1])"), InvalidInput);
  EXPECT_NE(message_of<InvalidInput>([&] { family.correlate("w", "T", 0, 0); }).find("'T'"),
            std::string::npos);
  EXPECT_THROW(family.correlate("t", "w", 0, 0.1), InvalidInput);
  EXPECT_THROW(family.correlate("F", "w", 0, 1), InvalidInput);
  EXPECT_THROW(family.correlate("F", "F", 0, 0), InvalidInput);
}

}  // namespace
}  // namespace lehr::sample
