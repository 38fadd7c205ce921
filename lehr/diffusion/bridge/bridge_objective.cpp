#include "lehr/diffusion/bridge/bridge_objective.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using stats::CovarianceShape;

// What a side's points sum to under their shares.
struct ShareMoments {
  double log_sum = 0;
  VectorXd mass;    // K: sum of shares
  MatrixXd first;   // d x K: sum of share * point (full, y: of share * L^-1 (y - r))
  MatrixXd second;  // diagonal: d x K, of share * point^2; full: d * d x K

  void add(const ShareMoments& other) {
    log_sum += other.log_sum;
    mass += other.mass, first += other.first;
    if (second.size() > 0) second += other.second;
  }
};

// One of the two mixtures of exponentials, ready to be summed over points.
class Side {
 public:
  Side(const BridgeLayout& layout, const VectorXd& parameters, double epsilon, bool target, bool gradient)
      : layout_(layout), epsilon_(epsilon), target_(target), gradient_(gradient) {
    constant_ = layout.weights(parameters) / epsilon;
    if (layout.shape == CovarianceShape::full)
      prepare_full(parameters);
    else
      prepare_diagonal(parameters);
  }

  ShareMoments sum(const PointsRef& points) const {
    return layout_.shape == CovarianceShape::full ? sum_full(points) : sum_diagonal(points);
  }

  const MatrixXd& factor(Index k) const { return factors_[static_cast<std::size_t>(k)]; }

 private:
  void prepare_diagonal(const VectorXd& parameters) {
    const auto r = layout_.centres(parameters);
    const Eigen::ArrayXXd s = layout_.spread(parameters).array().exp();
    if (!target_) {
      linear_ = r / epsilon_, square_ = s / (2 * epsilon_);
      return;
    }
    const Eigen::ArrayXXd precision = 0.5 / (epsilon_ * s);
    linear_ = 2 * precision * r.array(), square_ = -precision;
    const MatrixXd constants = -0.5 * (2 * M_PI * epsilon_ * s).log() - precision * r.array().square();
    constant_ += constants.colwise().sum().transpose();
  }

  void prepare_full(const VectorXd& parameters) {
    const Index d = layout_.dimension;
    linear_ = layout_.centres(parameters);
    for (Index k = 0; k < layout_.components; ++k) {
      MatrixXd factor = layout_.spread(parameters).col(k).reshaped(d, d).triangularView<Eigen::Lower>();
      if (target_)
        constant_[k] -=
            factor.diagonal().sum() + 0.5 * static_cast<double>(d) * std::log(2 * M_PI * epsilon_);
      factor.diagonal() = factor.diagonal().array().exp();
      factors_.push_back(std::move(factor));
    }
  }

  ShareMoments sum_diagonal(const PointsRef& points) const {
    const MatrixXd squares = points.cwiseAbs2();
    MatrixXd shares(points.cols(), layout_.components);
    shares.noalias() = points.transpose() * linear_;
    shares.noalias() += squares.transpose() * square_;
    shares.rowwise() += constant_.transpose();
    ShareMoments moments;
    moments.log_sum = normalise_rows(shares).sum();
    moments.mass = shares.colwise().sum();
    if (!gradient_) return moments;
    moments.first.noalias() = points * shares;
    moments.second.noalias() = squares * shares;
    return moments;
  }

  // x: |L'x|^2 / (2 eps) + r'x / eps; y: -|L^-1 (y - r)|^2 / (2 eps).
  ShareMoments sum_full(const PointsRef& points) const {
    const Index d = layout_.dimension, count = layout_.components;
    MatrixXd shares(points.cols(), count);
    std::vector<MatrixXd> own;
    for (Index k = 0; k < count; ++k) {
      MatrixXd z(d, points.cols());
      if (target_) {
        z = points.colwise() - linear_.col(k);
        factor(k).triangularView<Eigen::Lower>().solveInPlace(z);
        shares.col(k) = -z.colwise().squaredNorm().transpose() / (2 * epsilon_);
      } else {
        z.noalias() = factor(k).transpose() * points;
        shares.col(k) = z.colwise().squaredNorm().transpose() / (2 * epsilon_);
        shares.col(k).noalias() += points.transpose() * linear_.col(k) / epsilon_;
      }
      own.push_back(std::move(z));
    }
    shares.rowwise() += constant_.transpose();
    ShareMoments moments;
    moments.log_sum = normalise_rows(shares).sum();
    moments.mass = shares.colwise().sum();
    if (!gradient_) return moments;
    moments.first.resize(d, count), moments.second.resize(d * d, count);
    for (Index k = 0; k < count; ++k) {
      const MatrixXd& z = own[static_cast<std::size_t>(k)];
      const MatrixXd weighted = z * shares.col(k).asDiagonal();
      if (target_)
        moments.first.col(k) = weighted.rowwise().sum();
      else
        moments.first.col(k).noalias() = points * shares.col(k);
      auto square = moments.second.col(k).reshaped(d, d);
      square = target_ ? MatrixXd(weighted * z.transpose()) : MatrixXd(points * weighted.transpose());
    }
    return moments;
  }

  const BridgeLayout& layout_;
  double epsilon_;
  bool target_, gradient_;
  VectorXd constant_;              // K
  MatrixXd linear_, square_;       // diagonal: coefficients; full: linear_ holds r
  std::vector<MatrixXd> factors_;  // full: L_k
};

// Small sums stay in one thread: starting the others would cost more.
constexpr double parallel_work = 3e5;

