// sample/mixture_fit.hpp, the EM of adaptive proposals, seeds itself, shrinks and drops components; why both stay is said there.
#include "lehr/stats/gaussian_mixture_em.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::stats {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr Index points_of_block = 32 * PointLanes::width;

// Sums of one pass over points; moments are about a reference point of each component.
struct MixtureMoments {
  VectorXd mass;    // K
  MatrixXd first;   // d x K
  MatrixXd second;  // a covariance's numbers x K: lower triangle, variances, or their sum
  double log_likelihood = 0;

  MixtureMoments() = default;
  MixtureMoments(CovarianceShape shape, Index d, Index components)
      : mass(VectorXd::Zero(components)),
        first(MatrixXd::Zero(d, components)),
        second(MatrixXd::Zero(covariance_numbers(shape, d), components)) {}

  MixtureMoments& operator+=(const MixtureMoments& other) {
    mass += other.mass, first += other.first, second += other.second;
    log_likelihood += other.log_likelihood;
    return *this;
  }
};

class MomentSum {
 public:
  MomentSum(CovarianceShape shape, const MatrixXd& references) : shape_(shape), references_(references) {}

  // Adds 64 points with the responsibilities r (64 x K).
  void add(const PointLanes& lanes, const MixtureDensity::Terms& r, MixtureMoments& sums) {
    for (Index k = 0; k < r.cols(); ++k) {
      shares_ = lanes.weights * r.col(k);
      if ((shares_ == 0).all()) continue;
      sums.mass[k] += shares_.sum();
      shape_ == CovarianceShape::full ? add_full(lanes, k, sums) : add_diagonal(lanes, k, sums);
    }
  }

 private:
  void add_full(const PointLanes& lanes, Index k, MixtureMoments& sums) {
    const Index d = lanes.coordinates.cols();
    centered_.resize(PointLanes::width, d);
    for (Index j = 0; j < d; ++j) centered_.col(j) = lanes.coordinates.col(j) - references_(j, k);
    Index at = 0;
    for (Index column = 0; column < d; ++column) {
      weighted_ = shares_ * centered_.col(column);
      sums.first(column, k) += weighted_.sum();
      for (Index row = column; row < d; ++row, ++at)
        sums.second(at, k) += (weighted_ * centered_.col(row)).sum();
    }
    for (Index s = 0; s < lanes.scatter.cols(); ++s)
      sums.second(s, k) += (shares_ * lanes.scatter.col(s)).sum();
  }

  void add_diagonal(const PointLanes& lanes, Index k, MixtureMoments& sums) {
    const bool spherical = shape_ == CovarianceShape::spherical;
    for (Index j = 0; j < lanes.coordinates.cols(); ++j) {
      const auto centered = lanes.coordinates.col(j) - references_(j, k);
      weighted_ = shares_ * centered;
      sums.first(j, k) += weighted_.sum();
      sums.second(spherical ? 0 : j, k) += (weighted_ * centered).sum();
    }
    const double copies = spherical ? static_cast<double>(lanes.coordinates.cols()) : 1;
    for (Index s = 0; s < lanes.scatter.cols(); ++s)
      sums.second(s, k) += copies * (shares_ * lanes.scatter.col(s)).sum();
  }

  CovarianceShape shape_;
  const MatrixXd& references_;
  Eigen::Array<double, PointLanes::width, 1> shares_, weighted_;
  Eigen::Array<double, PointLanes::width, Eigen::Dynamic> centered_;
};

// Sums body(lanes, first, sums) over all points, block by block in a fixed order.
template <class Body>
MixtureMoments sum_over_points(const WeightedPoints& points, const MixtureMoments& zero, Body body) {
  return parallel_reduce(
      points.size(), points_of_block, zero,
      [&](Index from, Index to) {
        MixtureMoments sums = zero;
        PointLanes lanes;
        auto add = body();
        for (Index first = from; first < to; first += PointLanes::width) {
          lanes.load(points, first);
          add(lanes, first, sums);
        }
        return sums;
      },
      [](MixtureMoments all, const MixtureMoments& part) { return all += part, all; });
}

// One E step on every point, summed up for the M step.
MixtureMoments expectation(const WeightedPoints& points, const MixtureDensity& density, double exponent) {
  const GaussianMixture& mixture = density.mixture();
  const MixtureMoments zero(mixture.shape, mixture.dimension(), mixture.components());
  return sum_over_points(points, zero, [&] {
    return [&, moments = MomentSum(mixture.shape, mixture.means), terms = MixtureDensity::Terms()](
               const PointLanes& lanes, Index, MixtureMoments& sums) mutable {
      density.log_terms(lanes, terms);
      sums.log_likelihood += (lanes.weights * normalise_terms(terms, exponent)).sum();
      moments.add(lanes, terms, sums);
    };
  });
}

