// How far a fitted bridge is from a known one: the conditional Bures-Wasserstein distance
//
//   cBW2-UVP = 100 mean over x of BW^2(pi_fit(. | x), pi_true(. | x)) / (sum of the variances of p1 / 2)   in per cent
//
// BW^2 is the squared W2 distance of two normal laws with the means and covariances of the conditionals (quality.hpp), both closed
// form. A plan that gets the marginal p1 right and the coupling wrong is far off in it. Source: N. Gushchin et al., "Building the bridge
// of Schroedinger", 2023; arXiv:2310.01174, section 5.2. Cost: O(n (K d^2 + d^3)).
#pragma once

#include "lehr/diffusion/bridge/light_bridge.hpp"

namespace lehr::diffusion {

// A mean over points with its standard error.
struct ConditionalQuality {
  double uvp = 0, error = 0;  // per cent
};

// At the columns of x. Throws InvalidInput where dimensions differ.
ConditionalQuality conditional_uvp(const BridgePlan& fitted, const BridgePlan& truth, const PointsRef& x,
                                   double target_variance_sum);
// The same of the independent coupling, whose every conditional is p1 with these moments.
ConditionalQuality independent_uvp(const Moments& target, const BridgePlan& truth, const PointsRef& x,
                                   double target_variance_sum);

}  // namespace lehr::diffusion
