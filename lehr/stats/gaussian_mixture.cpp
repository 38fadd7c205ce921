#include "lehr/stats/gaussian_mixture.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using LaneValues = Eigen::Array<double, PointLanes::width, 1>;

namespace {

constexpr double log_two_pi = 1.8378770664093454836;
constexpr double vanishing_posterior = 1e-50;  // keeps denormal numbers, which are slow, out of the sums
constexpr Index lanes_per_task = 16;

// L of A = L L' with A symmetric, of which the lower half is read; false where A is not positive definite.
bool factor(const MatrixXd& a, MatrixXd& lower) {
  const Index d = a.rows();
  lower = MatrixXd::Zero(d, d);
  for (Index j = 0; j < d; ++j) {
    const double pivot = a(j, j) - lower.row(j).head(j).squaredNorm();
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    lower(j, j) = std::sqrt(pivot);
    for (Index i = j + 1; i < d; ++i)
      lower(i, j) = (a(i, j) - lower.row(i).head(j).dot(lower.row(j).head(j))) / lower(j, j);
  }
  return true;
}

MatrixXd inverse_of_lower(const MatrixXd& lower) {
  const Index d = lower.rows();
  MatrixXd inverse = MatrixXd::Zero(d, d);
  for (Index j = 0; j < d; ++j) {
    inverse(j, j) = 1 / lower(j, j);
    for (Index i = j + 1; i < d; ++i)
      inverse(i, j) = -lower.row(i).segment(j, i - j).dot(inverse.col(j).segment(j, i - j)) / lower(i, i);
  }
  return inverse;
}

// Calls body(lanes, first) for every 64 points, in parallel.
template <class Body>
void for_lanes(const WeightedPoints& points, Body body) {
  const Index groups = (points.size() + PointLanes::width - 1) / PointLanes::width;
  parallel_for((groups + lanes_per_task - 1) / lanes_per_task, [&](std::int64_t task) {
    PointLanes lanes;
    for (Index g = task * lanes_per_task; g < std::min<Index>(groups, (task + 1) * lanes_per_task); ++g) {
      lanes.load(points, g * PointLanes::width);
      body(lanes, g * PointLanes::width);
    }
  });
}

Index packed_index(Index row, Index column, Index dimension) {  // row >= column
  return column * dimension - column * (column - 1) / 2 + row - column;
}

}  // namespace

const char* name(CovarianceShape shape) {
  return shape == CovarianceShape::full       ? "full"
         : shape == CovarianceShape::diagonal ? "diagonal"
                                              : "spherical";
}

Index covariance_numbers(CovarianceShape shape, Index dimension) {
  return shape == CovarianceShape::full       ? dimension * (dimension + 1) / 2
         : shape == CovarianceShape::diagonal ? dimension
                                              : 1;
}

CovarianceShape scatter_shape(const WeightedPoints& points) {
  for (const CovarianceShape shape :
       {CovarianceShape::full, CovarianceShape::diagonal, CovarianceShape::spherical})
    if (points.scatter.rows() == covariance_numbers(shape, points.dimension())) return shape;
  throw InvalidInput("points of {} dimensions: scatter has {} rows, expected {}, {} or 1", points.dimension(),
                     points.scatter.rows(), covariance_numbers(CovarianceShape::full, points.dimension()),
                     points.dimension());
}

MatrixXd scatter_as(const WeightedPoints& points, CovarianceShape shape) {
  if (points.scatter.size() == 0) return {};
  const CovarianceShape given = scatter_shape(points);
  if (given == shape) return points.scatter;
  if (given > shape)
    throw InvalidInput("points with {} scatter cannot have a mixture with {} covariances", name(given),
                       name(shape));
  const Index d = points.dimension();
  MatrixXd variances = points.scatter;
  if (given == CovarianceShape::full) {
    variances.resize(d, points.size());
    for (Index j = 0; j < d; ++j) variances.row(j) = points.scatter.row(packed_index(j, j, d));
  }
  if (shape == CovarianceShape::diagonal) return variances;
  return variances.colwise().mean();
}

