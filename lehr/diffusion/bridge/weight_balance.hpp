// Weights of a bridge's components so that each gets as much of the source as it has of the target: Sinkhorn's update of the components,
//
//   log alpha_k += log(m_k / E p_k(x)),   p_k(x) = alpha_k e_k(x) / sum_j alpha_j e_j(x),   e_k(x) = exp((x'S_k x + 2 r_k'x) / (2 eps))
//
// along a falling epsilon. At one epsilon the exponentials are taken once, and updates are products with them; where weights have moved
// by e^20 they are taken anew (B. Schmitzer, "Stabilized sparse scaling algorithms", 2019). Cost: O(n K) per update.
#pragma once

#include "lehr/diffusion/bridge/bridge_objective.hpp"

namespace lehr::diffusion {

// Changes the weights of `parameters`; epsilon halves from `from` to `to`, and `masses` are the m_k.
void balance_weights(const BridgeLayout& layout, Eigen::VectorXd& parameters, double from, double to,
                     const Eigen::VectorXd& masses, const PointsRef& x);

}  // namespace lehr::diffusion
