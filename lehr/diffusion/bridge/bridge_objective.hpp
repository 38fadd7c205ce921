// The objective of light Schroedinger bridges and its gradient in closed form:
//
//   L(theta) = mean over x of log c(x) - mean over y of log v(y),   whose minimum over all v is the bridge (light_bridge.hpp)
//
// Parameters of K components in d dimensions, one vector:  eps log alpha (K) | r (d K) | spread.
// Spread, diagonal: log of the diagonal of S_k (d K). Full: S_k = L_k L_k', d * d numbers a component, column by column: the
// logarithms of L_k's diagonal, its lower triangle, zeros above, which stay zero.
//
// With the shares p_k(x) of c and q_k(y) of v (both sum to 1 over k), E the means over x and y,
//
//   d L / d log alpha_k = E p_k - E q_k
//   d L / d r_k         = E p_k x / eps - E q_k S_k^-1 (y - r_k) / eps
//   d L / d S_k         = E p_k x x' / (2 eps) - E q_k (S_k^-1 (y - r_k) (y - r_k)' S_k^-1 / eps - S_k^-1) / 2
//
// so one pass sums moments of the points under their shares (share_moments.hpp). Cost: O(n K d) diagonal; full: O(n K d^2) with half the
// products of a square, and O(K d^3) for the factors.
#pragma once

#include <Eigen/Core>

#include "lehr/diffusion/bridge/light_bridge.hpp"
#include "lehr/diffusion/bridge/share_moments.hpp"

namespace lehr::diffusion {

struct BridgeLayout {
  stats::CovarianceShape shape = stats::CovarianceShape::diagonal;
  Index dimension = 1, components = 1;

  Index spread_numbers() const {
    return shape == stats::CovarianceShape::full ? dimension * dimension : dimension;
  }
  Index size() const { return components * (1 + dimension + spread_numbers()); }
  auto weights(Eigen::VectorXd& values) const { return values.head(components); }
  auto weights(const Eigen::VectorXd& values) const { return values.head(components); }
  auto centres(Eigen::VectorXd& values) const {
    return values.segment(components, components * dimension).reshaped(dimension, components);
  }
  auto centres(const Eigen::VectorXd& values) const {
    return values.segment(components, components * dimension).reshaped(dimension, components);
  }
  auto spread(Eigen::VectorXd& values) const {
    return values.tail(components * spread_numbers()).reshaped(spread_numbers(), components);
  }
  auto spread(const Eigen::VectorXd& values) const {
    return values.tail(components * spread_numbers()).reshaped(spread_numbers(), components);
  }
};

// log alpha_k + (x'S_k x + 2 r_k'x) / (2 eps): the terms of c.
QuadraticTerms source_terms(const BridgeLayout& layout, const Eigen::VectorXd& parameters, double epsilon);

// The model that the parameters mean at this epsilon.
LightBridge bridge_of(const BridgeLayout& layout, const Eigen::VectorXd& parameters, double epsilon);
// ... and the other way round; S_k must be positive definite.
Eigen::VectorXd parameters_of(const LightBridge& model);

struct BridgeLoss {
  double log_c = 0, log_v = 0;  // means over the points
  double value() const { return log_c - log_v; }
};

// L of the points x and y (d x n, d x m), all of them or those picked; writes the gradient where one is wanted.
BridgeLoss bridge_loss(const BridgeLayout& layout, const Eigen::VectorXd& parameters, double epsilon,
                       const PickedPoints& x, const PickedPoints& y, Eigen::VectorXd* gradient = nullptr);
inline BridgeLoss bridge_loss(const BridgeLayout& layout, const Eigen::VectorXd& parameters, double epsilon,
                              const PointsRef& x, const PointsRef& y, Eigen::VectorXd* gradient = nullptr) {
  return bridge_loss(layout, parameters, epsilon, PickedPoints{x}, PickedPoints{y}, gradient);
}

// E q_k(y): what each component has of the target.
Eigen::VectorXd target_masses(const BridgeLayout& layout, const Eigen::VectorXd& parameters, double epsilon,
                              const PointsRef& y);

}  // namespace lehr::diffusion
