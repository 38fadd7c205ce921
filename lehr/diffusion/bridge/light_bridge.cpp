#include "lehr/diffusion/bridge/light_bridge.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/bridge/negative_exponentials.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using stats::CovarianceShape;

constexpr Index points_per_block = 256;

// Calls body(first, count) for blocks of the columns of x, in parallel.
template <class Body>
void for_blocks(Index points, Body body) {
  const Index blocks = (points + points_per_block - 1) / points_per_block;
  parallel_for(blocks, [&](std::int64_t b) {
    const Index first = b * points_per_block;
    body(first, std::min(points_per_block, points - first));
  });
}

void check_dimension(const PointsRef& x, Index dimension) {
  if (x.rows() != dimension)
    throw InvalidInput("bridge: points have {} coordinates, the model {}", x.rows(), dimension);
}

}  // namespace

MatrixXd LightBridge::spread(Index component) const {
  if (shape == CovarianceShape::full) return S.col(component).reshaped(dimension(), dimension());
  return S.col(component).asDiagonal();
}

VectorXd alpha_shares(const VectorXd& log_alpha) {
  const ArrayXd weights = (log_alpha.array() - log_alpha.maxCoeff()).exp();
  return weights / weights.sum();
}

double effective_components(const VectorXd& log_alpha) {
  double entropy = 0;
  for (const double share : alpha_shares(log_alpha))
    if (share > 0) entropy -= share * std::log(share);
  return std::exp(entropy);
}

stats::GaussianMixture potential_mixture(const LightBridge& model) {
  const VectorXd shares = alpha_shares(model.log_alpha);
  std::vector<Index> kept;
  for (Index k = 0; k < shares.size(); ++k)
    if (shares[k] > 1e-300) kept.push_back(k);
  const double square = model.scale * model.scale * model.epsilon;
  stats::GaussianMixture mixture{.shape = model.shape,
                                 .weights = shares(kept),
                                 .means = model.scale * model.r(Eigen::all, kept),
                                 .covariances = square * model.S(Eigen::all, kept)};
  mixture.weights /= mixture.weights.sum();
  return mixture;
}

VectorXd normalise_rows(Eigen::Ref<MatrixXd> terms) {
  const ArrayXd high = terms.rowwise().maxCoeff();
  ArrayXd sums = ArrayXd::Zero(terms.rows());
  for (Index k = 0; k < terms.cols(); ++k) {
    terms.col(k).array() -= high;
    negative_exponentials(terms.col(k).data(), terms.rows());
    sums += terms.col(k).array();
  }
  const ArrayXd inverse = sums.inverse();
  for (Index k = 0; k < terms.cols(); ++k) terms.col(k).array() *= inverse;
  return high + sums.log();
}

BridgePlan::BridgePlan(LightBridge model) : model_(std::move(model)) {
  const Index d = model_.dimension(), count = model_.components();
  const bool full = model_.shape == CovarianceShape::full;
  if (d < 1 || count < 1 || model_.log_alpha.size() != count || model_.S.cols() != count ||
      model_.S.rows() != (full ? d * d : d))
    throw InvalidInput("bridge: {} x {} centres, {} weights and {} x {} spreads do not make a model", d,
                       count, model_.log_alpha.size(), model_.S.rows(), model_.S.cols());
  if (!(model_.epsilon > 0) || !std::isfinite(model_.epsilon) || !(model_.scale > 0))
    throw InvalidInput("bridge: epsilon {:g} and scale {:g} must be above 0", model_.epsilon, model_.scale);
  for (Index k = 0; k < count; ++k)
    if (!std::isfinite(model_.log_alpha[k]) || !model_.r.col(k).allFinite() || !model_.S.col(k).allFinite())
      throw InvalidInput("bridge: component {} has numbers that are not finite", k + 1);
  spreads_ = model_.S, centres_ = model_.r;
  if (full) {
    spreads_.resize(d, count);
    for (Index k = 0; k < count; ++k) {
      linalg::SymmetricEigen eigen = linalg::symmetric_eigen(model_.spread(k));
      spreads_.col(k) = eigen.values;
      centres_.col(k) = eigen.vectors.transpose() * model_.r.col(k);
      axes_.push_back(std::move(eigen.vectors));
    }
  }
  for (Index k = 0; k < count; ++k)
    if (!(spreads_.col(k).minCoeff() > 0))
      throw InvalidInput("bridge: S of component {} is not positive definite", k + 1);
}

MatrixXd BridgePlan::into_axes(Index component, const PointsRef& x) const {
  if (axes_.empty()) return x;
  return axes_[static_cast<std::size_t>(component)].transpose() * x;
}

MatrixXd BridgePlan::from_axes(Index component, const PointsRef& x) const {
  if (axes_.empty()) return x;
  return axes_[static_cast<std::size_t>(component)] * x;
}

BridgePlan::Exponents BridgePlan::potential_exponents(double t) const {
  const double half = 0.5 / model_.epsilon;
  const Eigen::ArrayXXd denominator = t * spreads_.array() + (1 - t);
  Exponents exponents;
  exponents.square = half * (spreads_.array() - 1) / denominator;
  exponents.linear = 2 * half * centres_.array() / denominator;
  const Eigen::ArrayXXd constants =
      -0.5 * denominator.log() - half * t * centres_.array().square() / denominator;
  exponents.constant = model_.log_alpha + constants.matrix().colwise().sum().transpose();
  return exponents;
}

