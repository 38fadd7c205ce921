#include "lehr/stats/gaussian_mixture.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

GaussianMixture two_full() {
  GaussianMixture mixture{.shape = CovarianceShape::full,
                          .weights = VectorXd(2),
                          .means = MatrixXd(2, 2),
                          .covariances = MatrixXd(4, 2)};
  mixture.weights << 0.3, 0.7;
  mixture.means << 0, 2, 1, -1;
  mixture.covariances.col(0) << 2, 0.5, 0.5, 1;
  mixture.covariances.col(1) << 1, -0.3, -0.3, 0.5;
  return mixture;
}

WeightedPoints four_points() {
  WeightedPoints points{MatrixXd(2, 4), {}, {}};
  points.points << 0, 1, 3, -40, 0, 2, -2, 30;
  return points;
}

// scipy.stats.multivariate_normal.logpdf and scipy.special.logsumexp, SciPy 1.10.1.
TEST(GaussianMixture, DensityAndPosteriorsMatchSciPy) {
  const MixtureDensity density(two_full());
  const VectorXd log_density = density.log_density(four_points());
  const MatrixXd posteriors = density.posteriors(four_points());
  const std::vector<double> expected = {-3.2250110383155333, -3.892373505674114, -2.8462927169721572,
                                        -1272.464514907528};
  const std::vector<double> first = {5.126944128188503e-01, 9.992874235458238e-01, 2.120911886884475e-05,
                                     9.999999999679404e-01};
  for (Index i = 0; i < 4; ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_NEAR(log_density[i], expected[at], 1e-13 * std::abs(expected[at]));
    EXPECT_NEAR(posteriors(0, i), first[at], 1e-12 * first[at]);
    EXPECT_NEAR(posteriors.col(i).sum(), 1, 1e-15);
  }
  EXPECT_EQ(density.most_probable(four_points()), (std::vector<int>{0, 0, 1, 0}));
}

TEST(GaussianMixture, AnExponentFlattensThePosteriors) {
  const MixtureDensity density(two_full());
  const MatrixXd sharp = density.posteriors(four_points()), flat = density.posteriors(four_points(), 0.5);
  for (Index i = 0; i < 3; ++i) {
    const double odds = sharp(0, i) / sharp(1, i);
    EXPECT_NEAR(flat(0, i) / flat(1, i), std::sqrt(odds), 1e-9 * std::sqrt(odds));
  }
}

TEST(GaussianMixture, NarrowerShapesAreFullOnesInDisguise) {
  GaussianMixture full = two_full(), diagonal = full, spherical = full;
  full.covariances.col(0) << 2, 0, 0, 2, full.covariances.col(1) << 0.5, 0, 0, 0.5;
  diagonal.shape = CovarianceShape::diagonal, diagonal.covariances = MatrixXd(2, 2);
  diagonal.covariances << 2, 0.5, 2, 0.5;
  spherical.shape = CovarianceShape::spherical, spherical.covariances = MatrixXd(1, 2);
  spherical.covariances << 2, 0.5;
  WeightedPoints cells = four_points();
  for (const bool scatter : {false, true}) {
    const auto with = [&](CovarianceShape shape) {
      WeightedPoints own = cells;
      if (scatter) {
        own.scatter = MatrixXd(3, 4);
        own.scatter << 0.1, 0.2, 0.3, 0, 0.05, 0, -0.1, 0, 0.4, 0.5, 0.2, 0;
        own.scatter = scatter_as(own, shape);
      }
      return own;
    };
    const VectorXd expected = MixtureDensity(full).log_density(with(CovarianceShape::full));
    const VectorXd by_diagonal = MixtureDensity(diagonal).log_density(with(CovarianceShape::diagonal));
    const VectorXd by_variance = MixtureDensity(spherical).log_density(with(CovarianceShape::spherical));
    for (Index i = 0; i < 4; ++i) {
      EXPECT_NEAR(by_diagonal[i], expected[i], 1e-12 * std::abs(expected[i]));
      EXPECT_NEAR(by_variance[i], expected[i], 1e-12 * std::abs(expected[i]));
    }
  }
  EXPECT_EQ(diagonal.covariance(1), full.covariance(1));
  EXPECT_EQ(spherical.covariance(0), full.covariance(0));
}

