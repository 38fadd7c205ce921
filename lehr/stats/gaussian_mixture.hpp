// Gaussian mixtures: density, posteriors and draws. Fitting one to points is gaussian_mixture_em.hpp.
//
//   p(x) = sum_k w_k N(x; mu_k, Sigma_k),   posterior of component k at x:  w_k N(x; mu_k, Sigma_k) / p(x)
//
// Covariances are full, diagonal or spherical. A point may stand for a cell of many rows, with the rows' number as
// weight and the rows' covariance about their mean as `scatter` S; its log-density is then the mean over the cell,
//
//   log N(x; mu, Sigma) - tr(Sigma^-1 S) / 2
//
// so that a fit sees the rows' exact second moments (J. Verbeek, J. Nunnink and N. Vlassis, "Accelerated EM-based
// clustering of large data sets", 2006). Cost per point and component: O(d^2) full, O(d) otherwise.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::stats {

using Eigen::Index;

enum class CovarianceShape { full, diagonal, spherical };
const char* name(CovarianceShape shape);
// The numbers that one covariance of d dimensions has: d (d + 1) / 2, d or 1.
Index covariance_numbers(CovarianceShape shape, Index dimension);

// Points with weights, each possibly the mean of a cell.
struct WeightedPoints {
  Eigen::MatrixXd points;   // d x n, a point per column
  Eigen::VectorXd weights;  // n, positive; empty: all 1
  // Covariance of each point's cell, a column per point: the lower triangle, column by column (d (d + 1) / 2 rows),
  // the variances (d rows), or their mean (1 row). Empty: none.
  Eigen::MatrixXd scatter;

  Index dimension() const { return points.rows(); }
  Index size() const { return points.cols(); }
  double weight(Index i) const { return weights.size() == 0 ? 1.0 : weights[i]; }
  double total_weight() const { return weights.size() == 0 ? static_cast<double>(size()) : weights.sum(); }
};

// Which shape of covariance the rows of `scatter` have. Throws InvalidInput where they fit none.
CovarianceShape scatter_shape(const WeightedPoints& points);
// The scatter in a shape that keeps as much or less: full -> diagonal -> spherical. InvalidInput the other way round.
Eigen::MatrixXd scatter_as(const WeightedPoints& points, CovarianceShape shape);
// The points of the given numbers, with their weights and scatter.
WeightedPoints select(const WeightedPoints& points, const std::vector<Index>& chosen);

// Plain data: a state's fields.
struct GaussianMixture {
  CovarianceShape shape = CovarianceShape::full;
  Eigen::VectorXd weights;      // K, sum 1
  Eigen::MatrixXd means;        // d x K
  Eigen::MatrixXd covariances;  // a column per component: d * d numbers, d variances, or one variance

  Index dimension() const { return means.rows(); }
  Index components() const { return means.cols(); }
  Eigen::MatrixXd covariance(Index component) const;  // d x d
};

// Free parameters of K components in d dimensions: K (d + numbers of a covariance) + K - 1.
double free_parameters(CovarianceShape shape, Index dimension, Index components);
// -2 L + p log n, the lower the better (G. Schwarz, 1978).
double bayesian_information(double log_likelihood, double parameters, double rows);

// 64 points side by side, dimension by dimension: what the loops over points work on. Lanes past the last point repeat
// it with weight 0.
struct PointLanes {
  static constexpr Index width = 64;
  Eigen::Array<double, width, Eigen::Dynamic> coordinates;  // 64 x d
  Eigen::Array<double, width, 1> weights;
  Eigen::Array<double, width, Eigen::Dynamic> scatter;  // 64 x rows of scatter
  Index count = 0;

  // Points [first, first + 64) of `points`, whose scatter has the shape of the mixture in question.
  void load(const WeightedPoints& points, Index first);
};

// A mixture made ready for evaluation.
class MixtureDensity {
 public:
  using Terms = Eigen::Array<double, PointLanes::width, Eigen::Dynamic>;  // 64 x K

  // Throws NumericalFailure for a covariance that is not positive definite.
  explicit MixtureDensity(GaussianMixture mixture);
  // Whether every covariance is positive definite, which the constructor wants.
  static bool proper(const GaussianMixture& mixture);

  const GaussianMixture& mixture() const { return mixture_; }

  // terms(i, k) = log w_k + log N(x_i; mu_k, Sigma_k), less the trace term where the lanes have scatter.
  void log_terms(const PointLanes& lanes, Terms& terms) const;
  // log p(x_i) of each point (d x n); parallel.
  Eigen::VectorXd log_density(const WeightedPoints& points) const;
  // K x n, columns sum to 1; parallel. `exponent` b gives terms proportional to (w_k N_k)^b.
  Eigen::MatrixXd posteriors(const WeightedPoints& points, double exponent = 1) const;
  // The component with the highest posterior at each point, the lower number where two are equal; parallel.
  std::vector<int> most_probable(const WeightedPoints& points) const;
  // One draw from the mixture.
  Eigen::VectorXd draw(Stream& random) const;

 private:
  void full_terms(const PointLanes& lanes, Index component, Terms& terms) const;
  void diagonal_terms(const PointLanes& lanes, Index component, Terms& terms) const;

  GaussianMixture mixture_;
  std::vector<Eigen::MatrixXd> factors_;          // full: L of Sigma = L L'
  std::vector<Eigen::MatrixXd> inverse_factors_;  // full: L^-1
  Eigen::MatrixXd trace_factors_;                 // full: Sigma^-1 as a column, off-diagonal numbers doubled
  Eigen::MatrixXd inverse_variances_;             // diagonal and spherical: d x K
  Eigen::ArrayXd constants_;                      // log w_k - (d log 2 pi + log det Sigma_k) / 2
};

// Turns terms (64 x K) into posteriors in place; returns log sum_k e^term of each lane. With an exponent b the posteriors
// are proportional to e^(b term), the returned sum stays that of the mixture itself. Posteriors below 1e-50 become 0.
Eigen::Array<double, PointLanes::width, 1> normalise_terms(MixtureDensity::Terms& terms, double exponent = 1);

}  // namespace lehr::stats