void spread_covariance(const MixtureMoments& sums, Index k, const VectorXd& shift, const VectorXd& floor,
                       GaussianMixture& mixture) {
  const Index d = mixture.dimension();
  const double mass = sums.mass[k];
  if (mixture.shape == CovarianceShape::full) {
    Eigen::Map<MatrixXd> covariance(mixture.covariances.col(k).data(), d, d);
    Index at = 0;
    for (Index column = 0; column < d; ++column) {
      for (Index row = column; row < d; ++row, ++at)
        covariance(row, column) = covariance(column, row) =
            sums.second(at, k) / mass - shift[row] * shift[column];
      covariance(column, column) += floor[column];
    }
  } else if (mixture.shape == CovarianceShape::diagonal) {
    mixture.covariances.col(k) = sums.second.col(k) / mass - shift.cwiseAbs2() + floor;
  } else {
    mixture.covariances(0, k) =
        (sums.second(0, k) / mass - shift.squaredNorm() + floor.sum()) / static_cast<double>(d);
  }
}

// The M step: sums about `references` (d x K) become the mixture. A component without mass keeps its reference as mean
// and the covariance NaN, which `proper` refuses.
GaussianMixture mixture_of(const MixtureMoments& sums, CovarianceShape shape, const MatrixXd& references,
                           const VectorXd& floor) {
  const Index d = references.rows(), components = references.cols();
  const Index numbers = shape == CovarianceShape::full ? d * d : covariance_numbers(shape, d);
  GaussianMixture mixture{.shape = shape,
                          .weights = sums.mass / sums.mass.sum(),
                          .means = references,
                          .covariances = MatrixXd::Constant(numbers, components, std::nan(""))};
  for (Index k = 0; k < components; ++k) {
    if (!(sums.mass[k] > 0)) continue;
    const VectorXd shift = sums.first.col(k) / sums.mass[k];
    mixture.means.col(k) += shift;
    spread_covariance(sums, k, shift, floor, mixture);
  }
  return mixture;
}

// Mean and variance of the points in each dimension, within-cell scatter left out.
std::pair<VectorXd, VectorXd> mean_and_variance(const WeightedPoints& points) {
  const VectorXd weights = points.weights.size() > 0 ? points.weights : VectorXd::Ones(points.size());
  const VectorXd mean = points.points * weights / weights.sum();
  return {mean, (points.points.colwise() - mean).cwiseAbs2() * weights / weights.sum()};
}

void check_points(const WeightedPoints& points, const VectorXd& floor) {
  if (points.size() == 0 || points.dimension() == 0)
    throw InvalidInput("Gaussian mixture: {} points of {} dimensions", points.size(), points.dimension());
  if (points.weights.size() > 0 && points.weights.size() != points.size())
    throw InvalidInput("Gaussian mixture: {} weights of {} points", points.weights.size(), points.size());
  if (points.weights.size() > 0 && !(points.weights.array() > 0).all())
    throw InvalidInput("Gaussian mixture: weights must be above 0");
  if (floor.size() > 0 && floor.size() != points.dimension())
    throw InvalidInput("Gaussian mixture: a floor of {} variances for {} dimensions", floor.size(),
                       points.dimension());
  if (!points.points.allFinite()) throw InvalidInput("Gaussian mixture: a point is not finite");
}

VectorXd floor_or_zero(const VectorXd& floor, Index dimension) {
  return floor.size() > 0 ? floor : VectorXd::Zero(dimension);
}

// The points with the scatter that a mixture of this shape takes; `storage` keeps a converted copy.
const WeightedPoints& with_scatter(const WeightedPoints& points, CovarianceShape shape,
                                   WeightedPoints& storage) {
  if (points.scatter.size() == 0 || scatter_shape(points) == shape) return points;
  storage = {points.points, points.weights, scatter_as(points, shape)};
  return storage;
}

}  // namespace

const char* name(MixtureEnd end) {
  switch (end) {
    case MixtureEnd::converged:
      return "converged";
    case MixtureEnd::steps:
      return "steps";
    case MixtureEnd::starved:
      return "starved";
    case MixtureEnd::collapsed:
      return "collapsed";
  }
  return "";
}

