#include "lehr/sample/multivariate_normal.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/sample/mixture_fit.hpp"
#include "lehr/sample/normal_mixture.hpp"

namespace lehr::sample {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MultivariateNormal three_dimensions() {
  MatrixXd covariance(3, 3);
  covariance << 2, .6, -.3, .6, 1, .2, -.3, .2, .5;
  return {VectorXd{{1, -2, 0.5}}, covariance};
}

TEST(MultivariateNormal, DensityAgreesWithScipy) {
  VectorXd value(1);
  three_dimensions().log_pdf(VectorXd{{0.3, -1, 1.2}}, value);
  EXPECT_NEAR(value[0], -3.5375691851165785, 1e-13);
}

TEST(MultivariateNormal, DrawsHaveItsMeanAndCovariance) {
  const MultivariateNormal law = three_dimensions();
  constexpr Index n = 40'000;
  const MatrixXd points = law.transform(standard_normal_points(Stream(Seed{3}, lane("normal test")), 3, n));
  const VectorXd mean = points.rowwise().mean();
  const MatrixXd centered = points.colwise() - mean;
  const MatrixXd covariance = centered * centered.transpose() / double(n - 1);
  for (Index i = 0; i < 3; ++i) {
    EXPECT_NEAR(mean[i], law.mean()[i], 4 * std::sqrt(law.covariance()(i, i) / n));
    for (Index k = 0; k < 3; ++k) {
      const double error = std::sqrt(
          (law.covariance()(i, i) * law.covariance()(k, k) + std::pow(law.covariance()(i, k), 2)) / n);
      EXPECT_NEAR(covariance(i, k), law.covariance()(i, k), 4 * error);
    }
  }
}

TEST(MultivariateNormal, RefusesWhatIsNoCovariance) {
  EXPECT_THROW(MultivariateNormal(VectorXd::Zero(2), MatrixXd::Identity(3, 3)), InvalidInput);
  EXPECT_THROW(MultivariateNormal(VectorXd::Zero(2), MatrixXd{{1, 2}, {2, 1}}), InvalidInput);
  EXPECT_FALSE(MultivariateNormal::make(VectorXd::Constant(1, NAN), MatrixXd::Ones(1, 1)));
}

TEST(StandardNormalPoints, DoNotDependOnHowManyAreDrawn) {
  const Stream stream(Seed{5}, lane("points"));
  EXPECT_EQ(standard_normal_points(stream, 3, 2000).leftCols(700), standard_normal_points(stream, 3, 700));
}

TEST(FitNormal, WeightsCountAsRepetitions) {
  const MatrixXd points{{1.0, 2.0, 4.0}, {0.0, 3.0, -1.0}};
  const MatrixXd repeated{{1.0, 2.0, 2.0, 4.0, 4.0, 4.0}, {0.0, 3.0, 3.0, -1.0, -1.0, -1.0}};
  const auto weighted = fit_normal(points, VectorXd{{1, 2, 3}}, CovarianceShape::full, 0);
  const auto plain = fit_normal(repeated, VectorXd::Ones(6), CovarianceShape::full, 0);
  ASSERT_TRUE(weighted && plain);
  EXPECT_TRUE(weighted->mean().isApprox(plain->mean(), 1e-14));
  EXPECT_TRUE(weighted->covariance().isApprox(plain->covariance(), 1e-14));
  const auto diagonal = fit_normal(points, VectorXd{{1, 2, 3}}, CovarianceShape::diagonal, 0);
  EXPECT_EQ(diagonal->covariance()(0, 1), 0);
  EXPECT_NEAR(diagonal->covariance()(1, 1), weighted->covariance()(1, 1), 1e-14);
}

TEST(FitNormal, RidgeIsRelativeToTheScale) {
  // Two points in two dimensions span a line: the ridge alone makes the covariance positive definite, at any
  // scale.
  for (const double scale : {1e-8, 1.0, 1e8}) {
    const MatrixXd points = scale * MatrixXd{{0.0, 1.0}, {0.0, 2.0}};
    EXPECT_FALSE(fit_normal(points, VectorXd::Ones(2), CovarianceShape::full, 0)) << scale;
    const auto law = fit_normal(points, VectorXd::Ones(2), CovarianceShape::full, 1e-6);
    ASSERT_TRUE(law) << scale;
    EXPECT_NEAR(law->covariance()(0, 0) / (scale * scale), 0.25 * (1 + 1e-6), 1e-12);
  }
  EXPECT_FALSE(fit_normal(MatrixXd::Ones(2, 3), VectorXd::Ones(3)));
}

TEST(NormalMixture, DensityIsTheWeightedSum) {
  const MultivariateNormal left(VectorXd{{-1.0}}, MatrixXd{{0.25}}), right(VectorXd{{2.0}}, MatrixXd{{4.0}});
  const NormalMixture mixture({3, 1}, {left, right});
  const MatrixXd points{{-1.2, 0.3, 60.0}};
  const VectorXd values = mixture.log_pdf(points);
  for (Index i = 0; i < 2; ++i) {
    const double x = points(0, i);
    const double density = 0.75 * std::exp(-2 * (x + 1) * (x + 1)) / std::sqrt(0.5 * M_PI) +
                           0.25 * std::exp(-(x - 2) * (x - 2) / 8) / std::sqrt(8 * M_PI);
    EXPECT_NEAR(values[i], std::log(density), 1e-13);
  }
  EXPECT_NEAR(values[2], std::log(0.25 / std::sqrt(8 * M_PI)) - 58.0 * 58 / 8, 1e-10);
  EXPECT_THROW(NormalMixture({1, -1}, {left, right}), InvalidInput);
  EXPECT_THROW(NormalMixture({1}, {left, right}), InvalidInput);
  EXPECT_THROW(NormalMixture().density(), InvalidInput);
}

TEST(NormalMixture, DrawsChooseComponentsByWeight) {
  const NormalMixture mixture({3, 1},
                              {{VectorXd{{-10.0}}, MatrixXd{{1.0}}}, {VectorXd{{10.0}}, MatrixXd{{1.0}}}});
  const MatrixXd points = mixture.density().sample(Stream(Seed{1}, lane("mixture test")), 10'000);
  const double left = double((points.array() < 0).count()) / 10'000;
  EXPECT_NEAR(left, 0.75, 4 * std::sqrt(0.75 * 0.25 / 10'000));
}

TEST(FitMixture, FindsTwoModesFromWeightedPoints) {
  // Points from one wide law, weighted to a mixture of two narrow ones: importance sampling's case.
  const NormalMixture truth({0.3, 0.7}, {{VectorXd{{-3.0, 1.0}}, MatrixXd{{0.4, 0.1}, {0.1, 0.3}}},
                                         {VectorXd{{2.0, -1.0}}, MatrixXd{{0.5, 0.0}, {0.0, 0.2}}}});
  constexpr Index n = 20'000;
  const MatrixXd points = 3 * standard_normal_points(Stream(Seed{2}, lane("fit test")), 2, n);
  const VectorXd log_q = (-points.colwise().squaredNorm().transpose() / 18).array() - std::log(18 * M_PI);
  const VectorXd weights = (truth.log_pdf(points) - log_q).array().exp();
  const MixtureFit fit = fit_mixture(points, weights, Stream(Seed{4}, lane("seeds")));
  ASSERT_TRUE(fit.converged);
  ASSERT_EQ(fit.mixture.components().size(), 2u);
  const bool swapped = fit.mixture.components()[0].mean()[0] > 0;
  for (std::size_t c = 0; c < 2; ++c) {
    const std::size_t own = swapped ? 1 - c : c;
    EXPECT_NEAR(fit.mixture.weights()[own], truth.weights()[c], 0.02);
    EXPECT_LT((fit.mixture.components()[own].mean() - truth.components()[c].mean()).norm(), 0.05);
    EXPECT_LT((fit.mixture.components()[own].covariance() - truth.components()[c].covariance()).norm(), 0.06);
  }
}

TEST(FitMixture, DropsComponentsThatNothingHolds) {
  // Two distinct points cannot seed three components, and one point has no covariance.
  const MatrixXd points{{0.0, 0.0, 1.0, 1.0}, {0.0, 0.0, 1.0, 1.0}};
  const MixtureFit two = fit_mixture(points, VectorXd::Ones(4), Stream(Seed{1}, 1), {.components = 3});
  EXPECT_LE(two.mixture.components().size(), 2u);
  EXPECT_TRUE(fit_mixture(MatrixXd::Zero(2, 4), VectorXd::Ones(4), Stream(Seed{1}, 1)).mixture.empty());
}

}  // namespace
}  // namespace lehr::sample