WeightedPoints select(const WeightedPoints& points, const std::vector<Index>& chosen) {
  const auto n = static_cast<Index>(chosen.size());
  WeightedPoints part;
  part.points.resize(points.dimension(), n);
  if (points.weights.size() > 0) part.weights.resize(n);
  if (points.scatter.size() > 0) part.scatter.resize(points.scatter.rows(), n);
  for (Index i = 0; i < n; ++i) {
    const Index from = chosen[static_cast<std::size_t>(i)];
    part.points.col(i) = points.points.col(from);
    if (points.weights.size() > 0) part.weights[i] = points.weights[from];
    if (points.scatter.size() > 0) part.scatter.col(i) = points.scatter.col(from);
  }
  return part;
}

MatrixXd GaussianMixture::covariance(Index component) const {
  const Index d = dimension();
  if (shape == CovarianceShape::full)
    return Eigen::Map<const MatrixXd>(covariances.col(component).data(), d, d);
  if (shape == CovarianceShape::diagonal) return covariances.col(component).asDiagonal();
  return covariances(0, component) * MatrixXd::Identity(d, d);
}

double free_parameters(CovarianceShape shape, Index dimension, Index components) {
  return static_cast<double>(components * (dimension + covariance_numbers(shape, dimension)) + components -
                             1);
}

double bayesian_information(double log_likelihood, double parameters, double rows) {
  return -2 * log_likelihood + parameters * std::log(rows);
}

void PointLanes::load(const WeightedPoints& points, Index first) {
  const Index d = points.dimension(), s = points.scatter.rows();
  coordinates.resize(width, d);
  scatter.resize(width, s);
  count = std::min<Index>(width, points.size() - first);
  for (Index lane = 0; lane < width; ++lane) {
    const Index i = first + std::min(lane, count - 1);
    for (Index j = 0; j < d; ++j) coordinates(lane, j) = points.points(j, i);
    for (Index j = 0; j < s; ++j) scatter(lane, j) = points.scatter(j, i);
    weights[lane] = lane < count ? points.weight(i) : 0;
  }
}

bool MixtureDensity::proper(const GaussianMixture& mixture) {
  if (mixture.shape != CovarianceShape::full)
    return (mixture.covariances.array() > 0).all() && mixture.covariances.allFinite();
  MatrixXd lower;
  for (Index k = 0; k < mixture.components(); ++k)
    if (!factor(mixture.covariance(k), lower)) return false;
  return true;
}

MixtureDensity::MixtureDensity(GaussianMixture mixture) : mixture_(std::move(mixture)) {
  const Index d = mixture_.dimension(), components = mixture_.components();
  const bool full = mixture_.shape == CovarianceShape::full;
  constants_ = mixture_.weights.array().log() - 0.5 * static_cast<double>(d) * log_two_pi;
  if (!proper(mixture_))
    throw NumericalFailure("Gaussian mixture: a covariance is not positive definite; a floor helps");
  if (full) trace_factors_.resize(covariance_numbers(mixture_.shape, d), components);
  if (!full) inverse_variances_.resize(d, components);
  for (Index k = 0; k < components; ++k) {
    if (!full) {
      const VectorXd variances = mixture_.covariance(k).diagonal();
      inverse_variances_.col(k) = variances.cwiseInverse();
      constants_[k] -= 0.5 * variances.array().log().sum();
      continue;
    }
    MatrixXd& lower = factors_.emplace_back();
    factor(mixture_.covariance(k), lower);
    const MatrixXd& inverse = inverse_factors_.emplace_back(inverse_of_lower(lower));
    constants_[k] -= lower.diagonal().array().log().sum();
    for (Index column = 0; column < d; ++column)
      for (Index row = column; row < d; ++row)
        trace_factors_(packed_index(row, column, d), k) =
            (row == column ? 1 : 2) * inverse.col(row).dot(inverse.col(column));
  }
}

void MixtureDensity::log_terms(const PointLanes& lanes, Terms& terms) const {
  terms.resize(PointLanes::width, mixture_.components());
  for (Index k = 0; k < mixture_.components(); ++k)
    mixture_.shape == CovarianceShape::full ? full_terms(lanes, k, terms) : diagonal_terms(lanes, k, terms);
}

