// Scores of a clustering.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace lehr::cluster {

// How many points have label a in one labelling and b in the other: numbers of labels of each, from 0.
Eigen::MatrixXd contingency(std::span<const int> a, std::span<const int> b);

// Adjusted Rand index of two labellings (L. Hubert and P. Arabie, 1985): the share of pairs on which they agree, shifted
// and scaled so that its expectation under random labels of the same sizes is 0 and equal partitions have 1. With
// n_ij = contingency, A = sum_i C(n_i., 2), B = sum_j C(n_.j, 2):
//   (sum_ij C(n_ij, 2) - A B / C(n, 2)) / ((A + B) / 2 - A B / C(n, 2))
// 1 where both are trivial in the same way. Labels are not negative. Throws InvalidInput for other lengths or none.
double adjusted_rand_index(std::span<const int> a, std::span<const int> b);

// Simplified silhouette (E. Hruschka, L. de Castro and R. Campello, 2004): (b - a) / max(a, b) with a the distance to the
// own centre, b to the nearest other one; 0 where there is one centre only. points d x n, centres d x k.
Eigen::VectorXd simplified_silhouette(const Eigen::MatrixXd& points, const Eigen::MatrixXd& centres,
                                      std::span<const int> labels);

// Share of the weight (all 1 where empty) whose two labels are equal.
double agreement(std::span<const int> a, std::span<const int> b, const Eigen::VectorXd& weights = {});

// 1 - H / log K with H the mean entropy of the posteriors (K x n; weights as above): 1 where all are certain, 0 where all
// are flat; 0 for K = 1.
double posterior_clarity(const Eigen::MatrixXd& posteriors, const Eigen::VectorXd& weights = {});

}  // namespace lehr::cluster
