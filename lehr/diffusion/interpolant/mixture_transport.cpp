#include "lehr/diffusion/interpolant/mixture_transport.hpp"

#include <cmath>
#include <memory>
#include <numbers>
#include <vector>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::ArrayXd;
using Eigen::ArrayXXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using stats::CovarianceShape;
using stats::GaussianMixture;

// 0 for a mean of 0, also where the rate is infinite.
VectorXd scaled(double rate, const VectorXd& mean) {
  return mean.unaryExpr([rate](double m) { return m == 0 ? 0.0 : rate * m; });
}

// One pair of components at one time. Diagonal pairs have columns where full ones have matrices.
struct PairAtTime {
  VectorXd mean, mean_rate;
  ArrayXd precision, half_rate;                // diagonal: S^-1, S'/2
  MatrixXd precisions, half_rates;             // full
  double constant = 0;                         // log weight - log det S / 2 - d/2 log 2 pi
  double trace_precision = 0, trace_rate = 0;  // tr S^-1, tr(S'/2 S^-1)
};

class MixtureAtTime {
 public:
  MixtureAtTime(const GaussianMixture& from, const GaussianMixture& to, const PathPoint& path, bool mirror)
      : d_(to.dimension()),
        full_(to.shape == CovarianceShape::full || (!mirror && from.shape == CovarianceShape::full)) {
    const Index starts = mirror ? 1 : from.components();
    pairs_.reserve(static_cast<std::size_t>(starts * to.components()));
    for (Index i = 0; i < starts; ++i)
      for (Index j = 0; j < to.components(); ++j) pairs_.push_back(pair(from, i, to, j, path, mirror));
  }

  void operator()(const PointsRef& x, const FieldParts& parts, FieldValues& values) const {
    const Index n = x.cols(), count = static_cast<Index>(pairs_.size());
    const ArrayXXd lanes = x.transpose().array();  // n x d: a coordinate of many points is contiguous
    ArrayXXd whitened(n, d_ * count), terms(n, count);
    for (Index k = 0; k < count; ++k) whiten(lanes, k, whitened, terms);
    const ArrayXd highest = terms.rowwise().maxCoeff();
    for (Index k = 0; k < count; ++k) terms.col(k) = (terms.col(k) - highest).exp();
    ArrayXXd velocity = ArrayXXd::Zero(n, d_), score = ArrayXXd::Zero(n, d_), u(n, full_ ? d_ : 1);
    ArrayXd divergence = ArrayXd::Zero(n), score_divergence = ArrayXd::Zero(n);
    for (Index k = 0; k < count; ++k) {
      const PairAtTime& pair = pairs_[static_cast<std::size_t>(k)];
      const auto g = whitened.middleCols(k * d_, d_);  // S^-1 (x - mu)
      const auto w = terms.col(k);
      if (full_) u = (g.matrix() * pair.half_rates).array().rowwise() + pair.mean_rate.transpose().array();
      if (parts.divergence) divergence += w * pair.trace_rate;
      for (Index j = 0; j < d_; ++j) {
        const auto own = u.col(full_ ? j : 0);
        if (!full_) u.col(0) = pair.mean_rate[j] + pair.half_rate[j] * g.col(j);
        velocity.col(j) += w * own;
        score.col(j) -= w * g.col(j);
        if (parts.divergence) divergence -= w * own * g.col(j);
      }
      if (parts.score_divergence) score_divergence += w * (g.square().rowwise().sum() - pair.trace_precision);
    }
    const ArrayXd scale = terms.rowwise().sum().inverse();  // of posteriors that sum to 1
    velocity.colwise() *= scale, score.colwise() *= scale;
    if (parts.divergence) divergence *= scale;
    if (parts.score_divergence) score_divergence *= scale;
    values.velocity = velocity.matrix().transpose();
    if (parts.score) values.score = score.matrix().transpose();
    if (parts.divergence) values.divergence = (divergence - (velocity * score).rowwise().sum()).matrix();
    if (parts.score_divergence)
      values.score_divergence = (score_divergence - score.square().rowwise().sum()).matrix();
  }

 private:
  PairAtTime pair(const GaussianMixture& from, Index i, const GaussianMixture& to, Index j,
                  const PathPoint& path, bool mirror) const {
    PairAtTime made;
    const double a2 = path.alpha * path.alpha, b2 = path.beta * path.beta, g2 = path.gamma * path.gamma;
    const double beta_product = path.beta * path.beta_rate;
    made.mean = path.beta * to.means.col(j);
    made.mean_rate = scaled(path.beta_rate, to.means.col(j));
    made.constant = std::log(to.weights[j]) - 0.5 * static_cast<double>(d_) * std::log(2 * std::numbers::pi);
    if (!mirror) {
      made.mean += path.alpha * from.means.col(i);
      made.mean_rate += scaled(path.alpha_rate, from.means.col(i));
      made.constant += std::log(from.weights[i]);
    }
    if (full_) {
      MatrixXd s = b2 * to.covariance(j), rate = beta_product * to.covariance(j);
      if (!mirror) s += a2 * from.covariance(i), rate += path.alpha_product * from.covariance(i);
      s.diagonal().array() += g2, rate.diagonal().array() += path.gamma_product;
      const MatrixXd factor = linalg::cholesky_factor(s);
      if (factor.size() == 0)
        throw NumericalFailure("interpolant: a covariance is not positive definite at alpha {:g}, beta {:g}",
                               path.alpha, path.beta);
      made.precisions = linalg::inverse(s);
      made.precisions = 0.5 * (made.precisions + made.precisions.transpose()).eval();
      made.half_rates = rate;
      made.constant -= factor.diagonal().array().log().sum();
      made.trace_precision = made.precisions.trace();
      made.trace_rate = rate.cwiseProduct(made.precisions).sum();
      return made;
    }
    ArrayXd s = b2 * variances(to, j);
    made.half_rate = beta_product * variances(to, j) + path.gamma_product;
    if (!mirror) s += a2 * variances(from, i), made.half_rate += path.alpha_product * variances(from, i);
    s += g2;
    made.precision = s.inverse();
    made.constant -= 0.5 * s.log().sum();
    made.trace_precision = made.precision.sum();
    made.trace_rate = (made.precision * made.half_rate).sum();
    return made;
  }

