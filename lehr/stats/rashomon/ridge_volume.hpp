// The Rashomon set of ridge regression in closed form.
//
//   J(w) = |y - X w|^2 + C |w|^2,   J(w) <= J(w^) + theta   <=>   (w - w^)' (X'X + C I) (w - w^) <= theta
//   V = theta^(p/2) pi^(p/2) / Gamma(p/2 + 1) prod_i (s_i^2 + C)^(-1/2),   s_i the singular values of X
//
// The volume depends on X, C, theta and p, not on y. Changing a feature's unit rescales it, so standardise X
// first. Cost O(n p^2 + p^3).
//
// Source: Semenova, Rudin and Parr (2022), theorem on ridge regression.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::stats {

struct RidgeSet {
  Eigen::VectorXd center;  // w^
  double loss = 0;         // J(w^)
  double theta = 0;
  Eigen::VectorXd eigenvalues;        // of X'X + C I, ascending
  Eigen::MatrixXd axes;               // its eigenvectors, a column each
  double log_volume = 0;              // ln V
  double shortest_semi_axis() const;  // sqrt(theta / (s_max^2 + C)): a ball of this radius fits into the set
  double longest_semi_axis() const;
  // How far the set reaches from its center along each coordinate.
  Eigen::VectorXd half_widths() const;
};

// `design` is n x p, `response` n. Throws InvalidInput for C < 0, theta <= 0, and C = 0 with a design that does not
// have full rank.
RidgeSet ridge_set(const Eigen::MatrixXd& design, const Eigen::VectorXd& response, double C, double theta);

// ln of the volume of the ball of radius r, and of the box [-h, h]^p.
double log_ball_volume(Eigen::Index p, double radius);
double log_box_volume(Eigen::Index p, double half_width);

// Weights drawn uniformly from the set.
std::vector<Eigen::VectorXd> ridge_members(const RidgeSet& set, std::int64_t count, Seed seed);

}  // namespace lehr::stats
