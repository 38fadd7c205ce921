#include "lehr/sample/mixture_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lehr::sample {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double least_mass = 1e-6;          // of a component
constexpr double negligible_weight = 1e-14;  // against the largest: such points are left out

// The points that matter, and their weights scaled to sum 1.
struct WeightedPoints {
  MatrixXd points;
  VectorXd shares;
};

WeightedPoints keep_weighty(const Points& points, const Eigen::Ref<const VectorXd>& weights) {
  const double threshold = negligible_weight * weights.maxCoeff();
  std::vector<Index> kept;
  for (Index i = 0; i < weights.size(); ++i)
    if (weights[i] > threshold) kept.push_back(i);
  WeightedPoints result{points(Eigen::all, kept), weights(kept)};
  result.shares /= result.shares.sum();
  return result;
}

// Up to `count` distinct points: the first drawn with probability proportional to the weights, the others to
// the weights times the squared distance from the nearest one so far (Arthur and Vassilvitskii, "k-means++",
// 2007), in coordinates in which the whole sample has unit covariance. Column c of the result tells which
// points are nearest to seed c.
MatrixXd nearest_seeds(const MatrixXd& whitened, const VectorXd& shares, std::int64_t count, Stream& random) {
  VectorXd distance = VectorXd::Ones(shares.size());
  Eigen::VectorX<Index> owner = Eigen::VectorX<Index>::Zero(shares.size());
  Index seeds = 0;
  while (seeds < count) {
    const VectorXd odds = shares.cwiseProduct(distance);
    double place = uniform(random) * odds.sum();
    if (!(odds.sum() > 0)) break;
    Index seed = 0;
    while (seed + 1 < odds.size() && (place -= odds[seed]) >= 0) ++seed;
    const VectorXd from_seed = (whitened.colwise() - whitened.col(seed)).colwise().squaredNorm().transpose();
    for (Index i = 0; i < shares.size(); ++i)
      if (seeds == 0 || from_seed[i] < distance[i]) distance[i] = from_seed[i], owner[i] = seeds;
    ++seeds;
  }
  MatrixXd members = MatrixXd::Zero(shares.size(), seeds);
  for (Index i = 0; i < shares.size(); ++i) members(i, owner[i]) = 1;
  return members;
}

// r_ic as a column per component, and sum_i v_i ln q(x_i).
double responsibilities(const WeightedPoints& data, const NormalMixture& mixture, MatrixXd& r) {
  const auto count = static_cast<Index>(mixture.components().size());
  r.resize(data.points.cols(), count);
  for (Index c = 0; c < count; ++c) {
    mixture.components()[static_cast<std::size_t>(c)].log_pdf(data.points, r.col(c));
    r.col(c).array() += std::log(mixture.weights()[static_cast<std::size_t>(c)]);
  }
  const VectorXd largest = r.rowwise().maxCoeff();
  r = (r.colwise() - largest).array().exp();
  const VectorXd sums = r.rowwise().sum();
  r.array().colwise() /= sums.array();
  return data.shares.dot((largest.array() + sums.array().log()).matrix());
}

// The components that the responsibilities make, without those that are empty or singular. `whole`: the
// sample's covariance.
NormalMixture maximise(const WeightedPoints& data, const MatrixXd& r, const MatrixXd& whole,
                       const MixtureFitOptions& options) {
  std::vector<double> weights;
  std::vector<MultivariateNormal> components;
  for (Index c = 0; c < r.cols(); ++c) {
    const VectorXd own = (r.col(c).array() * data.shares.array()).matrix();
    if (!(own.sum() > least_mass)) continue;
    auto component = fit_normal(data.points, own, options.shape, options.ridge);
    if (component && options.prior_points > 0) {
      const double points = own.sum() * own.sum() / own.squaredNorm();
      component = MultivariateNormal::make(component->mean(),
                                           (points * component->covariance() + options.prior_points * whole) /
                                               (points + options.prior_points));
    }
    if (!component) continue;
    weights.push_back(own.sum());
    components.push_back(std::move(*component));
  }
  return {std::move(weights), std::move(components)};
}

}  // namespace

MixtureFit fit_mixture(const Points& points, const Eigen::Ref<const VectorXd>& weights, Stream random,
                       const MixtureFitOptions& options) {
  const WeightedPoints data = keep_weighty(points, weights);
  MixtureFit fit;
  const auto whole = fit_normal(data.points, data.shares, options.shape, options.ridge);
  if (!whole) return fit;
  const MatrixXd cells = nearest_seeds(whole->whiten(data.points), data.shares, options.components, random);
  fit.mixture = maximise(data, cells, whole->covariance(), options);
  fit.log_likelihood = -std::numeric_limits<double>::infinity();
  MatrixXd r;
  while (!fit.mixture.empty() && fit.iterations < options.iterations && !fit.converged) {
    const double value = responsibilities(data, fit.mixture, r);
    fit.converged = fit.iterations > 0 && std::abs(value - fit.log_likelihood) <=
                                              options.tolerance * std::max(1.0, std::abs(value));
    fit.log_likelihood = value;
    if (fit.converged) break;
    fit.mixture = maximise(data, r, whole->covariance(), options);
    ++fit.iterations;
  }
  return fit;
}

}  // namespace lehr::sample