  static ArrayXd variances(const GaussianMixture& mixture, Index k) {
    if (mixture.shape == CovarianceShape::spherical)
      return ArrayXd::Constant(mixture.dimension(), mixture.covariances(0, k));
    return mixture.covariances.col(k).array();
  }

  // S^-1 (x - mu) of pair k, and its term of the posterior.
  void whiten(const ArrayXXd& lanes, Index k, ArrayXXd& whitened, ArrayXXd& terms) const {
    const PairAtTime& pair = pairs_[static_cast<std::size_t>(k)];
    auto g = whitened.middleCols(k * d_, d_);
    auto term = terms.col(k);
    term.setZero();
    if (full_) {
      const ArrayXXd off = lanes.rowwise() - pair.mean.transpose().array();
      g = (off.matrix() * pair.precisions).array();
      term = (off * g).rowwise().sum();
    } else {
      for (Index j = 0; j < d_; ++j) {
        g.col(j) = pair.precision[j] * (lanes.col(j) - pair.mean[j]);
        term += g.col(j) * (lanes.col(j) - pair.mean[j]);
      }
    }
    term = pair.constant - 0.5 * term;
  }

  Index d_;
  bool full_;
  std::vector<PairAtTime> pairs_;
};

bool is_standard_normal(const GaussianMixture& mixture) {
  return mixture.components() == 1 && mixture.means.cwiseAbs().maxCoeff() == 0 &&
         mixture.covariance(0).isIdentity(1e-12);
}

}  // namespace

GaussianMixture standard_normal(Index dimension) {
  return {.shape = CovarianceShape::spherical,
          .weights = VectorXd::Ones(1),
          .means = MatrixXd::Zero(dimension, 1),
          .covariances = MatrixXd::Ones(1, 1)};
}

MixtureTransport::MixtureTransport(GaussianMixture from, GaussianMixture to, Interpolant interpolant)
    : from_(std::move(from)), to_(std::move(to)), interpolant_(std::move(interpolant)) {
  if (interpolant_.mirror()) from_ = to_;
  if (from_.dimension() != to_.dimension())
    throw InvalidInput("interpolant: the start has {} coordinates, the target {}", from_.dimension(),
                       to_.dimension());
  if (interpolant_.one_sided() && !is_standard_normal(from_))
    throw InvalidInput(
        "interpolant: a one-sided path starts from the standard normal law, not from another one");
}

TransportField MixtureTransport::field() const {
  return {.dimension = dimension(), .has_score = true, .at = [this](double t) -> FieldAtTime {
            auto prepared =
                std::make_shared<const MixtureAtTime>(from_, to_, interpolant_.at(t), interpolant_.mirror());
            return [prepared](const PointsRef& x, const FieldParts& parts, FieldValues& values) {
              (*prepared)(x, parts, values);
            };
          }};
}

GaussianMixture MixtureTransport::law(double t) const {
  const PathPoint path = interpolant_.at(t);
  const bool mirror = interpolant_.mirror();
  const Index starts = mirror ? 1 : from_.components(), d = dimension(), count = starts * to_.components();
  GaussianMixture law{.shape = CovarianceShape::full,
                      .weights = VectorXd(count),
                      .means = MatrixXd(d, count),
                      .covariances = MatrixXd(d * d, count)};
  for (Index i = 0; i < starts; ++i)
    for (Index j = 0; j < to_.components(); ++j) {
      const Index k = i * to_.components() + j;
      law.weights[k] = (mirror ? 1 : from_.weights[i]) * to_.weights[j];
      law.means.col(k) = path.beta * to_.means.col(j);
      MatrixXd covariance = path.beta * path.beta * to_.covariance(j);
      if (!mirror)
        law.means.col(k) += path.alpha * from_.means.col(i),
            covariance += path.alpha * path.alpha * from_.covariance(i);
      covariance.diagonal().array() += path.gamma * path.gamma;
      law.covariances.col(k) = covariance.reshaped();
    }
  return law;
}

MatrixXd MixtureTransport::conditional_velocity(double t, const PointsRef& x) const {
  FieldValues values;
  field().at(t)(x, {.score = true}, values);
  return values.velocity + interpolant_.at(t).gamma_product * values.score;
}

MatrixXd MixtureTransport::denoiser(double t, const PointsRef& x) const {
  FieldValues values;
  field().at(t)(x, {.score = true}, values);
  return -interpolant_.at(t).gamma * values.score;
}

MatrixXd MixtureTransport::draw(const VectorXd& t, Index n, Seed seed, std::uint64_t lane) const {
  const stats::MixtureDensity start(from_), target(to_);
  MatrixXd points(dimension(), n);
  parallel_for(
      n,
      [&](std::int64_t i) {
        Stream random(seed, lane, static_cast<std::uint64_t>(i));
        const PathPoint path = interpolant_.at(t.size() == 1 ? t[0] : t[i]);
        const VectorXd x0 = start.draw(random), x1 = target.draw(random);
        for (Index j = 0; j < points.rows(); ++j)
          points(j, i) = path.alpha * x0[j] + path.beta * x1[j] + path.gamma * normal(random);
      },
      1024);
  return points;
}

}  // namespace lehr::diffusion
