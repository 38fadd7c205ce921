#include "lehr/diffusion/bridge/bridge_objective.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/bridge/share_moments.hpp"
#include "lehr/linalg/dense.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using stats::CovarianceShape;

// The parameters with what both sides need of them: S_k and its inverse, diagonal or as L_k and L_k^-1.
struct Spreads {
  MatrixXd own;                         // diagonal: S, d x K
  MatrixXd inverse;                     // ... and 1 / S
  std::vector<MatrixXd> lower, whiten;  // full: L_k, L_k^-1
};

Spreads spreads_of(const BridgeLayout& layout, const VectorXd& parameters) {
  Spreads spreads;
  if (layout.shape != CovarianceShape::full) {
    spreads.own = layout.spread(parameters).array().exp();
    spreads.inverse = spreads.own.cwiseInverse();
    return spreads;
  }
  const Index d = layout.dimension;
  for (Index k = 0; k < layout.components; ++k) {
    MatrixXd lower = layout.spread(parameters).col(k).reshaped(d, d).triangularView<Eigen::Lower>();
    lower.diagonal() = lower.diagonal().array().exp();
    MatrixXd whiten = MatrixXd::Identity(d, d);
    lower.triangularView<Eigen::Lower>().solveInPlace(whiten);
    spreads.lower.push_back(std::move(lower)), spreads.whiten.push_back(std::move(whiten));
  }
  return spreads;
}

// z'A z / 2 as factors of the pairs a >= b: half the diagonal, the rest once.
void put_pairs(const MatrixXd& form, Eigen::Ref<VectorXd> factors) {
  Index at = 0;
  for (Index a = 0; a < form.rows(); ++a)
    for (Index b = 0; b <= a; ++b) factors[at++] = a == b ? 0.5 * form(a, a) : form(a, b);
}

// ... and the symmetric matrix of moments of pairs.
MatrixXd from_pairs(const Eigen::Ref<const VectorXd>& moments, Index d) {
  MatrixXd matrix(d, d);
  Index at = 0;
  for (Index a = 0; a < d; ++a)
    for (Index b = 0; b <= a; ++b) matrix(a, b) = matrix(b, a) = moments[at++];
  return matrix;
}

QuadraticTerms empty_terms(const BridgeLayout& layout, const VectorXd& parameters, double epsilon) {
  QuadraticTerms terms{.shape = layout.shape, .dimension = layout.dimension};
  terms.constant = layout.weights(parameters) / epsilon;
  terms.factors.resize(terms.features(), layout.components);
  return terms;
}

// log alpha_k + (x'S_k x + 2 r_k'x) / (2 eps)
QuadraticTerms source_terms(const BridgeLayout& layout, const VectorXd& parameters, const Spreads& spreads,
                            double epsilon) {
  QuadraticTerms terms = empty_terms(layout, parameters, epsilon);
  const Index d = layout.dimension;
  terms.factors.topRows(d) = layout.centres(parameters) / epsilon;
  if (layout.shape != CovarianceShape::full) {
    terms.factors.bottomRows(d) = spreads.own / (2 * epsilon);
    return terms;
  }
  for (Index k = 0; k < layout.components; ++k) {
    const MatrixXd& lower = spreads.lower[static_cast<std::size_t>(k)];
    put_pairs(lower * lower.transpose() / epsilon, terms.factors.col(k).tail(terms.features() - d));
  }
  return terms;
}

// log alpha_k + log N(y; r_k, eps S_k)
QuadraticTerms target_terms(const BridgeLayout& layout, const VectorXd& parameters, const Spreads& spreads,
                            double epsilon) {
  QuadraticTerms terms = empty_terms(layout, parameters, epsilon);
  const Index d = layout.dimension;
  const auto r = layout.centres(parameters);
  const double log_scale = 0.5 * static_cast<double>(d) * std::log(2 * M_PI * epsilon);
  if (layout.shape != CovarianceShape::full) {
    terms.factors.topRows(d) = r.cwiseProduct(spreads.inverse) / epsilon;
    terms.factors.bottomRows(d) = -0.5 / epsilon * spreads.inverse;
    const auto halves = layout.spread(parameters) + r.cwiseProduct(terms.factors.topRows(d));
    terms.constant -= 0.5 * halves.colwise().sum().transpose();
    terms.constant.array() -= log_scale;
    return terms;
  }
  for (Index k = 0; k < layout.components; ++k) {
    const MatrixXd& whiten = spreads.whiten[static_cast<std::size_t>(k)];
    const VectorXd white = whiten * r.col(k);
    terms.factors.col(k).head(d) = whiten.transpose() * white / epsilon;
    put_pairs(-(whiten.transpose() * whiten) / epsilon, terms.factors.col(k).tail(terms.features() - d));
    terms.constant[k] -= 0.5 * white.squaredNorm() / epsilon + log_scale -
                         whiten.diagonal().array().log().sum();  // = - log |L|
  }
  return terms;
}

