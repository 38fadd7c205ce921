#include "lehr/stats/gaussian_mixture_em.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/core/random.hpp"

namespace lehr::stats {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// 40 points by formula, and their labels: the even and the odd ones.
WeightedPoints wavy_points() {
  WeightedPoints points{MatrixXd(2, 40), {}, {}};
  for (Index i = 0; i < 40; ++i) {
    const auto t = static_cast<double>(i), odd = static_cast<double>(i % 2);
    points.points.col(i) << std::sin(1.7 * t) + 3 * odd, 1.5 * std::cos(2.3 * t) + odd;
  }
  return points;
}
std::vector<int> parities() {
  std::vector<int> labels(40);
  for (std::size_t i = 0; i < 40; ++i) labels[i] = static_cast<int>(i % 2);
  return labels;
}

struct SklearnFit {
  CovarianceShape shape;
  double weight;                    // of the first component
  std::vector<double> means;        // first component, then second
  std::vector<double> covariances;  // of the first
  double log_likelihood, bic;
};
void PrintTo(const SklearnFit& fit, std::ostream* out) { *out << name(fit.shape); }

class MixtureEm : public testing::TestWithParam<SklearnFit> {};

// sklearn.mixture.GaussianMixture 1.2.1, tol 1e-14, reg_covar 0, started from the parities' moments.
TEST_P(MixtureEm, MatchesScikitLearn) {
  const SklearnFit& expected = GetParam();
  const MixtureFit fit =
      fit_gaussian_mixture(wavy_points(), parities(), 2, expected.shape, {.tolerance = 1e-15, .steps = 5000});
  ASSERT_TRUE(fit.sound());
  EXPECT_NEAR(fit.mixture.weights[0], expected.weight, 2e-7);
  for (Index j = 0; j < 4; ++j)
    EXPECT_NEAR(fit.mixture.means(j % 2, j / 2), expected.means[static_cast<std::size_t>(j)], 1e-6);
  for (std::size_t j = 0; j < expected.covariances.size(); ++j)
    EXPECT_NEAR(fit.mixture.covariances(static_cast<Index>(j), 0), expected.covariances[j], 1e-6);
  EXPECT_NEAR(fit.log_likelihood, expected.log_likelihood, 1e-10);
  EXPECT_NEAR(fit.bic, expected.bic, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, MixtureEm,
    testing::Values(
        SklearnFit{CovarianceShape::full,
                   0.5002989561350558,
                   {0.03143008352076988, 0.08288017820062248, 3.00509164516292, 0.9655580184393885},
                   {0.5479873185556341, -0.00641521091678838, -0.00641521091678837, 1.1507936981026248},
                   -128.87917416768423,
                   298.33602233062174},
        SklearnFit{CovarianceShape::diagonal,
                   0.4999985370121832,
                   {0.03029175282622017, 0.08449997535630016, 3.0044432848276914, 0.9634078857093464},
                   {0.5459651253482024, 1.1521682750173325},
                   -128.9742983160791,
                   291.14851171918366},
        SklearnFit{CovarianceShape::spherical,
                   0.48774063765775566,
                   {0.03919388739051334, 0.04044645292386523, 2.9247985073336364, 0.9843213705627296},
                   {0.8776097867411897},
                   -131.20466260857455,
                   288.2314813959467}));

WeightedPoints random_points(Index d, Index n, std::uint64_t seed) {
  Stream random(Seed{seed}, lane("points"));
  WeightedPoints points{MatrixXd(d, n), {}, {}};
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < d; ++j) points.points(j, i) = normal(random) + (i % 3 == 0 ? 2.0 : 0.0);
  return points;
}

TEST(MixtureEmSteps, OneComponentIsTheMoments) {
  const WeightedPoints points = random_points(3, 200, 1);
  const MixtureFit fit = fit_gaussian_mixture(points, std::vector<int>(200, 0), 1, CovarianceShape::full);
  const VectorXd mean = points.points.rowwise().mean();
  const MatrixXd centered = points.points.colwise() - mean;
  EXPECT_TRUE(fit.mixture.means.col(0).isApprox(mean, 1e-13));
  EXPECT_TRUE(fit.mixture.covariance(0).isApprox(centered * centered.transpose() / 200, 1e-12));
}

TEST(MixtureEmSteps, TheLikelihoodNeverFalls) {
  const WeightedPoints points = random_points(3, 300, 2);
  std::vector<int> labels(300);
  for (std::size_t i = 0; i < 300; ++i) labels[i] = static_cast<int>(i % 4);  // a poor start
  for (const CovarianceShape shape :
       {CovarianceShape::full, CovarianceShape::diagonal, CovarianceShape::spherical}) {
    double last = -std::numeric_limits<double>::infinity();
    for (std::int64_t steps = 1; steps <= 60; ++steps) {
      const MixtureFit fit = fit_gaussian_mixture(points, labels, 4, shape, {.tolerance = 0, .steps = steps});
      EXPECT_GE(fit.log_likelihood, last - 1e-9) << name(shape) << " after " << steps;
      last = fit.log_likelihood;
    }
  }
}

TEST(MixtureEmSteps, WholeWeightsAreRepeatedPoints) {
  WeightedPoints weighted = random_points(2, 60, 3), repeated;
  weighted.weights = VectorXd(60);
  std::vector<int> labels, all_labels;
  std::vector<Index> copies;
  for (Index i = 0; i < 60; ++i) {
    labels.push_back(i % 3 == 0 ? 1 : 0);
    weighted.weights[i] = static_cast<double>(1 + i % 4);
    for (Index c = 0; c <= i % 4; ++c) copies.push_back(i), all_labels.push_back(labels.back());
  }
  repeated = select({weighted.points, {}, {}}, copies);
  const MixtureFit a = fit_gaussian_mixture(weighted, labels, 2, CovarianceShape::full);
  const MixtureFit b = fit_gaussian_mixture(repeated, all_labels, 2, CovarianceShape::full);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_NEAR(a.bic, b.bic, 1e-9);
  EXPECT_TRUE(a.mixture.means.isApprox(b.mixture.means, 1e-10));
  EXPECT_TRUE(a.mixture.covariances.isApprox(b.mixture.covariances, 1e-9));
}

// Cells of 3 rows each, with their covariances: one Gaussian's moments and likelihood are those of the rows.
TEST(MixtureEmSteps, CellsKeepTheRowsMoments) {
  const WeightedPoints rows = random_points(2, 90, 4);
  WeightedPoints cells{MatrixXd(2, 30), VectorXd::Constant(30, 3), MatrixXd(3, 30)};
  for (Index c = 0; c < 30; ++c) {
    const auto own = rows.points.middleCols(3 * c, 3);
    cells.points.col(c) = own.rowwise().mean();
    const MatrixXd centered = own.colwise() - cells.points.col(c);
    const MatrixXd covariance = centered * centered.transpose() / 3;
    cells.scatter.col(c) << covariance(0, 0), covariance(1, 0), covariance(1, 1);
  }
  for (const CovarianceShape shape :
       {CovarianceShape::full, CovarianceShape::diagonal, CovarianceShape::spherical}) {
    const MixtureFit by_rows = fit_gaussian_mixture(rows, std::vector<int>(90, 0), 1, shape);
    const MixtureFit by_cells = fit_gaussian_mixture(cells, std::vector<int>(30, 0), 1, shape);
    EXPECT_TRUE(by_cells.mixture.covariances.isApprox(by_rows.mixture.covariances, 1e-12)) << name(shape);
    EXPECT_NEAR(by_cells.log_likelihood, by_rows.log_likelihood, 1e-9) << name(shape);
    EXPECT_NEAR(by_cells.bic, by_rows.bic, 1e-9) << name(shape);
  }
}

TEST(MixtureEmSteps, AFloorKeepsSpikesAway) {
  WeightedPoints points = random_points(2, 100, 5);
  points.points.row(1).setZero();
  const std::vector<int> labels(100, 0);
  EXPECT_EQ(fit_gaussian_mixture(points, labels, 1, CovarianceShape::full).end, MixtureEnd::collapsed);
  VectorXd floor(2);
  floor << 0, 0.25;
  const MixtureFit fit = fit_gaussian_mixture(points, labels, 1, CovarianceShape::full, {.floor = floor});
  EXPECT_EQ(fit.end, MixtureEnd::converged);
  EXPECT_DOUBLE_EQ(fit.mixture.covariance(0)(1, 1), 0.25);
}

TEST(MixtureEmSteps, AStarvedComponentEndsTheFit) {
  const WeightedPoints points = random_points(2, 50, 6);
  std::vector<int> labels(50, 0);
  labels[0] = labels[1] = labels[2] = 1;
  EXPECT_EQ(fit_gaussian_mixture(points, labels, 2, CovarianceShape::diagonal, {.least_mass = 5}).end,
            MixtureEnd::starved);
}

// One annealed step is the M step of posteriors that an exponent flattens, with a share of the variances added.
TEST(MixtureEmSteps, AnAnnealedStepIsWhatItSays) {
  const WeightedPoints points = random_points(2, 300, 7);
  std::vector<int> labels(300);
  for (std::size_t i = 0; i < 300; ++i) labels[i] = static_cast<int>(i % 2);
  const GaussianMixture start = maximise(points, responsibilities_of(labels, 2), CovarianceShape::full);
  const MixtureFit fit =
      fit_gaussian_mixture(points, start, {.steps = 1, .annealing = {{.exponent = 0.4, .widening = 0.1}}});
  const VectorXd mean = points.points.rowwise().mean();
  const VectorXd variance = (points.points.colwise() - mean).cwiseAbs2().rowwise().mean();
  const GaussianMixture expected =
      maximise(points, MixtureDensity(start).posteriors(points, 0.4), CovarianceShape::full, 0.1 * variance);
  EXPECT_EQ(fit.steps, 2);
  EXPECT_TRUE(fit.mixture.means.isApprox(expected.means, 1e-12));
  EXPECT_TRUE(fit.mixture.covariances.isApprox(expected.covariances, 1e-12));
  EXPECT_TRUE(fit.mixture.weights.isApprox(expected.weights, 1e-12));
}

TEST(MixtureEmSteps, ThreadsDoNotMatter) {
  const WeightedPoints points = random_points(4, 20000, 8);
  std::vector<int> labels(20000);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i % 3);
  std::vector<MixtureFit> fits;
  for (const int count : {1, 2, 4}) {
    set_threads(count);
    fits.push_back(fit_gaussian_mixture(points, labels, 3, CovarianceShape::full, {.steps = 20}));
  }
  set_threads(0);
  for (const MixtureFit& fit : fits) {
    EXPECT_EQ(fit.log_likelihood, fits[0].log_likelihood);
    EXPECT_EQ(fit.mixture.covariances, fits[0].mixture.covariances);
  }
}

TEST(MixtureEmSteps, RefusesWhatDoesNotFit) {
  const WeightedPoints points = random_points(2, 10, 9);
  EXPECT_THROW(fit_gaussian_mixture(points, std::vector<int>(9, 0), 1, CovarianceShape::full), InvalidInput);
  EXPECT_THROW(fit_gaussian_mixture(points, std::vector<int>(10, 2), 2, CovarianceShape::full), InvalidInput);
  WeightedPoints bad = points;
  bad.weights = VectorXd::Zero(10);
  EXPECT_THROW(fit_gaussian_mixture(bad, std::vector<int>(10, 0), 1, CovarianceShape::full), InvalidInput);
  bad = points, bad.points(0, 0) = std::nan("");
  EXPECT_THROW(fit_gaussian_mixture(bad, std::vector<int>(10, 0), 1, CovarianceShape::full), InvalidInput);
  EXPECT_THROW(fit_gaussian_mixture(points, std::vector<int>(10, 0), 1, CovarianceShape::full,
                                    {.floor = VectorXd::Ones(3)}),
               InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
