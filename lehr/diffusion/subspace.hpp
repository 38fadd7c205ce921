// Sampling in fewer coordinates. Where a model's noise is a combination of the point itself and of r fixed directions Q,
//
//   eps(x, t) = alpha(x, t) x + Q beta(x, t),
//
// every plan without fresh noise keeps a point in the span of its start and of Q: x_t = Q u_t + w_t with w_t orthogonal to Q and only
// scaled on the way. So (u_t, |w_t|), r + 1 numbers, are all that has to be followed, and
//
//   x_0 = g x_T + Q (u_0 - g u_T),   g = |w_0| / |w_T|
//
// is the same end point up to rounding. A spherical mixture of K components is such a model with r = K, whatever the dimension d: an
// evaluation costs O(K^2) in place of O(K d).
#pragma once

#include <Eigen/Core>

#include "lehr/diffusion/score_model.hpp"

namespace lehr::diffusion {

struct Subspace {
  Eigen::MatrixXd basis;  // Q, d x r with orthonormal columns
  ScoreModel model;       // of (u, |w|), dimension r + 1
};

// Coordinates (u, |w|) of the points (d x n) in `coordinates` (rows x (r + 1), rows >= n; the rest repeats the last point).
// |w| is never 0, so that g exists.
void enter_subspace(const Subspace& subspace, const Eigen::Ref<const Eigen::MatrixXd>& points,
                    Lanes& coordinates);

// Turns the start points into the end points: `from` and `to` are their coordinates.
void leave_subspace(const Subspace& subspace, const Lanes& from, const Lanes& to,
                    Eigen::Ref<Eigen::MatrixXd> points);

}  // namespace lehr::diffusion