// A cell's log-density is the mean over its rows: log N(x) - tr(Sigma^-1 S) / 2 for one component.
TEST(GaussianMixture, ScatterGivesTheMeanOverTheCell) {
  GaussianMixture one = two_full();
  one.weights = VectorXd::Ones(1), one.means = one.means.leftCols(1).eval(),
  one.covariances = one.covariances.leftCols(1).eval();
  const MixtureDensity density(one);
  WeightedPoints rows{MatrixXd(2, 3), {}, {}};
  rows.points << 1, 2, 4.5, -1, 0.5, 2;
  const VectorXd mean = rows.points.rowwise().mean();
  const MatrixXd centered = rows.points.colwise() - mean;
  const MatrixXd covariance = centered * centered.transpose() / 3;
  WeightedPoints cell{mean, VectorXd::Constant(1, 3), MatrixXd(3, 1)};
  cell.scatter << covariance(0, 0), covariance(1, 0), covariance(1, 1);
  EXPECT_NEAR(density.log_density(cell)[0], density.log_density(rows).mean(), 1e-13);
}

TEST(GaussianMixture, DrawsHaveItsMoments) {
  const GaussianMixture mixture = two_full();
  const MixtureDensity density(mixture);
  constexpr int draws = 20000;
  Stream random(Seed{5}, lane("draws"));
  MatrixXd points(2, draws);
  for (int i = 0; i < draws; ++i) points.col(i) = density.draw(random);
  const VectorXd mean = mixture.means * mixture.weights;
  MatrixXd second = MatrixXd::Zero(2, 2);
  for (Index k = 0; k < 2; ++k)
    second += mixture.weights[k] *
              (mixture.covariance(k) + mixture.means.col(k) * mixture.means.col(k).transpose());
  const MatrixXd covariance = second - mean * mean.transpose();
  const VectorXd found = points.rowwise().mean();
  const MatrixXd centered = points.colwise() - found;
  for (Index j = 0; j < 2; ++j) EXPECT_NEAR(found[j], mean[j], 4 * std::sqrt(covariance(j, j) / draws));
  // Products of two coordinates have a variance below 3 sigma_i^2 sigma_j^2 for this light-tailed mixture.
  const MatrixXd estimate = centered * centered.transpose() / draws;
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 2; ++j)
      EXPECT_NEAR(estimate(i, j), covariance(i, j),
                  4 * std::sqrt(3 * covariance(i, i) * covariance(j, j) / draws));
}

TEST(GaussianMixture, CountsItsParameters) {
  EXPECT_EQ(free_parameters(CovarianceShape::full, 4, 3), 3 * (4 + 10) + 2);
  EXPECT_EQ(free_parameters(CovarianceShape::diagonal, 4, 3), 2 * 4 * 3 + 2);
  EXPECT_EQ(free_parameters(CovarianceShape::spherical, 4, 3), 3 * 5 + 2);
  EXPECT_EQ(bayesian_information(-10, 3, std::exp(2)), 26);
}

TEST(GaussianMixture, RefusesWhatIsNotADensity) {
  GaussianMixture flat = two_full();
  flat.covariances.col(1) << 1, 2, 2, 1;
  EXPECT_FALSE(MixtureDensity::proper(flat));
  EXPECT_THROW(MixtureDensity{flat}, NumericalFailure);
  WeightedPoints odd = four_points();
  odd.scatter = MatrixXd::Zero(4, 4);
  EXPECT_THROW(scatter_shape(odd), InvalidInput);
  odd.scatter = MatrixXd::Zero(1, 4);
  EXPECT_THROW(scatter_as(odd, CovarianceShape::full), InvalidInput);
}

}  // namespace
}  // namespace lehr::stats