MatrixXd responsibilities_of(const std::vector<int>& labels, Index components) {
  MatrixXd r = MatrixXd::Zero(components, static_cast<Index>(labels.size()));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= components)
      throw InvalidInput("Gaussian mixture: label {} of {} components", labels[i], components);
    if (labels[i] < 0)
      r.col(static_cast<Index>(i)).setConstant(1.0 / static_cast<double>(components));
    else
      r(labels[i], static_cast<Index>(i)) = 1;
  }
  return r;
}

GaussianMixture maximise(const WeightedPoints& given, const MatrixXd& responsibilities, CovarianceShape shape,
                         const VectorXd& floor) {
  check_points(given, floor);
  if (responsibilities.cols() != given.size() || responsibilities.rows() == 0)
    throw InvalidInput(
        "Gaussian mixture: responsibilities are {} x {}, expected a column for each of {} points",
        responsibilities.rows(), responsibilities.cols(), given.size());
  WeightedPoints storage;
  const WeightedPoints& points = with_scatter(given, shape, storage);
  const MatrixXd references = mean_and_variance(points).first.replicate(1, responsibilities.rows());
  const MixtureMoments zero(shape, points.dimension(), responsibilities.rows());
  const MixtureMoments sums = sum_over_points(points, zero, [&] {
    return [&, moments = MomentSum(shape, references), r = MixtureDensity::Terms()](
               const PointLanes& lanes, Index first, MixtureMoments& part) mutable {
      r = MixtureDensity::Terms::Zero(PointLanes::width, responsibilities.rows());
      r.topRows(lanes.count) = responsibilities.middleCols(first, lanes.count).transpose().array();
      moments.add(lanes, r, part);
    };
  });
  return mixture_of(sums, shape, references, floor_or_zero(floor, points.dimension()));
}

MixtureFit fit_gaussian_mixture(const WeightedPoints& given, const GaussianMixture& start,
                                const MixtureFitOptions& options) {
  check_points(given, options.floor);
  if (start.dimension() != given.dimension() || start.components() == 0)
    throw InvalidInput("Gaussian mixture: a start of {} components in {} dimensions for points in {}",
                       start.components(), start.dimension(), given.dimension());
  WeightedPoints storage;
  const WeightedPoints& points = with_scatter(given, start.shape, storage);
  const VectorXd floor = floor_or_zero(options.floor, points.dimension());
  const VectorXd variance = options.annealing.empty() ? VectorXd() : mean_and_variance(points).second;

  MixtureFit fit{.mixture = start, .log_likelihood = -std::numeric_limits<double>::infinity(), .masses = {}};
  GaussianMixture next = start;
  fit.end = MixtureEnd::steps;
  const auto annealed = static_cast<std::int64_t>(options.annealing.size());
  for (std::int64_t t = 0; t < std::max<std::int64_t>(1, options.steps) + annealed; ++t) {
    if (!MixtureDensity::proper(next)) {
      fit.end = MixtureEnd::collapsed;
      break;
    }
    const AnnealedStep step = t < annealed ? options.annealing[static_cast<std::size_t>(t)] : AnnealedStep{};
    const MixtureMoments sums = expectation(points, MixtureDensity(next), step.exponent);
    const double gain = sums.log_likelihood - fit.log_likelihood;
    fit.mixture = next, fit.masses = sums.mass, fit.log_likelihood = sums.log_likelihood;
    ++fit.steps;
    if (!std::isfinite(sums.log_likelihood) || sums.mass.minCoeff() < options.least_mass) {
      fit.end = std::isfinite(sums.log_likelihood) ? MixtureEnd::starved : MixtureEnd::collapsed;
      break;
    }
    if (t > annealed && gain <= options.tolerance * std::abs(fit.log_likelihood)) {
      fit.end = MixtureEnd::converged;
      break;
    }
    next = mixture_of(sums, next.shape, next.means, t < annealed ? floor + step.widening * variance : floor);
  }
  fit.bic = bayesian_information(fit.log_likelihood,
                                 free_parameters(start.shape, points.dimension(), start.components()),
                                 points.total_weight());
  return fit;
}

MixtureFit fit_gaussian_mixture(const WeightedPoints& points, const MatrixXd& responsibilities,
                                CovarianceShape shape, const MixtureFitOptions& options) {
  return fit_gaussian_mixture(points, maximise(points, responsibilities, shape, options.floor), options);
}

MixtureFit fit_gaussian_mixture(const WeightedPoints& points, const std::vector<int>& labels,
                                Index components, CovarianceShape shape, const MixtureFitOptions& options) {
  if (static_cast<Index>(labels.size()) != points.size())
    throw InvalidInput("Gaussian mixture: {} labels of {} points", labels.size(), points.size());
  return fit_gaussian_mixture(points, responsibilities_of(labels, components), shape, options);
}

}  // namespace lehr::stats