// log N = constant - |L^-1 (x - mu)|^2 / 2.
void MixtureDensity::full_terms(const PointLanes& lanes, Index component, Terms& terms) const {
  const Index d = mixture_.dimension();
  const MatrixXd& inverse = inverse_factors_[static_cast<std::size_t>(component)];
  LaneValues squares = LaneValues::Zero(), projection;
  for (Index row = 0; row < d; ++row) {
    projection = inverse(row, 0) * (lanes.coordinates.col(0) - mixture_.means(0, component));
    for (Index column = 1; column <= row; ++column)
      projection +=
          inverse(row, column) * (lanes.coordinates.col(column) - mixture_.means(column, component));
    squares += projection.square();
  }
  for (Index s = 0; s < lanes.scatter.cols(); ++s)
    squares += trace_factors_(s, component) * lanes.scatter.col(s);
  terms.col(component) = constants_[component] - 0.5 * squares;
}

void MixtureDensity::diagonal_terms(const PointLanes& lanes, Index component, Terms& terms) const {
  const auto precision = inverse_variances_.col(component);
  LaneValues squares = LaneValues::Zero();
  for (Index j = 0; j < mixture_.dimension(); ++j)
    squares += precision[j] * (lanes.coordinates.col(j) - mixture_.means(j, component)).square();
  if (mixture_.shape == CovarianceShape::spherical && lanes.scatter.cols() > 0)
    squares += static_cast<double>(mixture_.dimension()) * precision[0] * lanes.scatter.col(0);
  else
    for (Index j = 0; j < lanes.scatter.cols(); ++j) squares += precision[j] * lanes.scatter.col(j);
  terms.col(component) = constants_[component] - 0.5 * squares;
}

LaneValues normalise_terms(MixtureDensity::Terms& terms, double exponent) {
  const LaneValues highest = terms.rowwise().maxCoeff();
  terms.colwise() -= highest;
  LaneValues sums = LaneValues::Zero();
  if (exponent == 1) {
    for (Index k = 0; k < terms.cols(); ++k) terms.col(k) = terms.col(k).exp(), sums += terms.col(k);
    terms.colwise() /= sums;
  } else {
    LaneValues tempered = LaneValues::Zero();
    for (Index k = 0; k < terms.cols(); ++k) {
      sums += terms.col(k).exp();
      terms.col(k) = (exponent * terms.col(k)).exp();
      tempered += terms.col(k);
    }
    terms.colwise() /= tempered;
  }
  terms = (terms < vanishing_posterior).select(0, terms);
  return highest + sums.log();
}

VectorXd MixtureDensity::log_density(const WeightedPoints& points) const {
  VectorXd values(points.size());
  for_lanes(points, [&](const PointLanes& lanes, Index first) {
    Terms terms;
    log_terms(lanes, terms);
    values.segment(first, lanes.count) = normalise_terms(terms).head(lanes.count).matrix();
  });
  return values;
}

MatrixXd MixtureDensity::posteriors(const WeightedPoints& points, double exponent) const {
  MatrixXd values(mixture_.components(), points.size());
  for_lanes(points, [&](const PointLanes& lanes, Index first) {
    Terms terms;
    log_terms(lanes, terms);
    normalise_terms(terms, exponent);
    values.middleCols(first, lanes.count) = terms.topRows(lanes.count).transpose().matrix();
  });
  return values;
}

std::vector<int> MixtureDensity::most_probable(const WeightedPoints& points) const {
  std::vector<int> components(static_cast<std::size_t>(points.size()));
  for_lanes(points, [&](const PointLanes& lanes, Index first) {
    Terms terms;
    log_terms(lanes, terms);
    for (Index lane = 0; lane < lanes.count; ++lane) {
      Index best = 0;
      for (Index k = 1; k < terms.cols(); ++k)
        if (terms(lane, k) > terms(lane, best)) best = k;
      components[static_cast<std::size_t>(first + lane)] = static_cast<int>(best);
    }
  });
  return components;
}

VectorXd MixtureDensity::draw(Stream& random) const {
  const double u = uniform(random);
  Index k = 0;
  for (double sum = mixture_.weights[0]; u >= sum && k + 1 < mixture_.components();)
    sum += mixture_.weights[++k];
  VectorXd standard(mixture_.dimension());
  for (double& z : standard) z = normal(random);
  if (mixture_.shape == CovarianceShape::full)
    return mixture_.means.col(k) + factors_[static_cast<std::size_t>(k)] * standard;
  return mixture_.means.col(k) + standard.cwiseQuotient(inverse_variances_.col(k).cwiseSqrt());
}

}  // namespace lehr::stats