// Both sides at once; `source` and `target` are 1 / points of the sides.
void put_diagonal_gradient(const BridgeLayout& layout, const VectorXd& parameters, const Spreads& spreads,
                           double epsilon, const ShareMoments& x, const ShareMoments& y, double source,
                           double target, VectorXd& gradient) {
  const Index d = layout.dimension;
  const double by_x = source / epsilon, by_y = target / epsilon;
  for (Index k = 0; k < layout.components; ++k) {
    const auto r = layout.centres(parameters).col(k).array();
    const auto s = spreads.own.col(k).array(), inverse = spreads.inverse.col(k).array();
    const auto first = y.features.col(k).head(d).array(), second = y.features.col(k).tail(d).array();
    const double mass = y.mass[k];
    layout.centres(gradient).col(k).array() =
        by_x * x.features.col(k).head(d).array() - by_y * (first - mass * r) * inverse;
    layout.spread(gradient).col(k).array() = 0.5 * by_x * s * x.features.col(k).tail(d).array() -
                                             0.5 * by_y * (second - r * (2 * first - mass * r)) * inverse +
                                             0.5 * target * mass;
  }
}

// In L: 2 (dL/dS) L of the source, and (I mass - L^-1 C L^-T / eps) of the target, C the moments about r, put through L^-T.
void put_full_gradient(const BridgeLayout& layout, const VectorXd& parameters, const Spreads& spreads,
                       double epsilon, const ShareMoments& x, const ShareMoments& y, double source,
                       double target, VectorXd& gradient) {
  const Index d = layout.dimension, pairs = d * (d + 1) / 2;
  for (Index k = 0; k < layout.components; ++k) {
    const MatrixXd &lower = spreads.lower[static_cast<std::size_t>(k)],
                   &whiten = spreads.whiten[static_cast<std::size_t>(k)];
    const VectorXd r = layout.centres(parameters).col(k), first = y.features.col(k).head(d);
    const VectorXd about = first - y.mass[k] * r;
    layout.centres(gradient).col(k) = source / epsilon * x.features.col(k).head(d) -
                                      target / epsilon * (whiten.transpose() * (whiten * about)).eval();
    MatrixXd moments = from_pairs(y.features.col(k).tail(pairs), d);
    moments -= first * r.transpose() + r * about.transpose();
    MatrixXd by_target = -(whiten * moments * whiten.transpose()) / epsilon;
    by_target.diagonal().array() += y.mass[k];
    MatrixXd by_lower = source / epsilon * (from_pairs(x.features.col(k).tail(pairs), d) * lower) +
                        target * (whiten.transpose() * by_target);
    by_lower.diagonal().array() *= lower.diagonal().array();
    layout.spread(gradient).col(k).reshaped(d, d) = by_lower.triangularView<Eigen::Lower>();
  }
}

}  // namespace

QuadraticTerms source_terms(const BridgeLayout& layout, const VectorXd& parameters, double epsilon) {
  return source_terms(layout, parameters, spreads_of(layout, parameters), epsilon);
}

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
                       const PickedPoints& x, const PickedPoints& y, VectorXd* gradient) {
  const Spreads spreads = spreads_of(layout, parameters);
  const QuadraticTerms terms[] = {source_terms(layout, parameters, spreads, epsilon),
                                  target_terms(layout, parameters, spreads, epsilon)};
  const ShareSide sides[] = {{terms[0], x}, {terms[1], y}};
  const std::vector<ShareMoments> moments = share_moments(sides, gradient != nullptr);
  const double source = 1 / static_cast<double>(x.count()), target = 1 / static_cast<double>(y.count());
  const BridgeLoss loss{source * moments[0].log_sum, target * moments[1].log_sum};
  if (gradient == nullptr) return loss;
  gradient->resize(layout.size());
  layout.weights(*gradient) = (source * moments[0].mass - target * moments[1].mass) / epsilon;
  const auto put = layout.shape == CovarianceShape::full ? put_full_gradient : put_diagonal_gradient;
  put(layout, parameters, spreads, epsilon, moments[0], moments[1], source, target, *gradient);
  return loss;
}

VectorXd target_masses(const BridgeLayout& layout, const VectorXd& parameters, double epsilon,
                       const PointsRef& y) {
  const Spreads spreads = spreads_of(layout, parameters);
  const QuadraticTerms terms = target_terms(layout, parameters, spreads, epsilon);
  const PickedPoints points{y};
  const ShareSide side{terms, points};
  return share_moments({&side, 1}, false).front().mass / static_cast<double>(y.cols());
}

}  // namespace lehr::diffusion