ShareMoments sum_blocks(const Side& side, const BridgeLayout& layout, const PointsRef& points) {
  const double work_per_point = static_cast<double>(layout.components * (8 + layout.spread_numbers()));
  const Index block = work_per_point * 128 > parallel_work ? 32 : 128;
  const Index blocks = (points.cols() + block - 1) / block;
  const auto part = [&](std::int64_t b) {
    return side.sum(points.middleCols(b * block, std::min(block, points.cols() - b * block)));
  };
  if (work_per_point * static_cast<double>(points.cols()) < parallel_work) {
    ShareMoments sum = part(0);
    for (Index b = 1; b < blocks; ++b) sum.add(part(b));
    return sum;
  }
  auto parts = parallel_map(blocks, part);
  for (std::size_t b = 1; b < parts.size(); ++b) parts.front().add(parts[b]);
  return parts.front();
}

// Adds `sign` / points times the gradient of the side's log-sums.
void add_diagonal_gradient(const BridgeLayout& layout, const VectorXd& parameters, double epsilon,
                           bool target, const ShareMoments& moments, double factor, VectorXd& gradient) {
  const auto r = layout.centres(parameters);
  const Eigen::ArrayXXd s = layout.spread(parameters).array().exp();
  if (!target) {
    layout.centres(gradient) += factor / epsilon * moments.first;
    layout.spread(gradient).array() += factor / (2 * epsilon) * s * moments.second.array();
    return;
  }
  const MatrixXd r_mass = r * moments.mass.asDiagonal();
  layout.centres(gradient).array() += factor / epsilon * (moments.first - r_mass).array() / s;
  const Eigen::ArrayXXd squares = moments.second.array() - r.array() * (2 * moments.first - r_mass).array();
  layout.spread(gradient).array() += factor / (2 * epsilon) * squares / s;
  layout.spread(gradient).rowwise() -= 0.5 * factor * moments.mass.transpose();
}

void add_full_gradient(const BridgeLayout& layout, const Side& side, double epsilon, bool target,
                       const ShareMoments& moments, double factor, VectorXd& gradient) {
  const Index d = layout.dimension;
  for (Index k = 0; k < layout.components; ++k) {
    const MatrixXd& lower = side.factor(k);
    MatrixXd by_factor = moments.second.col(k).reshaped(d, d) / epsilon;
    VectorXd by_centre = moments.first.col(k) / epsilon;
    if (target) {
      by_factor.diagonal().array() -= moments.mass[k];
      lower.transpose().triangularView<Eigen::Upper>().solveInPlace(by_factor);
      lower.transpose().triangularView<Eigen::Upper>().solveInPlace(by_centre);
    }
    by_factor.diagonal().array() *= lower.diagonal().array();
    layout.centres(gradient).col(k) += factor * by_centre;
    layout.spread(gradient).col(k).reshaped(d, d) +=
        factor * MatrixXd(by_factor.triangularView<Eigen::Lower>());
  }
}

}  // namespace

LightBridge bridge_of(const BridgeLayout& layout, const VectorXd& parameters, double epsilon) {
  LightBridge model{.shape = layout.shape,
                    .epsilon = epsilon,
                    .log_alpha = layout.weights(parameters) / epsilon,
                    .r = layout.centres(parameters),
                    .S = layout.spread(parameters)};
  if (layout.shape != CovarianceShape::full) {
    model.S = model.S.array().exp();
    return model;
  }
  const Index d = layout.dimension;
  for (Index k = 0; k < layout.components; ++k) {
    MatrixXd factor = model.S.col(k).reshaped(d, d).triangularView<Eigen::Lower>();
    factor.diagonal() = factor.diagonal().array().exp();
    const MatrixXd spread = factor * factor.transpose();
    model.S.col(k) = spread.reshaped();
  }
  return model;
}

VectorXd parameters_of(const LightBridge& model) {
  const BridgeLayout layout{model.shape, model.dimension(), model.components()};
  VectorXd parameters = VectorXd::Zero(layout.size());
  layout.weights(parameters) = model.epsilon * model.log_alpha;
  layout.centres(parameters) = model.r;
  if (layout.shape != CovarianceShape::full) {
    layout.spread(parameters) = model.S.array().log();
    return parameters;
  }
  for (Index k = 0; k < layout.components; ++k) {
    MatrixXd factor = linalg::cholesky_factor(model.spread(k));
    if (factor.size() == 0) throw InvalidInput("bridge: S of component {} is not positive definite", k + 1);
    factor = MatrixXd(factor.triangularView<Eigen::Lower>());
    factor.diagonal() = factor.diagonal().array().log();
    layout.spread(parameters).col(k) = factor.reshaped();
  }
  return parameters;
}

BridgeLoss bridge_loss(const BridgeLayout& layout, const VectorXd& parameters, double epsilon,
                       const PointsRef& x, const PointsRef& y, VectorXd* gradient) {
  const bool full = layout.shape == CovarianceShape::full;
  if (gradient != nullptr) gradient->setZero(layout.size());
  BridgeLoss loss;
  for (const bool target : {false, true}) {
    const PointsRef& points = target ? y : x;
    const Side side(layout, parameters, epsilon, target, gradient != nullptr);
    const ShareMoments moments = sum_blocks(side, layout, points);
    const double share = 1 / static_cast<double>(points.cols());
    (target ? loss.log_v : loss.log_c) = share * moments.log_sum;
    if (gradient == nullptr) continue;
    const double factor = target ? -share : share;
    layout.weights(*gradient) += factor / epsilon * moments.mass;
    if (full)
      add_full_gradient(layout, side, epsilon, target, moments, factor, *gradient);
    else
      add_diagonal_gradient(layout, parameters, epsilon, target, moments, factor, *gradient);
  }
  return loss;
}

}  // namespace lehr::diffusion