MatrixXd BridgePlan::terms(const Exponents& exponents, const PointsRef& x) const {
  MatrixXd result(x.cols(), model_.components());
  if (axes_.empty()) {
    result.noalias() = x.transpose() * exponents.linear;
    result.noalias() += x.cwiseAbs2().transpose() * exponents.square;
  } else {
    for (Index k = 0; k < result.cols(); ++k) {
      const MatrixXd own = into_axes(k, x);
      result.col(k).noalias() = own.transpose() * exponents.linear.col(k);
      result.col(k).noalias() += own.cwiseAbs2().transpose() * exponents.square.col(k);
    }
  }
  result.rowwise() += exponents.constant.transpose();
  return result;
}

VectorXd BridgePlan::log_sums(const Exponents& exponents, const PointsRef& x) const {
  check_dimension(x, model_.dimension());
  VectorXd sums(x.cols());
  for_blocks(x.cols(), [&](Index first, Index count) {
    MatrixXd block = terms(exponents, x.middleCols(first, count));
    sums.segment(first, count) = normalise_rows(block);
  });
  return sums;
}

VectorXd BridgePlan::log_c(const PointsRef& x) const {
  const double half = 0.5 / model_.epsilon;
  return log_sums({half * spreads_, 2 * half * centres_, model_.log_alpha}, x);
}

VectorXd BridgePlan::log_v(const PointsRef& y) const {
  const double half = 0.5 / model_.epsilon;
  const Eigen::ArrayXXd precision = half / spreads_.array();
  const Eigen::ArrayXXd constants =
      -0.5 * (2 * M_PI * model_.epsilon * spreads_.array()).log() - precision * centres_.array().square();
  return log_sums({-precision, 2 * precision * centres_.array(),
                   model_.log_alpha + constants.matrix().colwise().sum().transpose()},
                  y);
}

VectorXd BridgePlan::log_potential(const PointsRef& x, double t) const {
  return log_sums(potential_exponents(t), x);
}

MatrixXd BridgePlan::responsibilities(const PointsRef& x, double t) const {
  check_dimension(x, model_.dimension());
  const Exponents exponents = potential_exponents(t);
  MatrixXd shares(x.cols(), model_.components());
  for_blocks(x.cols(), [&](Index first, Index count) {
    MatrixXd block = terms(exponents, x.middleCols(first, count));
    normalise_rows(block);
    shares.middleRows(first, count) = block;
  });
  return shares;
}

MatrixXd BridgePlan::drift(const PointsRef& x, double t) const {
  check_dimension(x, model_.dimension());
  const Exponents exponents = potential_exponents(t);
  const Eigen::ArrayXXd denominator = t * spreads_.array() + (1 - t);
  const MatrixXd slope = (spreads_.array() - 1) / denominator, centre = centres_.array() / denominator;
  MatrixXd result(x.rows(), x.cols());
  for_blocks(x.cols(), [&](Index first, Index count) {
    const auto points = x.middleCols(first, count);
    MatrixXd shares = terms(exponents, points);
    normalise_rows(shares);
    if (axes_.empty()) {
      MatrixXd slopes = slope * shares.transpose();
      result.middleCols(first, count).noalias() = centre * shares.transpose();
      result.middleCols(first, count) += slopes.cwiseProduct(points);
      return;
    }
    MatrixXd sum = MatrixXd::Zero(x.rows(), count);
    for (Index k = 0; k < model_.components(); ++k) {
      MatrixXd own = slope.col(k).asDiagonal() * into_axes(k, points);
      own.colwise() += centre.col(k);
      sum.noalias() += from_axes(k, own) * shares.col(k).asDiagonal();
    }
    result.middleCols(first, count) = sum;
  });
  return result;
}

MatrixXd BridgePlan::conditional_mean(const PointsRef& x) const { return drift(x, 0) + x; }

Moments BridgePlan::conditional_moments(const VectorXd& x) const {
  const Index d = model_.dimension();
  const VectorXd shares = responsibilities(x).row(0).transpose();
  MatrixXd means(d, shares.size());
  MatrixXd covariance = MatrixXd::Zero(d, d);
  for (Index k = 0; k < shares.size(); ++k) {
    if (model_.shape == CovarianceShape::full) {
      const MatrixXd spread = model_.spread(k);
      means.col(k) = model_.r.col(k) + spread * x;
      covariance += shares[k] * model_.epsilon * spread;
    } else {
      means.col(k) = model_.r.col(k) + model_.S.col(k).cwiseProduct(x);
      covariance.diagonal() += shares[k] * model_.epsilon * model_.S.col(k);
    }
  }
  const VectorXd mean = means * shares;
  const MatrixXd centred = means.colwise() - mean;
  covariance += centred * shares.asDiagonal() * centred.transpose();
  return {mean, covariance};
}

BridgePlan::EndpointLaw BridgePlan::endpoint_law(double t) const {
  const Eigen::ArrayXXd denominator = t * spreads_.array() + (1 - t);
  return {spreads_.array() / denominator, (1 - t) * centres_.array() / denominator,
          (model_.epsilon * (1 - t) * spreads_.array() / denominator).sqrt()};
}

}  // namespace lehr::diffusion
